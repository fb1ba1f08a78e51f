/**
 * What a model is fed and what its original graph answers on the cpu backend. Both take minutes for all
 * models, so they are kept in `.cache/conformance`, under everything that they depend on.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { pack } from 'pannier/pack';
import { PNG } from 'pngjs';
import { randomFrom } from '../fixtures/random.mjs';
import { modelFile, OPTIONS, RANGES } from './models.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(root, '.cache/conformance');

/** The array class of each dtype. */
const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array, uint8: Uint8Array, int8: Int8Array };

/** Where the random values begin; part of a reference's name. */
const SEED = 1;

const photo = PNG.sync.read(readFileSync(join(root, 'test/fixtures/astronaut.png')));

const digest = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 16);
};

/** All that decides what packing writes: a packer that changed packs anew. */
const packer = digest(
  ...readdirSync(join(root, 'dist'))
    .filter((name) => /^(pack|node-.*)\.js$/.test(name))
    .sort()
    .map((name) => readFileSync(join(root, 'dist', name))),
);

/** All that decides what the cpu backend answers: its worker, TF.js in it, and what the page does before and after. */
const runner = digest(
  readFileSync(join(root, 'dist/worker/cpu.js')),
  ...readdirSync(join(root, 'dist'))
    .filter((name) => /^(index|page-.*)\.js$/.test(name))
    .sort()
    .map((name) => readFileSync(join(root, 'dist', name))),
);

/**
 * One model, packed.
 * @returns its folder, and what `model.js` exports
 */
export async function packed(name) {
  const file = modelFile(name);
  const { weightsManifest } = JSON.parse(readFileSync(file, 'utf8'));
  const shards = weightsManifest.flatMap(({ paths }) => paths).map((path) => readFileSync(join(dirname(file), path)));
  const options = OPTIONS[name] ?? {};
  const folder = join(cache, `${name}-${digest(packer, JSON.stringify(options), readFileSync(file), ...shards)}`);
  if (!existsSync(join(folder, 'model.js'))) await pack({ ...options, model: file, out: folder, name });
  return { folder, source: (await import(pathToFileURL(join(folder, 'model.js')))).default };
}

/** What each input is fed: the photograph where it takes a picture, else seeded values in the range of `RANGES`. */
export function inputsOf(name, { signature, golden }) {
  return Object.entries(signature.inputs).map(([input, { dtype, image }], index) => {
    if (image !== undefined) return { input, kind: 'picture', width: photo.width, height: photo.height, data: photo.data };
    const [low, high] = RANGES[name]?.[input] ?? [0, dtype === 'float32' ? 1 : 2];
    const { shape } = golden.samples[0].inputs[input];
    const random = randomFrom(SEED + index);
    const values = Float64Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => low + random() * (high - low));
    const data = ARRAYS[dtype].from(values);
    return { input, kind: 'values', dtype, shape, data };
  });
}

/**
 * The cpu backend's answer: for each output its dtype, shape and values.
 * @param ask gets that answer as `browser.mjs` gives it, where it is not known
 */
export async function reference(name, source, feeds, ask) {
  const { signature, targets, weights } = source;
  const model = [runner, JSON.stringify(signature), targets.tfjs.graph.sha256, ...weights.map(({ sha256 }) => sha256)];
  const file = join(cache, 'references', `${name}-${digest(...model, ...feeds.flatMap(({ input, data }) => [input, data]))}.json`);
  if (!existsSync(file)) {
    const outputs = await ask();
    mkdirSync(dirname(file), { recursive: true });
    // Whole or not at all: the next run believes what it finds.
    writeFileSync(`${file}.part`, JSON.stringify(outputs));
    renameSync(`${file}.part`, file);
  }
  return decode(JSON.parse(readFileSync(file, 'utf8')));
}

/** Outputs whose values came as base64. */
export function decode(outputs) {
  const values = (dtype, text) => new ARRAYS[dtype](Uint8Array.from(Buffer.from(text, 'base64')).buffer);
  return Object.fromEntries(
    Object.entries(outputs).map(([output, { dtype, shape, data }]) => [output, { dtype, shape, data: values(dtype, data) }]),
  );
}
