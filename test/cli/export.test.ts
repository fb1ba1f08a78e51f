/** `pannier export --to tfjs`: stock TF.js opens what was written, and answers as the packed model does. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { sizeOf, widened } from '../../src/base/dtype.js';
import { loadModel } from '../../src/index.js';
import { pack } from '../../src/pack/index.js';
import { saveLayers } from '../fixtures/layers.js';
import { LAYERS_MODELS } from '../fixtures/layers-models.js';
import { addModel, loopModel, realModel, scratch, twoInputModel, writeModel } from '../fixtures/models.js';
import { namedNodes } from '../fixtures/named-nodes.js';
import { pannierHere } from '../fixtures/terminal.js';

const folder = scratch();

/** A graph model as TF.js opens it: its JSON, and its weight files joined. */
async function openStock(path: string) {
  const { modelTopology, weightsManifest, signature, format } = JSON.parse(readFileSync(path, 'utf8'));
  const [{ paths, weights: weightSpecs }] = weightsManifest;
  const weightData = Uint8Array.from(Buffer.concat(paths.map((name: string) => readFileSync(join(dirname(path), name))))).buffer;
  return loadGraphModel({ load: async () => ({ modelTopology, weightSpecs, weightData, signature, format }) });
}

const exported = (model: string, out: string) => pannierHere(['export', model, '--to', 'tfjs', '--out', out]);

it.each([
  ['sums', () => writeModel(addModel(), join(folder, 'add')), {}],
  ['two inputs', () => writeModel(twoInputModel(), join(folder, 'two')), {}],
  ['a loop', () => writeModel(loopModel(), join(folder, 'loop')), {}],
  ['liveness', () => realModel('liveness'), {}],
  ['weights of float16', () => realModel('liveness'), { quantize: 'float16' }],
  ['weights of uint8', () => realModel('antispoof'), { quantize: 'uint8' }],
  ['layers', () => saveLayers(LAYERS_MODELS['a dense classifier']!().model, join(folder, 'layers')), {}],
] as const)('%s', async (name, source, options) => {
  const { manifest, out } = await pack({ model: await source(), out: join(folder, `${name} packed`), ...options });
  const target = join(folder, `${name} exported`);
  const { status, stdout, stderr } = await exported(out, target);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/ exported: .*model\.json and weights\.bin, [\d.]+ kB|MB\n$/);
  expect(readdirSync(target).sort()).toEqual(['model.json', 'weights.bin']);

  const named = namedNodes(manifest);
  const given = Object.entries(manifest.signature.inputs).map(([input, { dtype, shape }]) => {
    const dims = (shape ?? []).map((dim) => dim ?? 1);
    const values = Array.from({ length: sizeOf(dims) }, (_, index) => (dtype === 'int32' ? index % 7 : (index % 100) / 100));
    return {
      input,
      node: named.inputs[input] as string,
      dims,
      dtype,
      data: dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values),
    };
  });
  using model = await loadModel(manifest, { backend: 'cpu' });
  const { outputs } = await model.predict(Object.fromEntries(given.map(({ input, data, dims: shape }) => [input, { data, shape }])));

  const stock = await openStock(join(target, 'model.json'));
  const feeds = Object.fromEntries(given.map(({ node, data, dims, dtype }) => [node, tensor(data, dims, widened(dtype))]));
  const names = Object.keys(manifest.signature.outputs);
  const nodes = names.map((name) => named.outputs[name] as string);
  const answered = [manifest.controlFlow ? await stock.executeAsync(feeds, nodes) : stock.execute(feeds, nodes)].flat() as Tensor[];
  for (const [index, each] of answered.entries()) {
    const output = outputs[names[index] as string];
    expect([each.shape, [...each.dataSync()]]).toEqual([output?.shape, [...(output?.data ?? [])]]);
  }
  expect(answered).toHaveLength(names.length);
});

it('packs a model file on the way, and what it wrote can be packed', async () => {
  const source = writeModel(addModel(), join(folder, 'source'));
  const target = join(folder, 'from a file');
  expect(await exported(source, target)).toMatchObject({ status: 0, stderr: '' });
  const first = (await pack({ model: source, out: join(folder, 'first') })).manifest;
  const again = (await pack({ model: join(target, 'model.json'), out: join(folder, 'again') })).manifest;
  expect(again.signature).toEqual(first.signature);
  expect(again.weights.map(({ sha256 }) => sha256)).toEqual(first.weights.map(({ sha256 }) => sha256));
  // A second time, over its own files.
  const before = readFileSync(join(target, 'model.json'), 'utf8');
  expect(await exported(source, target)).toMatchObject({ status: 0 });
  expect(readFileSync(join(target, 'model.json'), 'utf8')).toBe(before);
});

it('leaves a model of someone else alone', async () => {
  const source = writeModel(addModel(), join(folder, 'original'));
  const before = readdirSync(dirname(source)).map((name) => [name, statSync(join(dirname(source), name)).mtimeMs]);
  const { status, stderr } = await exported(source, dirname(source));
  expect(status).toBe(1);
  expect(stderr).toMatch(/^pannier: \S+original holds a model\.json that pannier export did not write\. Choose another folder/);
  expect(readdirSync(dirname(source)).map((name) => [name, statSync(join(dirname(source), name)).mtimeMs])).toEqual(before);
});

it('refuses a packed folder with a file that is not as it was packed', async () => {
  const { out, manifest } = await pack({ model: writeModel(addModel(), join(folder, 'whole')), out: join(folder, 'changed') });
  const shard = manifest.weights[0]!.name;
  writeFileSync(join(out, shard), new Uint8Array(16));
  const target = join(folder, 'never');
  expect((await exported(out, target)).stderr).toMatch(
    new RegExp(`^pannier: ${shard} of the packed model is not as it was packed\\. Pack it again\\.`),
  );
  expect(existsSync(target)).toBe(false);
});

it('says why nothing could be written', async () => {
  const file = join(folder, 'a file');
  writeFileSync(file, '');
  const source = writeModel(addModel(), join(folder, 'writable'));
  expect((await exported(source, file)).stderr).toMatch(
    new RegExp(`^pannier: \\S*${basename(file).replace(' ', '.')} cannot be written: EEXIST`),
  );
  mkdirSync(join(folder, 'taken/model.json'), { recursive: true });
  expect((await exported(source, join(folder, 'taken'))).stderr).toMatch(/taken cannot be written: /);
});
