/** Files of ONNX, packed and run in a real browser, against onnxruntime-web on the same values: a line for each, then a summary. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as runtime from 'onnxruntime-web';
import { pack } from 'pannier/pack';
import { launch } from '../browser.mjs';
import { modelFile } from '../models.mjs';
import { answersOfPacked, errorOf, opsOf } from '../packed-files.mjs';
import { FILES } from './files.mjs';

/** The largest distance of a value, as a share of the largest magnitude in its output. */
const MAX_ERROR = 1e-4;

/** The level of onnxruntime's log at which it is silent about weights that no node uses. */
const ERROR = 3;

/**
 * @param {{ files?: readonly string[], print?: (line: string) => void }} options which ones, default all
 * @returns `passes`: each file holds on each target, and as its twin where there is one
 */
export async function run({ files = Object.keys(FILES), print = console.log } = {}) {
  const browser = await launch();
  const rows = [];
  try {
    for (const name of files) {
      rows.push({ name, ...(await hold(browser, FILES[name])) });
      print(lineOf(rows.at(-1)));
    }
  } finally {
    await browser.close();
  }
  const passes = rows.every(({ holds }) => holds);
  print(`\n${rows.filter(({ holds }) => holds).length} of ${rows.length} files hold within ${MAX_ERROR}`);
  return { passes, rows };
}

async function hold(browser, { file, inputs, feed, webgpu, twin }) {
  const out = mkdtempSync(join(tmpdir(), 'pannier-'));
  const bytes = statSync(file).size;
  try {
    const startMs = performance.now();
    const { manifest, bytes: packedBytes } = await pack({ model: file, out: join(out, 'file'), inputs });
    const packMs = Math.round(performance.now() - startMs);
    const values = await Promise.all(feed.map((make) => make(browser)));
    const wanted = await answersOfRuntime(file, values, inputs);
    const targets = await answersOfPacked(browser, join(out, 'file'), manifest, values, webgpu ? ['wasm', 'webgpu'] : ['wasm']);
    const errors = Object.fromEntries(Object.entries(targets).map(([target, outputs]) => [target, errorOf(wanted, outputs)]));
    if (twin !== undefined) errors[`twin ${twin}`] = await errorOfTwin(browser, join(out, 'twin'), twin, inputs, values, targets.wasm);
    const holds = Object.values(errors).every((error) => error <= MAX_ERROR);
    return { bytes, packedBytes, ...opsOf(join(out, 'file')), packMs, errors, holds };
  } finally {
    rmSync(out, { recursive: true });
  }
}

/** The outputs of the file in the order in which the file has them. Inputs that are packed as constants get these from the options. */
async function answersOfRuntime(file, values, options) {
  const session = await runtime.InferenceSession.create(readFileSync(file), { executionProviders: ['wasm'], logSeverityLevel: ERROR });
  const left = values.values();
  const feeds = session.inputNames.map((name) => [name, tensorOf(constantOf(options[name]) ?? left.next().value)]);
  const outputs = await session.run(Object.fromEntries(feeds));
  const answers = session.outputNames.map((name) => ({ shape: outputs[name].dims, data: outputs[name].data.slice() }));
  await session.release();
  return answers;
}

/** The values of an input that is a constant, one whole number in these files. */
const constantOf = ({ constant } = {}) => constant && { dtype: 'int32', shape: [], data: Int32Array.of(constant) };

/** Whole numbers are int64 in these files. */
const tensorOf = ({ dtype, shape, data }) =>
  dtype === 'int32' ? new runtime.Tensor('int64', BigInt64Array.from(data, BigInt), shape) : new runtime.Tensor(dtype, data, shape);

/** The distance from the graph model of the same weights, on TF.js's cpu backend. Its outputs come in another order, and no two have the same shape. */
async function errorOfTwin(browser, out, twin, options, values, outputs) {
  const [image] = Object.values(options);
  const { manifest } = await pack({ model: modelFile(twin), out, inputs: { 'input:0': image } });
  const { cpu } = await answersOfPacked(browser, out, manifest, values, ['cpu']);
  const ofShape = ({ shape }) => cpu.find((other) => other.shape.join() === shape.join());
  return errorOf(outputs.map(ofShape), outputs);
}

function lineOf({ name, bytes, packedBytes, ops, transposes, packMs, errors }) {
  const megabytes = (value) => `${(value / 1e6).toFixed(2)} MB`;
  const told = Object.entries(errors).map(([target, error]) => `${target} ${error.toExponential(1)}`);
  return `${name.padEnd(16)} ${megabytes(bytes).padStart(8)}, packed ${megabytes(packedBytes)} in ${packMs} ms, ${ops} ops, ${transposes} of them transposes; off by ${told.join(', ')}`;
}
