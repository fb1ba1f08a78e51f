/** Buckets from the config to the answer: refused one by one, outputs that follow found, padding that shows told. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { loadModel } from '../../src/index.js';
import { type InputOptions, type PadOptions, pack } from '../../src/pack/index.js';
import { addModel, constant, op, type RawModel, scratch, tabularModel, tokensModel, writeModel } from '../fixtures/models.js';

const folder = scratch();
let count = 0;
const packed = (raw: RawModel, inputs: Record<string, InputOptions>) => {
  const at = join(folder, String(count++));
  return pack({ model: writeModel(raw, join(at, 'raw')), out: join(at, 'out'), name: 'text', inputs });
};
const both = (pad: PadOptions) => ({ ids: { pad }, mask: { pad } });

const wasmUrl = new URL(`../../node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`, import.meta.url).href;
const assetUrl = (name: string, url: string) => (name === WASM_BINARY.name ? wasmUrl : url);

describe('packing', () => {
  it('finds the axes that follow, samples the smallest bucket, and leaves sizes open', async () => {
    const { manifest, warnings, out } = await packed(tokensModel(), both({ to: [4, 8, 16] }));
    expect(warnings).toEqual([]);
    const { inputs, outputs } = manifest.signature;
    expect(inputs).toMatchObject({
      ids: { shape: [null, null], pad: { to: [4, 8, 16], axis: 1, value: 0 } },
      mask: { shape: [null, null] },
    });
    expect(Object.entries(outputs).map(([name, { shape, lengthAxes }]) => [name, shape, lengthAxes])).toEqual([
      ['tokens', [null, null, 2], [1]],
      ['pairs', [null, null, null], [1, 2]],
      ['pooled', [null, 2], undefined],
    ]);
    expect(manifest.golden.samples[0].inputs).toMatchObject({ ids: { shape: [1, 4] }, mask: { shape: [1, 4] } });
    const types = readFileSync(join(out, 'model.d.ts'), 'utf8');
    expect(types).toContain(
      "/** int32 [?, ?]; axis 1 takes at most 16 */\n  readonly ids: Shaped<'int32', readonly [batch: number, size: number]>;",
    );
    expect(types).toContain("readonly tokens: Tensor<'float32', readonly [batch: number, size: number, 2]>;");
  });

  it('samples the bucket that `shape` says', async () => {
    const shape = [2, 8];
    const pad = { to: [4, 8] };
    const { manifest } = await packed(tokensModel(), { ids: { pad, shape }, mask: { pad, shape } });
    expect(manifest.golden.samples[0].inputs).toMatchObject({ ids: { shape }, mask: { shape } });
    expect(manifest.signature.outputs['tokens']?.lengthAxes).toEqual([1]);
  });

  it.each([[[4]], [[2]], [[1, 2]], [[5, 6, 7]]])('finds them with buckets of %j too', async (to) => {
    const { manifest, warnings } = await packed(tokensModel(), both({ to }));
    expect([warnings, manifest.signature.outputs['pairs']?.lengthAxes]).toEqual([[], [1, 2]]);
  });

  it('warns where the padding shows, and where it cannot be cut', async () => {
    const { manifest, warnings } = await packed(tokensModel(['tokens', 'mean', 'halves']), both({ to: [4, 8] }));
    expect(warnings).toEqual([
      'Axis 1 of output "halves" has 2, 4, 2 values for lengths of 4, 8, 3: it is not cut back, and holds what the padding gave.',
      expect.stringMatching(/^Output "mean" depends on the padding: filled up from 3 to 4, 100\.0 % .* Let the graph take a mask/),
    ]);
    expect(manifest.signature.outputs['halves']).not.toHaveProperty('lengthAxes');
  });

  it('takes a graph that runs at even lengths only, and says what it could not see', async () => {
    const even = (): RawModel => {
      const model = tokensModel(['tokens']);
      model.json.modelTopology.node.push(constant('twos', 'DT_INT32'), op('folded', 'Reshape', ['tokens', 'twos']));
      model.json.modelTopology.node.push(constant('flat', 'DT_INT32'), op('whole', 'Reshape', ['folded', 'flat']));
      model.json.weightsManifest[0]?.weights.push(
        { name: 'twos', shape: [3], dtype: 'int32' },
        { name: 'flat', shape: [3], dtype: 'int32' },
      );
      model.files['w.bin'] = Buffer.concat([model.files['w.bin']!, Buffer.from(Int32Array.of(-1, 2, 4, 1, -1, 2).buffer)]);
      model.json.signature = { outputs: { whole: { name: 'whole:0' } } };
      return model;
    };
    const { manifest, warnings } = await packed(even(), { ids: { pad: { to: [4, 8] } } });
    expect(manifest.signature.outputs['whole']?.lengthAxes).toEqual([1]);
    expect(warnings).toEqual(['Whether the padding shows could not be seen: the graph does not run at length 3, unpadded.']);
    await expect(packed(even(), { ids: { pad: { to: [4] } } })).rejects.toMatchObject({
      code: 'options',
      message: expect.stringContaining('Say a second length in pad.to'),
    });
  });

  it('says nothing of padding where there is none', async () => {
    const { warnings, manifest } = await packed(tokensModel(['mean']), { ids: { shape: [1, 4] }, mask: { shape: [1, 4] } });
    expect([warnings, JSON.stringify(manifest)]).toEqual([[], expect.not.stringContaining('lengthAxes')]);
  });
});

describe('an option that is refused', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['no object', { ids: { pad: [16] } }, 'Option inputs["ids"].pad should be an object, but is an array of 1.'],
    ['no lengths', { ids: { pad: {} } }, '.pad.to should be ascending lengths, such as [16, 32, 64, 128], but is undefined'],
    ['none of them', { ids: { pad: { to: [] } } }, '.pad.to should be ascending lengths, such as [16, 32, 64, 128], but is an array of 0'],
    [
      'a length of 1 alone',
      { ids: { pad: { to: [1] } } },
      '.pad.to should be ascending lengths, such as [16, 32, 64, 128], but is an array of 1',
    ],
    [
      'a length of 0',
      { ids: { pad: { to: [0, 2] } } },
      '.pad.to should be ascending lengths, such as [16, 32, 64, 128], but is an array of 2',
    ],
    [
      'half a length',
      { ids: { pad: { to: [1.5, 2] } } },
      '.pad.to should be ascending lengths, such as [16, 32, 64, 128], but is an array of 2',
    ],
    [
      'a hole',
      { ids: { pad: { to: Object.assign(new Array(2), [4]) } } },
      '.pad.to should be ascending lengths, such as [16, 32, 64, 128], but is an array of 2',
    ],
    [
      'lengths that descend',
      { ids: { pad: { to: [8, 4] } } },
      '.pad.to should be ascending lengths, such as [16, 32, 64, 128], but is an array of 2',
    ],
    [
      'a length twice',
      { ids: { pad: { to: [8, 8] } } },
      '.pad.to should be ascending lengths, such as [16, 32, 64, 128], but is an array of 2',
    ],
    ['an axis that is none', { ids: { pad: { to: [8], axis: -1 } } }, '.pad.axis should be the number of an axis, from 0, but is -1'],
    [
      'an axis that is not there',
      { ids: { pad: { to: [8], axis: 2 } } },
      'needs an open size, but axis 2 of input "ids", int32 [?, ?], is none',
    ],
    ['a value that is none', { ids: { pad: { to: [8], value: Number.NaN } } }, '.pad.value should be a finite number, but is NaN'],
    [
      'a value that the input cannot hold',
      { ids: { pad: { to: [8], value: 0.5 } } },
      '.pad.value is 0.5, which input "ids", int32, cannot hold',
    ],
    ['a key that nobody knows', { ids: { pad: { to: [8], side: 'left' } } }, '.pad has no option "side"; it takes to, axis, value'],
    [
      'two inputs with other lengths',
      { ids: { pad: { to: [8] } }, mask: { pad: { to: [4, 8] } } },
      'Inputs "ids" and "mask" are padded to 8 and to 4, 8',
    ],
    [
      'a sample of another length',
      { ids: { pad: { to: [8] }, shape: [1, 6] }, mask: { shape: [1, 6] } },
      '.shape is 6 long on axis 1; one of pad.to is wanted: 8',
    ],
    [
      'samples of two lengths',
      { ids: { pad: { to: [4, 8] }, shape: [1, 4] }, mask: { pad: { to: [4, 8] }, shape: [1, 8] } },
      'Inputs "ids" and "mask" have different lengths in `shape`',
    ],
  ])('%s', async (_what, inputs, message) => {
    await expect(packed(tokensModel(), inputs as never)).rejects.toMatchObject({
      code: 'options',
      message: expect.stringContaining(message),
    });
  });
  it('a size that is not open, and a picture', async () => {
    const pad = { to: [4] };
    const refusal = (message: string) => ({ code: 'options', message: expect.stringContaining(message) });
    await expect(packed(addModel(), { x: { pad } })).rejects.toMatchObject(
      refusal('needs an open size, but axis 1 of input "x", float32 [1, 4]'),
    );
    const picture = packed(addModel([-1, 4, 4, 3], new Float32Array(3)), { x: { pad: { to: [4], axis: 0 } } });
    await expect(picture).rejects.toMatchObject(refusal('input "x" takes pictures, which are not padded'));
  });
});

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  it('every length is answered as it is without padding, in as many shapes as there are buckets', async () => {
    const plain = await packed(tokensModel(), { ids: { shape: [1, 4] }, mask: { shape: [1, 4] } });
    const { manifest } = await packed(tokensModel(), both({ to: [4, 8, 16] }));
    using bare = await loadModel(plain.manifest, { backend, assetUrl });
    using model = await loadModel(manifest, { backend, assetUrl });
    for (let length = 1; length <= 16; length++) {
      const ids = { data: Int32Array.from({ length: 2 * length }, (_, index) => (index * 7) % 4), shape: [2, length] };
      const mask = { data: new Float32Array(2 * length).fill(1), shape: [2, length] };
      const [wanted, got] = [await bare.predict({ ids, mask }), await model.predict({ ids, mask })];
      expect(got.outputs['tokens']?.shape).toEqual([2, length, 2]);
      expect(got.outputs).toEqual(wanted.outputs);
    }
    // The golden runs were of one row each, which is another shape for TF.js; a compiled module has code for each length, not for rows.
    expect(manifest.targets.compiled?.refused).toEqual({});
    expect([bare.stats().coldCount, model.stats().coldCount]).toEqual([16, backend === 'wasm' ? 2 : 3]);
  });

  it('arrays to write into are of the cut size', async () => {
    const { manifest } = await packed(tokensModel(), both({ to: [4, 8] }));
    using model = await loadModel(manifest, { backend, assetUrl });
    const inputs = { ids: { data: Int32Array.of(1, 2, 3), shape: [1, 3] }, mask: { data: Float32Array.of(1, 1, 0), shape: [1, 3] } };
    const tokens = new Float32Array(6);
    const { outputs } = await model.predict(inputs, { into: { tokens } as Record<string, Float32Array<ArrayBuffer>> });
    expect([outputs['tokens']?.data === tokens, [...tokens]]).toEqual([true, [4, 6, 8, 10, 12, 14]]);
    expect([...outputs['pooled']!.data]).toEqual([3, 4]);
    const refused = model.predict(inputs, { into: { tokens: new Float32Array(8) } });
    await expect(refused).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining('into.tokens should be a Float32Array of 6 values'),
    });
  });

  it('rows of a table come in batches of a few sizes', async () => {
    const columns = [{ name: 'a' }, { name: 'b', categories: ['x', 'y'] }];
    const { manifest, warnings } = await packed(tabularModel([-1, 3]), { features: { columns, pad: { to: [1, 4], axis: 0 } } });
    expect([warnings, manifest.signature.outputs['price']?.lengthAxes]).toEqual([[], [0]]);
    using model = await loadModel(manifest, { backend, assetUrl });
    for (const rows of [1, 2, 3, 4]) {
      const { outputs } = await model.predict({ features: Array.from({ length: rows }, (_, index) => ({ a: index, b: 'y' })) });
      expect([...outputs['price']!.data]).toEqual([30, 40, 50, 60].slice(0, rows));
    }
    // A compiled module computes row by row, so that no length is new to it.
    expect(model.stats()).toMatchObject({ count: 4, coldCount: backend === 'wasm' ? 0 : 1 });
  });
});
