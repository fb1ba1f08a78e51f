/** Weights against TF.js's own decoder. */
import '@tensorflow/tfjs-backend-cpu';
import { io, setBackend } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeWeights, storedBytes, type WeightSpec } from '../../src/engines/tfjs/decode.js';
import { tensorOf } from '../../src/graph/constant.js';
import type { Constant } from '../../src/graph/graph.js';
import { verifyConstant } from '../../src/graph/verify.js';

beforeAll(() => setBackend('cpu'));

/** What TF.js makes of the same bytes. */
function reference(specs: readonly WeightSpec[], bytes: ArrayBuffer): Record<string, number[]> {
  const tensors = io.decodeWeights(bytes, specs as unknown as io.WeightsManifestEntry[]);
  return Object.fromEntries(Object.entries(tensors).map(([name, each]) => [name, [...each.dataSync()]]));
}

const ours = (specs: readonly WeightSpec[], shards: readonly ArrayBuffer[]) =>
  Object.fromEntries([...decodeWeights(specs, shards)].map(({ spec, values }) => [spec.name, [...values]]));

test('every float16 there is', () => {
  const halves = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
  const specs: WeightSpec[] = [{ name: 'w', shape: [256, 256], dtype: 'float32', quantization: { dtype: 'float16' } }];
  const [mine, theirs] = [ours(specs, [halves.buffer])['w'], reference(specs, halves.buffer)['w']];
  expect(mine?.every((value, index) => Object.is(value, theirs?.[index]) || (Number.isNaN(value) && Number.isNaN(theirs?.[index])))).toBe(
    true,
  );
});

describe('any mixture of weights, cut into any shards', () => {
  const spec = fc.record({
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
    kind: fc.constantFrom('float32', 'int32', 'bool', 'float16', 'uint8', 'uint16', 'int-uint8'),
    scale: fc.double({ min: -2, max: 2, noNaN: true }),
    min: fc.double({ min: -9, max: 9, noNaN: true }),
  });
  const specOf = (
    { shape, kind, scale, min }: { shape: number[]; kind: string; scale: number; min: number },
    index: number,
  ): WeightSpec => {
    const named = { name: `w${index}`, shape };
    if (kind === 'float16') return { ...named, dtype: 'float32', quantization: { dtype: 'float16' } };
    if (kind === 'uint8' || kind === 'uint16') return { ...named, dtype: 'float32', quantization: { dtype: kind, scale, min } };
    if (kind === 'int-uint8') return { ...named, dtype: 'int32', quantization: { dtype: 'uint8', scale, min } };
    return { ...named, dtype: kind as 'float32' };
  };
  const STORED = { float32: 4, int32: 4, bool: 1, float16: 2, uint16: 2, uint8: 1, int8: 1 };

  test('equals what TF.js decodes', () => {
    fc.assert(
      fc.property(
        fc.array(spec, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(40), { maxLength: 6 }),
        fc.infiniteStream(fc.nat(127)),
        (given, cuts, random) => {
          const specs = given.map(specOf);
          const length = specs.reduce(
            (sum, { shape, dtype, quantization }) =>
              sum + shape.reduce((size, dim) => size * dim, 1) * STORED[quantization?.dtype ?? dtype],
            0,
          );
          const bytes = Uint8Array.from({ length }, () => random.next().value);
          const shards: ArrayBuffer[] = [];
          let at = 0;
          for (const cut of cuts.filter((each) => each > 0)) {
            shards.push(bytes.slice(at, at + cut).buffer);
            at = Math.min(length, at + cut);
          }
          shards.push(bytes.slice(at).buffer);
          expect(
            ours(
              specs,
              shards.filter((each) => each.byteLength > 0),
            ),
          ).toEqual(reference(specs, bytes.buffer));
        },
      ),
      { seed: 7, numRuns: 200 },
    );
  });
});

test('int8 with a scale for each channel, cut into any shards', () => {
  const random = fc.record({
    before: fc.integer({ min: 1, max: 5 }),
    channels: fc.integer({ min: 1, max: 6 }),
    consecutive: fc.integer({ min: 1, max: 5 }),
    cuts: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 6 }),
    seed: fc.nat(1000),
  });
  fc.assert(
    fc.property(random, ({ before, channels, consecutive, cuts, seed }) => {
      const shape = [before, channels, consecutive];
      const scales = Float32Array.from({ length: channels }, (_, index) => (index + 1) * 0.1);
      const stored = Int8Array.from({ length: before * channels * consecutive }, (_, index) => index * 37 + seed);
      const bytes = Buffer.concat([new Uint8Array(scales.buffer), new Uint8Array(stored.buffer), Uint8Array.of(1, 0, 0, 0)]);
      const specs: WeightSpec[] = [
        { name: 'w', shape, dtype: 'float32', quantization: { dtype: 'int8', channels, consecutive } },
        { name: 'next', shape: [], dtype: 'int32' },
      ];
      const ends = cuts
        .map((_, index) => cuts.slice(0, index + 1).reduce((sum, each) => sum + each, 0))
        .filter((end) => end < bytes.length);
      const shards = [0, ...ends].map((start, index) => new Uint8Array(bytes.subarray(start, ends[index])).buffer);
      const values = [...stored].map((value, index) => Math.fround(value * (scales[Math.floor(index / consecutive) % channels] as number)));
      expect(ours(specs, shards)).toEqual({ w: values, next: [1] });
      expect(specs.map(storedBytes)).toEqual([bytes.length - 4, 4]);
      const constant: Constant = {
        value: { name: 'w', type: { dataType: 'float32', shape } },
        bytes: new Uint8Array(bytes.subarray(0, -4)),
        storage: { kind: 'int8', axis: 1 },
      };
      verifyConstant(constant);
      expect([...tensorOf(constant).data]).toEqual(values);
    }),
    { seed: 7, numRuns: 300 },
  );
});

test('shards that end too soon are named by the weight', () => {
  const specs: WeightSpec[] = [{ name: 'dense/kernel', shape: [4], dtype: 'float32' }];
  expect(() => ours(specs, [new ArrayBuffer(8)])).toThrow(/end within the weight "dense\/kernel"/);
});
