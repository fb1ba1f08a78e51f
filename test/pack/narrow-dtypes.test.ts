/** Inputs and outputs of whole numbers of 8 bits: as apps see them, while TF.js computes with int32. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { loadModel } from '../../src/index.js';
import { pack } from '../../src/pack/index.js';
import { rejection } from '../fixtures/fakes.js';
import { op, placeholder, type RawModel, scratch, writeModel } from '../fixtures/models.js';

const folder = scratch();
const wasmUrl = new URL(`../../node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`, import.meta.url).href;
const assetUrl = (name: string, url: string) => (name === WASM_BINARY.name ? wasmUrl : url);

const cast = (name: string, from: string, to: string, input: string) =>
  op(name, 'Cast', [input], { SrcT: { type: from }, DstT: { type: to } });
const float = { T: { type: 'DT_FLOAT' } };

/** sum = bytes + signed as float32, and the same as uint8 and as int8; the first input may be a picture. */
function narrowModel(sizes: readonly number[]): RawModel {
  const node = [
    placeholder('bytes', sizes, 'DT_UINT8'),
    placeholder('signed', sizes, 'DT_INT8'),
    cast('a', 'DT_UINT8', 'DT_FLOAT', 'bytes'),
    cast('b', 'DT_INT8', 'DT_FLOAT', 'signed'),
    op('sum', 'AddV2', ['a', 'b'], float),
    cast('asBytes', 'DT_FLOAT', 'DT_UINT8', 'sum'),
    cast('asSigned', 'DT_FLOAT', 'DT_INT8', 'sum'),
  ];
  const outputs = Object.fromEntries(['sum', 'asBytes', 'asSigned'].map((name) => [name, { name: `${name}:0` }]));
  const inputs = Object.fromEntries(['bytes', 'signed'].map((name) => [name, { name: `${name}:0` }]));
  return { json: { signature: { inputs, outputs }, modelTopology: { node, versions: {} }, weightsManifest: [] }, files: {} };
}

let packed: Awaited<ReturnType<typeof pack>>;
beforeAll(async () => {
  packed = await pack({ model: writeModel(narrowModel([-1, 3]), join(folder, 'narrow')), out: join(folder, 'out'), name: 'narrow' });
});

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  it('bytes go in and come out as bytes', async () => {
    using model = await loadModel(packed.manifest, { backend, assetUrl });
    const { outputs } = await model.predict({ bytes: Uint8Array.of(0, 200, 255), signed: Int8Array.of(-100, 50, 0) });
    expect(outputs['sum']).toEqual({ dtype: 'float32', shape: [1, 3], data: Float32Array.of(-100, 250, 255) });
    // Casts to whole numbers saturate.
    expect(outputs['asBytes']).toEqual({ dtype: 'uint8', shape: [1, 3], data: Uint8Array.of(0, 250, 255) });
    expect(outputs['asSigned']).toEqual({ dtype: 'int8', shape: [1, 3], data: Int8Array.of(-100, 127, 127) });
    const into = { asSigned: new Int8Array(3) };
    expect((await model.predict({ bytes: new Uint8Array(3), signed: new Int8Array(3).fill(-7) }, { into })).outputs['asSigned']?.data).toBe(
      into.asSigned,
    );
    expect([...into.asSigned]).toEqual([-7, -7, -7]);
  });
});

it('arrays of other classes are refused, by name', async () => {
  using model = await loadModel(packed.manifest, { backend: 'cpu' });
  const signed = new Int8Array(3);
  expect(await rejection(model.predict({ bytes: new Int32Array(3), signed }))).toMatchObject({
    code: 'input',
    message: expect.stringContaining('Input "bytes" should be Uint8Array or Uint8ClampedArray of [?, 3], but is Int32Array.'),
  });
  expect(await rejection(model.predict({ bytes: new Uint8ClampedArray(3), signed: new Uint8Array(3) } as never))).toMatchObject({
    message: expect.stringContaining('Input "signed" should be Int8Array of [?, 3], but is Uint8Array.'),
  });
});

it('the declarations say so', () => {
  expect(packed.manifest.signature.inputs).toMatchObject({ bytes: { dtype: 'uint8' }, signed: { dtype: 'int8' } });
  const text = readFileSync(join(packed.out, 'model.d.ts'), 'utf8');
  expect(text).toContain("readonly bytes: Uint8Array | Uint8ClampedArray | Shaped<'uint8', readonly [");
  expect(text).toContain("readonly signed: Int8Array | Shaped<'int8', readonly [");
  expect(text).toContain("readonly asBytes: Tensor<'uint8', readonly [");
});

it('a picture fills an input of bytes', async () => {
  const model = writeModel(narrowModel([1, 2, 2, 3]), join(folder, 'picture'));
  const inputs = { bytes: { image: {} }, signed: { image: { offset: -128 } } };
  const { manifest } = await pack({ model, out: join(folder, 'picture-out'), name: 'picture', inputs });
  using loaded = await loadModel(manifest, { backend: 'cpu' });
  const data = Uint8Array.from({ length: 16 }, (_, index) => (index % 4 === 3 ? 255 : 10 * index));
  const picture = { data, width: 2, height: 2 };
  const { outputs } = await loaded.predict({ bytes: picture, signed: picture });
  const rgb = [...data].filter((_, index) => index % 4 !== 3);
  expect([...(outputs['sum']?.data ?? [])]).toEqual(rgb.map((value) => 2 * value - 128));
});
