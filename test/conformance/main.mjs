/**
 * `npm run conformance`: all models on wasm, written as evidence. `npm run conformance -- NAME… [--webgpu NAME,…]`
 * runs some, and writes nothing. `npm run conformance -- onnx [NAME…]` holds the reader of ONNX models to ONNX's own tests, and
 * `npm run conformance -- onnx-files [NAME…]` files of ONNX to onnxruntime-web. `npm run conformance -- tflite [NAME…]` holds the reader
 * of TensorFlow Lite's models to LiteRT.js on small files, and `tflite-files` on files of people. Without names, they are written as
 * evidence, too. `npm run conformance -- --engine compiled [NAME…]` compiles all of them in Node, and holds the modules to the
 * reference.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Lines of files of people, which are run by their names. */
const FILES = ['onnx-files', 'tflite-files'];

const options = { webgpu: { type: 'string' }, engine: { type: 'string' } };
const { values, positionals } = parseArgs({ options, allowPositionals: true });
if (values.engine !== undefined && values.engine !== 'compiled') {
  console.error(`--engine ${values.engine}: only compiled models have a conformance run of their own.`);
  process.exitCode = 1;
} else if (values.engine === 'compiled' && positionals.length > 0) {
  const { run } = await import('./compiled/run.mjs');
  process.exitCode = (await run(...positionals)).passes ? 0 : 1;
} else if (values.engine === 'compiled') {
  process.exitCode = writeEvidence('compiled-models');
} else if (positionals[0] === 'onnx') {
  const { runOnnx } = await import('./onnx/run.mjs');
  process.exitCode = await runOnnx(positionals.slice(1));
} else if (positionals[0] === 'tflite' && positionals.length > 1) {
  const { run } = await import('./tflite/run.mjs');
  process.exitCode = (await run(positionals.slice(1))).passes ? 0 : 1;
} else if (FILES.includes(positionals[0]) && positionals.length > 1) {
  const { run } = await import(`./${positionals[0]}/run.mjs`);
  process.exitCode = (await run({ files: positionals.slice(1) })).passes ? 0 : 1;
} else if (positionals[0] === 'tflite' || FILES.includes(positionals[0]) || (positionals.length === 0 && values.webgpu === undefined)) {
  process.exitCode = writeEvidence(positionals[0] ?? 'conformance');
} else {
  const { run } = await import('./run.mjs');
  const webgpu = values.webgpu?.split(',') ?? [];
  const { passes } = await run({ models: [...new Set([...positionals, ...webgpu])], webgpu });
  process.exitCode = passes ? 0 : 1;
}

/** Runs all models, and keeps the result. @returns the exit code */
function writeEvidence(name) {
  const evidence = fileURLToPath(new URL('../evidence/run.mjs', import.meta.url));
  return spawnSync(process.execPath, [evidence, name], { stdio: 'inherit' }).status ?? 1;
}
