/** Files of TensorFlow Lite, packed and run in a real browser, against LiteRT.js on the same values: a line for each, then a summary. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pack } from 'pannier/pack';
import { launch } from '../browser.mjs';
import { modelFile } from '../models.mjs';
import { shrunken } from '../onnx-files/feeds.mjs';
import { answersOfPacked, errorOf, opsOf } from '../packed-files.mjs';
import { bundled } from '../tflite/bundled.mjs';
import { FILES } from './files.mjs';

/** The largest distance of a value, as a share of the largest magnitude in its output, but where a row allows another. */
const MAX_ERROR = 1e-4;

/**
 * @param {{ files?: readonly string[], print?: (line: string) => void }} options which ones, default all
 * @returns `passes`: each file is compiled, and holds on each target, and as its twin where there is one
 */
export async function run({ files = Object.keys(FILES), print = console.log } = {}) {
  const { withLiteRt } = await bundled('src/pack/checks/litert.ts');
  const { parseTflite, readTflite } = await bundled('src/formats/tflite/index.ts');
  const { openReference } = await bundled('src/engines/reference/interpreter.ts');
  const referenceOf = (model, file) => openReference(readTflite(model, undefined, file).graph);
  const browser = await launch();
  const rows = [];
  try {
    await withLiteRt('.', async (litert) => {
      for (const name of files) {
        rows.push({ name, ...(await hold({ browser, litert, parseTflite, referenceOf }, FILES[name])) });
        print(lineOf(rows.at(-1)));
      }
    });
  } finally {
    await browser.close();
  }
  const passes = rows.every(({ holds }) => holds);
  const compiled = rows.filter((row) => row.compiled).length;
  print(`\n${rows.filter(({ holds }) => holds).length} of ${rows.length} files hold, ${compiled} are compiled`);
  return { passes, compiled, rows };
}

async function hold({ browser, litert, parseTflite, referenceOf }, row) {
  const { file, image, webgpu, twin, maxError = MAX_ERROR, maxTwinError = MAX_ERROR } = row;
  const [height, width] = row.size;
  const folder = mkdtempSync(join(tmpdir(), 'pannier-'));
  try {
    const out = join(folder, 'file');
    const bytes = readFileSync(file);
    const model = parseTflite(bytes, file);
    const { tensors, inputs } = model.subgraphs[0];
    const input = tensors[inputs[0]].name;
    const { packMs, peakBytes } = packed(file, out, { [input]: { image } });
    const { default: manifest } = await import(pathToFileURL(join(out, 'model.js')).href);
    const data = Float32Array.from(shrunken(width, height), (byte) => byte * image.scale + image.offset);
    const values = [{ dtype: 'float32', shape: [1, height, width, 3], data }];
    const answers = await litert.run(file, { bytes, signature: undefined }, new Map([[input, values[0]]]));
    const wanted = [...answers.values()];
    const reference = referenceOf(model, file).run(new Map([[input, { ...values[0], dataType: 'float32' }]]));
    const targets = await answersOfPacked(browser, out, manifest, values, webgpu ? ['wasm', 'webgpu'] : ['wasm']);
    const all = { reference: [...reference.values()], ...targets };
    const errors = Object.fromEntries(Object.entries(all).map(([target, outputs]) => [target, errorOf(wanted, outputs)]));
    const twinError = twin && (await errorOfTwin(browser, join(folder, 'twin'), row, values, targets.wasm));
    const compiled = manifest.targets.compiled?.simd !== undefined;
    const holds = compiled && Object.values(errors).every((error) => error <= maxError) && !(twinError > maxTwinError);
    const { flops } = manifest;
    return { bytes: bytes.length, ...opsOf(out), flops, packMs, peakBytes, compiled, errors, ...(twin && { twinError }), holds };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Packs a file in a process of its own, which tells how long it took and how much memory it had at most. */
function packed(file, out, inputs) {
  const program = `
    import { pack } from 'pannier/pack';
    const [model, out, inputs] = process.argv.slice(1);
    const startMs = performance.now();
    await pack({ model, out, inputs: JSON.parse(inputs) });
    console.log(JSON.stringify({ packMs: Math.round(performance.now() - startMs), peakBytes: process.resourceUsage().maxRSS * 1024 }));`;
  const args = ['--input-type=module', '-e', program, file, out, JSON.stringify(inputs)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/**
 * The distance from the graph model of the same weights, on TF.js's cpu backend. Its outputs come in another order; of those with as
 * many values, the nearest counts.
 */
async function errorOfTwin(browser, out, { twin, image, twinLengths }, values, outputs) {
  const { manifest } = await pack({ model: modelFile(twin), out, inputs: { [inputOf(twin)]: { image } } });
  const { cpu } = await answersOfPacked(browser, out, manifest, values, ['cpu']);
  const counted = cpu.filter(({ data }) => twinLengths === undefined || twinLengths.includes(data.length));
  const errors = counted.map(({ data }) => {
    const candidates = outputs.filter((other) => other.data.length === data.length);
    return Math.min(...candidates.map((other) => errorOf([{ shape: other.shape, data }], [other])));
  });
  return Math.max(...errors);
}

/** The name of a graph model's only input. */
function inputOf(twin) {
  const { signature, modelTopology } = JSON.parse(readFileSync(modelFile(twin), 'utf8'));
  const [declared] = Object.values(signature?.inputs ?? {});
  return declared?.name ?? modelTopology.node.find(({ op }) => op === 'Placeholder').name;
}

function lineOf({ name, bytes, ops, packMs, peakBytes, compiled, errors, twinError, holds }) {
  const told = Object.entries({ ...errors, ...(twinError && { 'its twin': twinError }) }).map(
    ([target, error]) => `${target} ${error.toExponential(1)}`,
  );
  const size = `${(bytes / 1e6).toFixed(2)} MB, ${ops} ops`;
  return `${name.padEnd(18)} ${size}, packed in ${(packMs / 1000).toFixed(1)} s with ${Math.round(peakBytes / 2 ** 20)} MiB, ${compiled ? 'compiled' : 'not compiled'}; off: ${told.join(', ')}${holds ? '' : ' TOO FAR'}`;
}
