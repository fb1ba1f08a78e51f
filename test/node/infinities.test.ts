/** A mask of -Infinity, as attention has one, from the model file through every way of storing it to the answers in Node. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { loadModel } from '../../src/index.js';
import { pack } from '../../src/pack/index.js';
import type { PackOptions } from '../../src/pack/options.js';
import { noiseOf } from '../../src/pack/weights/quantize.js';
import { constant, op, placeholder, type RawModel, scratch, writeModel } from '../fixtures/models.js';

const folder = scratch();
const wasmUrl = pathToFileURL(`node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`).href;
const assetUrl = (name: string, url: string) => (name === WASM_BINARY.name ? wasmUrl : url);

const SIZE = 16;
const CELLS = SIZE * SIZE;
const isMasked = (index: number): boolean => index % SIZE > Math.floor(index / SIZE);
const mask = Float32Array.from({ length: CELLS }, (_, index) => (isMasked(index) ? Number.NEGATIVE_INFINITY : 0));
/** 64ths from 0 to 255, which float16 and uint8 hold exactly. */
const bias = Float32Array.from({ length: CELLS }, (_, index) => ((index * 37) % 256) / 64);

/** attention = softmax(scores + bias + mask) over the last axis, scores float32 [?, 16, 16]. */
function maskedModel(): RawModel {
  const shape = [1, SIZE, SIZE];
  const float = { T: { type: 'DT_FLOAT' } };
  const weights = ['bias', 'mask'].map((name) => ({ name, shape, dtype: 'float32' }));
  const nodes = [op('biased', 'AddV2', ['scores', 'bias'], float), op('masked', 'AddV2', ['biased', 'mask'], float)];
  return {
    json: {
      modelTopology: {
        node: [
          placeholder('scores', [-1, SIZE, SIZE]),
          constant('bias'),
          constant('mask'),
          ...nodes,
          op('attention', 'Softmax', ['masked'], float),
        ],
        versions: {},
      },
      weightsManifest: [{ paths: ['w.bin'], weights }],
    },
    files: { 'w.bin': Buffer.concat([new Uint8Array(bias.buffer), new Uint8Array(mask.buffer)]) },
  };
}

function expected(scores: Float32Array): number[] {
  const powers = Array.from(scores, (score, index) => (isMasked(index) ? 0 : Math.exp(score + (bias[index] as number))));
  return powers.map((power, index) => {
    const row = Math.floor(index / SIZE) * SIZE;
    return power / powers.slice(row, row + SIZE).reduce((sum, each) => sum + each);
  });
}

describe.each<[string, Pick<PackOptions, 'quantize'>, number]>([
  ['as it is', {}, CELLS * 8],
  ['as float16', { quantize: 'float16' }, CELLS * 4],
  ['beside uint8', { quantize: 'uint8' }, CELLS * 5],
])('stored %s', (how, options, bytes) => {
  it.each(['cpu', 'wasm'] as const)('answers on %s', async (backend) => {
    const place = join(folder, how);
    const { manifest, warnings } = await pack({ model: writeModel(maskedModel(), place), out: `${place} packed`, ...options });
    expect(warnings).toEqual([]);
    expect(manifest.weights.reduce((sum, each) => sum + each.bytes, 0)).toBe(bytes);
    expect(manifest.golden.samples.map(({ outputs }) => Object.keys(outputs))).toEqual([['attention'], ['attention']]);
    using model = await loadModel(manifest, { backend, assetUrl });
    const scores = Float32Array.from({ length: CELLS }, (_, index) => Math.sin(index));
    const { data } = (await model.predict({ scores })).outputs['attention'] as { data: Float32Array };
    for (const [index, value] of expected(scores).entries()) expect(data[index]).toBeCloseTo(value, 5);
    expect(data.filter((_, index) => isMasked(index)).every((value) => value === 0)).toBe(true);
  });
});

it('counts no noise for infinities that stay', () => {
  const weight = (values: Float32Array) => ({ name: 'w', shape: [2], dtype: 'float32', bytes: new Uint8Array(values.buffer) }) as const;
  expect(noiseOf(weight(Float32Array.of(Number.NEGATIVE_INFINITY, 4)), weight(Float32Array.of(Number.NEGATIVE_INFINITY, 3)))).toBe(0.25);
});
