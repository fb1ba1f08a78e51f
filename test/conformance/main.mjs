/**
 * `npm run conformance`: all models on wasm, written as evidence. `npm run conformance -- NAME… [--webgpu NAME,…]`
 * runs some, and writes nothing. `npm run conformance -- onnx [NAME…]` holds the reader of ONNX models to ONNX's own tests, and
 * `npm run conformance -- onnx-files [NAME…]` files of ONNX to onnxruntime-web; without names, that is written as evidence, too.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ options: { webgpu: { type: 'string' } }, allowPositionals: true });
if (positionals[0] === 'onnx') {
  const { runOnnx } = await import('./onnx/run.mjs');
  process.exitCode = await runOnnx(positionals.slice(1));
} else if (positionals[0] === 'onnx-files' && positionals.length > 1) {
  const { run } = await import('./onnx-files/run.mjs');
  process.exitCode = (await run({ files: positionals.slice(1) })).passes ? 0 : 1;
} else if (positionals[0] === 'onnx-files' || (positionals.length === 0 && values.webgpu === undefined)) {
  const evidence = fileURLToPath(new URL('../evidence/run.mjs', import.meta.url));
  const [name = 'conformance'] = positionals;
  process.exitCode = spawnSync(process.execPath, [evidence, name], { stdio: 'inherit' }).status ?? 1;
} else {
  const { run } = await import('./run.mjs');
  const webgpu = values.webgpu?.split(',') ?? [];
  const { passes } = await run({ models: [...new Set([...positionals, ...webgpu])], webgpu });
  process.exitCode = passes ? 0 : 1;
}
