/** Weights in fewer bytes: what is stored, what it costs, and the budgets that refuse. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float16Bits } from '../../src/base/float16-bits.js';
import { decodeWeights } from '../../src/engines/tfjs/decode.js';
import type { Weight } from '../../src/formats/tfjs/weights.js';
import { readManifest } from '../../src/manifest/manifest.js';
import type { Runner } from '../../src/pack/golden/run.js';
import { type PackOptions, pack } from '../../src/pack/index.js';
import { checkBytes, checkFlops, checkGoldenError } from '../../src/pack/weights/budget.js';
import { MIN_ELEMENTS, quantize } from '../../src/pack/weights/quantize.js';
import { toUint8 } from '../../src/pack/weights/uint8.js';
import { addModel, type RawModel, realModel, scratch, writeModel } from '../fixtures/models.js';

const folder = scratch();
let count = 0;
const options = (model: RawModel | string, more: Partial<PackOptions> = {}): PackOptions => {
  const place = join(folder, `case-${count++}`);
  return { model: typeof model === 'string' ? realModel(model) : writeModel(model, place), out: join(place, 'out'), ...more };
};
const weightBytes = ({ manifest }: Awaited<ReturnType<typeof pack>>) => manifest.weights.reduce((sum, shard) => sum + shard.bytes, 0);

/** A plain float32 weight. */
function weight(name: string, values: Float32Array): Weight {
  return { name, shape: [values.length], dtype: 'float32', bytes: new Uint8Array(values.buffer.slice(0)) };
}
const valuesOf = (one: Weight) => [...decodeWeights([one], [new Uint8Array(one.bytes).buffer])][0]?.values as Float32Array;

/** The refusal of options, and that nothing was written. */
async function refusal(given: PackOptions): Promise<{ code: string; message: string; detail: Record<string, unknown> }> {
  const thrown = await pack(given).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(existsSync(given.out)).toBe(false);
  return thrown as never;
}

describe('float16', () => {
  it('rounds to nearest, ties to even', () => {
    const cases: [number, number][] = [
      [0, 0],
      [-0, 0x8000],
      [1, 0x3c00],
      [65504, 0x7bff],
      [1.0004882812, 0x3c00],
      [1.00146484375, 0x3c02],
      [6e-8, 1],
      [2.9e-8, 0],
      [-2, 0xc000],
      [0.1, 0x2e66],
      [6.1e-5, 0x03ff],
      [Number.NaN, 0x7e00],
    ];
    for (const [value, bits] of cases) expect([value, float16Bits(value)]).toEqual([value, bits]);
  });
  it('halves the weights and says what it cost', async () => {
    const full = await pack(options('liveness'));
    const half = await pack(options('liveness', { quantize: 'float16' }));
    expect(weightBytes(half)).toBeLessThan(weightBytes(full) * 0.51);
    expect(half.manifest.quantized).toEqual({
      // Behind the weights stand the sizes of a reshape, two of int32.
      originalBytes: weightBytes(full) - 8,
      kinds: { float16: { weights: 5, bytes: 295_264 } },
      maxError: expect.any(Number),
    });
    expect(half.manifest.quantized?.maxError).toBeGreaterThan(0);
    expect(half.manifest.quantized?.maxError).toBeLessThan(1e-3);
    expect(half.manifest.residentBytes).toBe(full.manifest.residentBytes);
    expect(full.manifest.quantized).toBeUndefined();
    readManifest((await import(join(half.out, 'model.js'))).default);
  });
  it('leaves what would overflow, and says that nothing was done', async () => {
    const values = new Float32Array(MIN_ELEMENTS).fill(1);
    values[7] = 70_000;
    const packed = await pack(options(addModel([1, values.length], values), { quantize: 'float16' }));
    expect(weightBytes(packed)).toBe(values.length * 4);
    expect(packed.manifest.quantized).toBeUndefined();
    expect(packed.warnings).toEqual([expect.stringMatching(/quantize changes no weight/)]);
  });
});

describe('uint8', () => {
  it('holds zero exactly and every value within half a step', () => {
    const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e30), max: Math.fround(1e30) });
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true, noDefaultInfinity: true, minLength: 1 }), finite, (some, factor) => {
        const values = some.map((value) => Math.max(-1e37, Math.min(1e37, value * factor)) || 0);
        const stored = toUint8(weight('w', values), values) as Weight;
        const { scale, min } = stored.quantization as { scale: number; min: number };
        expect(Object.is(min, -0)).toBe(false);
        const decoded = valuesOf(stored);
        for (const [index, value] of values.entries()) {
          if (value === 0) expect(Math.abs(decoded[index] as number)).toBe(0);
          expect(Math.abs(value - (decoded[index] as number))).toBeLessThanOrEqual(scale * 0.5000001 + Math.abs(value) * 1e-6);
        }
      }),
    );
  });
  it('spans the whole range, one-sided or constant', () => {
    const spread = (values: number[]) => {
      const one = weight('w', Float32Array.from(values));
      return [...valuesOf(toUint8(one, Float32Array.from(values)) as Weight)];
    };
    expect(spread([0, 0])).toEqual([0, 0]);
    expect(spread([255, 0, 1])).toEqual([255, 0, 1]);
    expect(spread([-127, 128])).toEqual([-127, 128]);
    expect(spread([5, 5])).toEqual([5, 5]);
    expect(spread([-5, -5])).toEqual([-5, -5]);
  });
  it("takes a quarter of float32, and opens again in TF.js's own terms", async () => {
    const full = await pack(options('liveness'));
    const small = await pack(options('liveness', { quantize: 'uint8', budget: { goldenError: 0.01 } }));
    expect(small.manifest.quantized).toMatchObject({ kinds: { uint8: { weights: 5, bytes: 147_632 } } });
    expect(weightBytes(small)).toBe(weightBytes(full) - 3 * 147_632);
    const graph = JSON.parse(readFileSync(join(small.out, small.manifest.targets.tfjs.graph.name), 'utf8'));
    const quantized = graph.weightsManifest[0].weights.filter((each: Weight) => each.quantization !== undefined);
    expect(quantized).toHaveLength(5);
    for (const { quantization } of quantized)
      expect(quantization).toEqual({ dtype: 'uint8', min: expect.any(Number), scale: expect.any(Number), original_dtype: 'float32' });
  });
});

describe('a real model of float16 weights', () => {
  it('takes half as many bytes as uint8, at an error that must be allowed', async () => {
    const { manifest, warnings } = await pack(options('selfie', { quantize: 'uint8', budget: { goldenError: 0.75 } }));
    const { quantized, weights, residentBytes } = manifest;
    expect(quantized).toMatchObject({ originalBytes: 212_806, kinds: { uint8: { weights: 48, bytes: 102_512 } } });
    expect(weights.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(212_846 - 102_512);
    expect(residentBytes).toBe(4 * (102_512 + 3_891));
    // One scale for a whole tensor is too coarse for this model.
    expect(quantized?.maxError).toBeGreaterThan(0.5);
    expect(warnings.filter((warning) => warning.includes('quantize'))).toEqual([]);
  });
  it('is float16 already', async () => {
    const { manifest, warnings } = await pack(options('selfie', { quantize: 'float16' }));
    expect(manifest.quantized).toBeUndefined();
    expect(warnings).toContainEqual(expect.stringMatching(/quantize changes no weight/));
  });
});

describe('which weights', () => {
  const ramp = (size: number) => Float32Array.from({ length: size }, (_, index) => index / size);
  const weights = [
    { ...weight('a/kernel', ramp(512)), shape: [64, 8] },
    weight('a/bias', ramp(MIN_ELEMENTS - 1)),
    weight('b/kernel', ramp(512)),
    { ...weight('steps', ramp(512)), dtype: 'int32' as const },
  ];
  const AXES = new Map([['a/kernel', 1]]);
  const kinds = (option: Parameters<typeof quantize>[1], of: readonly Weight[] = weights) =>
    quantize(of, option, AXES).map(({ quantization }) => quantization?.dtype);

  it.each<[string, Parameters<typeof quantize>[1], (string | undefined)[]]>([
    ['all of them', 'uint8', ['uint8', undefined, 'uint8', undefined]],
    ['the first pattern that matches', { 'a/*': 'float16', '*': 'uint8' }, ['float16', undefined, 'uint8', undefined]],
    ['all but one', { 'b/kernel': 'none', '*el': 'uint8' }, ['uint8', undefined, undefined, undefined]],
    ['int8 where there are output channels', 'int8', ['int8', undefined, undefined, undefined]],
    ['a star in the middle', { 'b*ern*l': 'uint8' }, [undefined, undefined, 'uint8', undefined]],
  ])('%s', (_what, option, expected) => expect(kinds(option)).toEqual(expected));

  it.each(['c/*', 'kernel', 'a/kernel*l', '', 'a.kernel', '__proto__'])('refuses %j, which matches none', (pattern) => {
    expect(() => quantize(weights, Object.fromEntries([[pattern, 'uint8']]), AXES)).toThrow(
      /which matches no weight; the model has 4, such as "a\/kernel"/,
    );
  });
  it('makes bytes of float16, and leaves the rest of what is quantised', () => {
    const halves = quantize(weights, 'float16', AXES);
    expect(kinds('uint8', halves)).toEqual(['uint8', undefined, 'uint8', undefined]);
    expect(kinds('int8', halves)).toEqual(['int8', undefined, 'float16', undefined]);
    expect(quantize(halves, 'float16', AXES)).toEqual(halves);
    const bytes = quantize(weights, 'uint8', AXES);
    expect(quantize(bytes, 'float16', AXES)).toEqual(bytes);
    expect(quantize(bytes, 'uint8', AXES).every((one, index) => one === bytes[index])).toBe(true);
  });
});

describe('budgets', () => {
  /** y = x + w, where a byte for each of w is too coarse: one value stands far out. */
  const coarse = () => {
    const values = Float32Array.from({ length: 512 }, (_, index) => Math.sin(index));
    values[0] = 1000;
    return addModel([1, 512], values);
  };

  it('refuses quantised weights that move the answers further than a backend may', async () => {
    const values = Float32Array.from({ length: 512 }, (_, index) => 100 * Math.sin(index));
    const { code, message, detail } = await refusal(options(addModel([1, 512], values), { quantize: 'uint8' }));
    expect(code).toBe('budget');
    expect(message).toMatch(
      /^Quantised weights move .* "sumY" by 0\.\d+ %; the limit is as close as a backend must be, or budget.goldenError\. Leave out what costs most, quantize: \{ 'w': 'none', … \} \(alone 0\.\d+ %\): the error is then 0 %, which is enough\. \(/,
    );
    expect(detail).toMatchObject({ costly: [{ name: 'w' }], withoutThem: 0, isEnough: true });
    const { manifest } = await pack(options(addModel([1, 512], values), { quantize: 'uint8', budget: { goldenError: 0.01 } }));
    expect(manifest.quantized?.maxError).toBeCloseTo((detail['outputs'] as Record<string, number>)['sumY'] as number, 12);
  });
  it('refuses an error above the one that is allowed', async () => {
    const { message } = await refusal(options(coarse(), { quantize: 'uint8', budget: { goldenError: 1e-4 } }));
    expect(message).toMatch(/the limit is budget\.goldenError, 0\.0001\./);
  });
  it('refuses where the error cannot be measured', async () => {
    const model = addModel([1, 512], new Float32Array(512).fill(1));
    model.json.modelTopology.node.push({ name: 'zero', op: 'Sub', input: ['w', 'w'] });
    model.json.signature = { outputs: { zero: { name: 'zero' } } };
    expect(await refusal(options(model, { quantize: 'uint8' }))).toMatchObject({
      code: 'budget',
      message: expect.stringMatching(/no output to compare/),
    });
  });
  it('names the largest weights of a model with too many bytes', async () => {
    const given = options('liveness', { budget: { bytes: 200_000 } });
    const { code, message } = await refusal(given);
    expect(code).toBe('budget');
    expect(message).toMatch(
      /^The packed model has 6\d{5} bytes, more than budget\.bytes, 200000\. Its largest weights: "StatefulPartitionedCall\/sequential_1\/dense_1\/MatMul\/ReadVariableOp" 524288 \(float32\), "[^"]+" \d+ \(float32\), "[^"]+" \d+ \(float32\)\. Store them/,
    );
    const budget = { bytes: 200_000, goldenError: 0.01 };
    expect((await pack({ ...given, budget, quantize: 'uint8' })).bytes).toBeLessThan(200_000);
  });
  it('names the ops of a model with too many FLOPs', async () => {
    const { code, message } = await refusal(options('liveness', { budget: { mflop: 10 } }));
    expect(code).toBe('budget');
    expect(message).toMatch(/^One predict takes 13 MFLOP, more than budget\.mflop, 10\. The ops that cost most: conv2d 1\d in 4 calls, /);
  });
  it('names what costs most first, whatever comes first in the model', async () => {
    const refused = (step: () => unknown) =>
      Promise.resolve()
        .then(step)
        .catch(({ message, detail }) => ({ message, detail }) as never);
    const sizes = [1, 2, 3, 4].map((size) => weight(`w${size}`, new Float32Array(size)));
    expect(await refused(() => checkBytes(1, 40, sizes))).toMatchObject({
      message: expect.stringContaining('"w4" 16 (float32), "w3" 12 (float32), "w2" 8 (float32).'),
    });
    const calls = [1, 2, 3, 4].map((size) => ({ name: `K${size}`, flops: size * 1e6 }));
    expect(await refused(() => checkFlops(1, { calls, peakBytes: 0 }))).toMatchObject({
      message: expect.stringContaining('cost most: K4 4.0 in 1 calls, K3 3.0 in 1 calls, K2 2.0 in 1 calls.'),
    });
    // Coarsest first is the order of the trials; what counts is how far each moves the answer.
    const before = ['loud', 'mild', 'faint'].map((name) => weight(name, Float32Array.of(1)));
    const after = before.map(({ name }, index) => weight(name, Float32Array.of(1.5 - index / 10)));
    const moved = { loud: 0.2, mild: 0.3, faint: 0.5 } as const;
    const answer = (weights: readonly Weight[]) => {
      const sum = weights.reduce((total, each) => total + (before.includes(each) ? 0 : moved[each.name as keyof typeof moved]), 0);
      return { y: { dtype: 'float32' as const, shape: [2], data: Float32Array.of(0, 1 + sum) } };
    };
    const comparison = {
      ...{ before, after, feeds: [], original: answer(before), quantized: answer(after) },
      golden: { constant: {}, samples: [{ outputs: { y: { shape: [2], values: { offset: 0, count: 2, min: 0, max: 1 } } } }] } as never,
      open: <T>(weights: readonly Weight[], step: (runner: Runner) => Promise<T>) =>
        step({ run: () => Promise.resolve(answer(weights)) } as never),
    };
    expect(await refused(() => checkGoldenError(0.1, comparison))).toMatchObject({
      message: expect.stringContaining("{ 'faint': 'none', 'mild': 'none', 'loud': 'none', … } (alone 50 %, 30 %, 20 %)"),
    });
  });
  it('takes what is within', async () => {
    const { manifest } = await pack(options('liveness', { quantize: 'uint8', budget: { bytes: 200_000, mflop: 14, goldenError: 0.01 } }));
    expect(manifest.quantized?.maxError).toBeLessThan(0.01);
  });
});
