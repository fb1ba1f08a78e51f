/** Shapes from the config to the answer: refused one by one, compiled each, and the only ones that are taken. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../src/index.js';
import { checkDetails } from '../../src/manifest/details.js';
import { type InputOptions, pack } from '../../src/pack/index.js';
import { addModel, type RawModel, scratch, tokensModel, writeModel } from '../fixtures/models.js';

const folder = scratch();
let count = 0;
const packed = async (raw: RawModel, inputs: Record<string, InputOptions>) => {
  const place = join(folder, String(count++));
  const result = await pack({ model: writeModel(raw, join(place, 'raw')), out: join(place, 'out'), name: 'text', inputs });
  checkDetails(result.manifest);
  return result;
};
const both = (...shapes: (number | null)[][]) => ({ ids: { shapes }, mask: { shapes } });

const inputsOf = (rows: number, length: number) => ({
  ids: { data: Int32Array.from({ length: rows * length }, (_, index) => (index * 7) % 4), shape: [rows, length] },
  mask: { data: new Float32Array(rows * length).fill(1), shape: [rows, length] },
});

it('each shape is compiled, and answers as the open model does', async () => {
  const { manifest, out } = await packed(tokensModel(), both([null, 4], [null, 9]));
  expect(manifest.targets.compiled?.refused).toEqual({});
  expect(manifest.signature.inputs['ids']).toMatchObject({
    shape: [null, null],
    shapes: [
      [null, 4],
      [null, 9],
    ],
  });
  expect(manifest.golden.samples[0].inputs).toMatchObject({ ids: { shape: [1, 4] }, mask: { shape: [1, 4] } });
  expect(manifest.golden.batch?.inputs).toMatchObject({ ids: { shape: [3, 4] } });
  expect(readFileSync(join(out, 'model.d.ts'), 'utf8')).toContain('int32 [?, ?], one of [?, 4], [?, 9]');
  const open = await packed(tokensModel(), { ids: { shape: [1, 4] }, mask: { shape: [1, 4] } });
  expect(open.manifest.targets.compiled?.refused.wasm).toContain('name the sizes that the app uses in the option `shapes`');
  using model = await loadModel(manifest, { backend: 'wasm' });
  using plain = await loadModel(open.manifest, { backend: 'cpu' });
  for (const [rows, length] of [
    [1, 9],
    [2, 4],
    [3, 9],
  ] as const) {
    const [wanted, got] = [await plain.predict(inputsOf(rows, length)), await model.predict(inputsOf(rows, length))];
    expect(got.outputs['tokens']?.shape).toEqual([rows, length, 2]);
    expect(got.outputs).toEqual(wanted.outputs);
  }
});

it('another shape is refused, and so are shapes that do not go together', async () => {
  const { manifest } = await packed(tokensModel(), both([null, 4], [null, 9]));
  using model = await loadModel(manifest, { backend: 'cpu' });
  await expect(model.predict(inputsOf(1, 5))).rejects.toMatchObject({
    code: 'input',
    message: expect.stringContaining(
      'Input "ids" takes [?, 4] or [?, 9], which go with the shapes of other inputs, but has shape [1, 5]. Give one of these shapes, or pack the model with this one in `shapes`.',
    ),
  });
  const mixed = { ...inputsOf(1, 4), mask: inputsOf(1, 9).mask };
  await expect(model.predict(mixed)).rejects.toMatchObject({ code: 'input', message: expect.stringContaining('Input "mask" takes') });
});

it('a batch that is named is no open one', async () => {
  const { manifest } = await packed(tokensModel(), both([1, 4], [2, 4]));
  expect([manifest.targets.compiled?.refused, manifest.golden.batch]).toEqual([{}, undefined]);
  using model = await loadModel(manifest, { backend: 'wasm' });
  expect((await model.predict(inputsOf(2, 4))).outputs['tokens']?.shape).toEqual([2, 4, 2]);
  await expect(model.predict(inputsOf(3, 4))).rejects.toMatchObject({ code: 'input' });
});

const pictures = () => addModel([-1, -1, -1, 3], new Float32Array(3));

it('a picture has the size of its first shape, or of the one that its options name', async () => {
  const shapes = [
    [null, 4, 6, 3],
    [null, 8, 8, 3],
  ];
  const first = await packed(pictures(), { x: { shapes, image: { scale: 1 } } });
  expect(first.manifest.signature.inputs['x']?.image).toMatchObject({ width: 6, height: 4 });
  const { manifest } = await packed(pictures(), { x: { shapes, image: { scale: 1, width: 8 } } });
  expect(manifest.signature.inputs['x']?.image).toMatchObject({ width: 8, height: 8 });
  using model = await loadModel(manifest, { backend: 'wasm' });
  const source = { data: new Uint8Array(4 * 4).fill(7), width: 2, height: 2 };
  const { outputs } = await model.predict({ x: { source, size: { width: 6, height: 4 } } });
  expect(Object.values(outputs)[0]?.shape).toEqual([1, 4, 6, 3]);
  const refused = model.predict({ x: { source, size: { width: 5, height: 4 } } });
  await expect(refused).rejects.toMatchObject({ code: 'input', message: expect.stringContaining('takes [?, 4, 6, 3] or [?, 8, 8, 3]') });
});

describe('refuses', () => {
  it.each([
    ['no shape', { ids: { shapes: [] } }, '.shapes should be an array of 1 to 64 shapes'],
    ['a size that is none', { ids: { shapes: [[1, -1]] } }, '.shapes[0] should be an array of sizes, such as [null, 3, 48, 320]'],
    ['another rank', both([null, 4, 4]), '.shapes[0] is [?, 4, 4], but input "ids" is [?, ?]'],
    ['a length that stays open', both([null, null]), '.shapes[0] leaves axis 1 open; only a batch, along axis 0, may stay open'],
    [
      'shapes without a partner',
      { ids: { shapes: [[null, 4]] }, mask: { shapes: both([null, 4], [null, 8]).mask.shapes } },
      'Inputs "ids" and "mask" have 1 and 2 shapes',
    ],
    [
      'a sample of another shape',
      { ids: { shapes: [[null, 4]], shape: [1, 5] }, mask: { shapes: [[null, 4]] } },
      'that is none of its shapes',
    ],
    ['padding beside it', { ids: { shapes: [[null, 4]] }, mask: { pad: { to: [4] } } }, 'has shapes and input "mask" pad'],
  ])('%s', async (_what, inputs, message) => {
    await expect(packed(tokensModel(), inputs as never)).rejects.toMatchObject({
      code: 'options',
      message: expect.stringContaining(message),
    });
  });
});
