/** What packing makes of good models: names, pictures, shards, the same bytes every time. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allAssetsOf } from '../../src/manifest/assets.js';
import { checkDetails } from '../../src/manifest/details.js';
import { readManifest } from '../../src/manifest/manifest.js';
import { type PackOptions, pack } from '../../src/pack/index.js';
import { cutShards, MAX_SHARD_BYTES } from '../../src/pack/out/shards.js';
import { addModel, loopModel, type RawModel, realModel, scratch, twoInputModel, writeModel } from '../fixtures/models.js';

const folder = scratch();
let count = 0;
const options = (model: RawModel | string, more: Partial<PackOptions> = {}): PackOptions => {
  const place = join(folder, `case-${count++}`);
  return { model: typeof model === 'string' ? realModel(model) : writeModel(model, place), out: join(place, 'out'), ...more };
};
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('signatures', () => {
  it('gives friendly names', async () => {
    const { manifest } = await pack(options(addModel()));
    expect(manifest.signature).toEqual({
      inputs: { x: { dtype: 'float32', shape: [1, 4] } },
      outputs: { sumY: { dtype: 'float32', shape: [1, 4] } },
    });
  });
  it('takes names from options, by node, key or default name', async () => {
    const inputs = { a: { name: 'left' }, second: { name: 'right-hand' } };
    const { manifest, warnings } = await pack(options(twoInputModel(), { inputs, outputs: { 'total:0': { name: 'sum' } } }));
    expect(manifest.signature.inputs).toMatchObject({ left: { shape: [null, 3] }, 'right-hand': { dtype: 'int32' } });
    expect(Object.keys(manifest.signature.outputs)).toEqual(['sum', 'zero']);
    expect(manifest.golden.samples[0].inputs['left']?.shape).toEqual([1, 3]);
    expect(warnings).toEqual([
      expect.stringContaining('Output "zero" tells little about a backend: it is 0 everywhere in both golden samples.'),
    ]);
  });
  it("finds weights as model.save('downloads://…') names them", async () => {
    const model = addModel();
    const plain = await pack(options(model));
    Object.assign(model.json.weightsManifest[0] as object, { paths: ['./w.bin'] });
    const { manifest } = await pack(options(model));
    expect(manifest.weights.map(({ sha256 }) => sha256)).toEqual(plain.manifest.weights.map(({ sha256 }) => sha256));
  });
  it('finds inputs and outputs without a signature', async () => {
    const model = twoInputModel();
    delete model.json.signature;
    const { manifest } = await pack(options(model));
    expect(Object.keys(manifest.signature.inputs)).toEqual(['a', 'b']);
    expect(manifest.signature.outputs).toMatchObject({ total: { dtype: 'float32', shape: [null, 3] } });
  });
  it('names a node without the index that says nothing', async () => {
    const model = twoInputModel();
    const text = JSON.stringify(model.json.signature);
    model.json.signature = JSON.parse(text.replace('"total":', '"Identity:0":').replace('"first":', '"input_1:0":'));
    await expect(pack({ ...options(model), inputs: { c: {} } })).rejects.toThrow('names "c"; the model has "input_1", "second".');
    for (const written of ['Identity', 'Identity:0', 'identity'])
      await expect(pack({ ...options(model), outputs: { [written]: { labels: ['a'], values: 'logits' } } })).rejects.toThrow(
        `outputs["${written}"].labels has 1 labels, but the last axis of [?, 3] has 3 values. Give one label per class, in the order of training.`,
      );
  });
  it.each<[string, Partial<PackOptions>, RegExp]>([
    ['one name for two', { inputs: { a: { name: 'x' }, b: { name: 'x' } } }, /Both "first" and "second" would be called "x"/],
    ['an input that is not there', { inputs: { c: {} } }, /Option inputs names "c"; the model has "first", "second"\. \(/],
    ['a misspelt input', { inputs: { frist: {} } }, /Option inputs names "frist"; the model has "first", "second"\. Is first meant\?/],
    ['a shape that does not fit', { inputs: { a: { shape: [1, 4] } } }, /shape is \[1, 4\], but input "first" is \[\?, 3\]/],
    ['a picture that is none', { inputs: { a: { image: {} } } }, /input "first" is float32 \[\?, 3\], no batch of one picture/],
    ['labels without their kind', { outputs: { total: { labels: ['a', 'b', 'c'] } } }, /say also whether its values are/],
    [
      'too few labels',
      { outputs: { total: { labels: ['a'], values: 'logits' } } },
      /Option outputs\["total"\]\.labels has 1 labels, but the last axis of \[\?, 3\] has 3 values\. Give one label per class/,
    ],
    [
      'a million labels',
      { outputs: { total: { labels: Array(1e6).fill('a'), values: 'logits' } } },
      /labels should be an array of 1 to 100000 texts, but is an array of 1000000/,
    ],
    ['an unknown option', { colour: 'red' } as never, /pack has no option "colour"/],
    ['a reserved name', { inputs: { a: { name: '__proto__' } } }, /name should be .*, but is "__proto__"/],
    [
      'a large golden picture',
      { goldenPicture: new URL('../../node_modules/pngjs/package.json', import.meta.url).pathname },
      /golden picture/,
    ],
  ])('refuses %s', async (_what, more, message) => {
    await expect(pack(options(twoInputModel(), more))).rejects.toMatchObject({ code: 'options', message: expect.stringMatching(message) });
  });
  it('asks for open sizes', async () => {
    await expect(pack(options('faceboxes'))).rejects.toMatchObject({
      code: 'options',
      message: expect.stringContaining('--shape image_tensor=1,256,256,3'),
    });
    await expect(pack(options('rvm'))).rejects.toMatchObject({ code: 'options', message: expect.stringContaining('has open sizes') });
  });
});

describe('pictures', () => {
  it('are certain for int32', async () => {
    const { manifest, warnings } = await pack(options('movenet-lightning'));
    expect(manifest.signature.inputs['input']?.image).toEqual({
      ...{ width: 192, height: 192, fit: 'stretch', filter: 'bilinear', channels: 'rgb', layout: 'nhwc' },
      ...{ scale: [1, 1, 1], offset: [0, 0, 0] },
    });
    expect(warnings).toEqual([]);
    expect(manifest.flops).toBeGreaterThan(500e6);
    expect(manifest.flops).toBeLessThan(600e6);
    expect(manifest.targets.tfjs.refused).toEqual({});
  });
  it('are a guess for float32, and a warning says so', async () => {
    const { manifest, warnings } = await pack(options('emotion'));
    expect(manifest.signature.inputs['input1']?.image).toMatchObject({ channels: 'gray', scale: [1 / 255], offset: [0] });
    expect(warnings).toEqual([expect.stringMatching(/values from 0 to 1, which is a guess.*inputs: { 'input_1'/)]);
  });
  it('are as the options say', async () => {
    const image = { fit: 'contain', background: 114, filter: 'area', channels: 'bgr', scale: 1 / 127.5, offset: [-1, -1, -0.5] } as const;
    const { manifest, warnings } = await pack(options('liveness', { inputs: { conv2d_1_input: { image } } }));
    expect(manifest.signature.inputs['conv2d1Input']?.image).toMatchObject({ ...image, scale: Array(3).fill(1 / 127.5) });
    expect(warnings).toEqual([]);
  });
});

describe('control flow', () => {
  it('is seen in loops', async () => {
    const { manifest } = await pack(options(loopModel()));
    expect(manifest).toMatchObject({ controlFlow: true, golden: { truth: 'tfjs-cpu' }, ops: { StatelessWhile: 1 } });
    expect(manifest.golden.samples.map(({ outputs }) => outputs['y']?.shape)).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
  it('opens the sizes that data decides', async () => {
    const inputs = { image_tensor: { image: { width: 128, height: 128 } } };
    const { manifest } = await pack(options('faceboxes', { inputs }));
    expect(manifest.controlFlow).toBe(true);
    expect(manifest.signature.outputs['boxes']?.shape).toEqual([null, null, null]);
  });
});

describe('shards', () => {
  it('are cut between tensors where they fit, whatever a tensor is beyond a shard', () => {
    const sizes = [1_500_000, 1_000_000, 5_000_000, 10];
    const shards = cutShards(sizes.map((bytes, index) => ({ name: `w${index}`, bytes: new Uint8Array(bytes) })));
    expect(shards.map(({ bytes }) => bytes.length)).toEqual([
      1_500_000,
      1_000_000,
      MAX_SHARD_BYTES,
      MAX_SHARD_BYTES,
      5_000_010 - 2 * MAX_SHARD_BYTES,
    ]);
  });
  it('are one file where they are equal', async () => {
    const model = addModel([1, 2 ** 20], new Float32Array(2 ** 20).fill(0.5));
    const { manifest, files } = await pack(options(model));
    expect(manifest.weights).toHaveLength(2);
    expect(files.filter((name) => name.startsWith('weights-'))).toHaveLength(1);
  });
});

describe('the packed folder', () => {
  it('has exactly the files that the manifest names, byte for byte', async () => {
    const { manifest, out, files, bytes } = await pack(options('selfie'));
    checkDetails(readManifest(manifest));
    expect(readdirSync(out).sort()).toEqual([...files, 'packed-from.json'].sort());
    const assets = [manifest.graph, ...allAssetsOf(manifest)];
    expect(files).toEqual([...assets.map(({ name }) => name), 'model.d.ts', 'model.js'].sort());
    for (const asset of assets) {
      const content = readFileSync(join(out, asset.name));
      expect([content.length, sha256(content)]).toEqual([asset.bytes, asset.sha256]);
    }
    const { compiled, tfjs } = manifest.targets;
    const sizes = [compiled?.simd, compiled?.relaxed, tfjs.graph].map((asset) => asset?.bytes ?? 0).sort((a, b) => b - a);
    const unused = [manifest.graph.bytes, ...sizes.slice(1)].reduce((sum, each) => sum + each, 0);
    expect(files.reduce((sum, name) => sum + readFileSync(join(out, name)).length, 0)).toBe(bytes + unused);
  });
  const AGED = { packedAt: '2026-01-01', staleAfterDays: 90.5 };
  it('exports the manifest, with addresses beside it', async () => {
    const { manifest, out } = await pack(options(addModel(), { license: 'MIT', source: 'https://example.org', ...AGED }));
    const exported = (await import(join(out, 'model.js'))).default;
    expect(JSON.stringify(exported)).toBe(JSON.stringify(manifest));
    expect(exported.targets.tfjs.graph.url()).toBe(manifest.targets.tfjs.graph.url());
    expect(manifest).toMatchObject({ name: `case-${count - 1}`, version: '0', license: 'MIT', ...AGED });
  });
  it('has another hash when anything is another', async () => {
    const hashes = await Promise.all(
      [{}, { version: '1' }, { license: 'MIT' }, { inputs: { x: { name: 'z' } } }, AGED, { ...AGED, staleAfterDays: 9 }].map(
        async (more) => (await pack({ ...options(addModel()), name: 'm', ...more })).manifest.hash,
      ),
    );
    expect(new Set(hashes).size).toBe(6);
  });
  it('packs again into the same file of TF.js and the same shards from that file', async () => {
    const first = await pack(options('liveness', { name: 'm' }));
    const second = await pack({ model: join(first.out, first.manifest.targets.tfjs.graph.name), out: join(folder, 'again'), name: 'm' });
    // The golden samples are what the file's graph answers: here the one that passes have rounded.
    const written = ({ manifest: { targets, weights } }: typeof first) => [targets.tfjs.graph, ...weights].map(({ sha256 }) => sha256);
    expect(written(second)).toEqual(written(first));
  });
});
