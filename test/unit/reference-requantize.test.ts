/**
 * The reference's rounding of quantised sums. Every value is worked out by hand from Jacob et al., Quantization and Training of Neural
 * Networks for Efficient Integer-Arithmetic-Only Inference (2017), and from the rounding that gemmlowp's fixed-point arithmetic defines.
 */
import { expect, it } from 'vitest';
import { answer } from '../fixtures/one-op.js';
import { ints, tensor } from '../fixtures/tensors.js';

const HALF = 2 ** 30;
const int8 = { zeroPoint: 0, min: -128, max: 127, to: 'int8' } as const;

const requantized = (
  sums: readonly number[],
  multiplier: number,
  shift: number,
  attributes: Parameters<typeof answer<'requantize'>>[2] = int8,
) => Array.from(answer('requantize', [ints(sums), ints([multiplier]), ints([shift])], attributes).data);

// 2^30 · 2^(0 - 31) is 0.5. Halves go upwards: 1.5 becomes 2, and -1.5 becomes -1.
it('rounds halves of the product upwards', () => expect(requantized([3, -3, 4, -5, 0], HALF, 0)).toEqual([2, -1, 2, -2, 0]));

// 0.25 divides by 2 twice, and rounds twice: 5 becomes 2.5, so 3, so 1.5, so 2, although 1.25 is next to 1. The second rounding is away from zero.
it('rounds once more behind a right shift, away from zero', () =>
  expect(requantized([5, 6, -6, 7, 1], HALF, -1)).toEqual([2, 2, -2, 2, 1]));

// 0.75 · 2^31 shifted left by 1 is 1.5.
it('shifts left before it multiplies', () => expect(requantized([3, -3, 10], 1_610_612_736, 1)).toEqual([5, -4, 15]));

it('adds the zero point before it bounds', () =>
  expect(requantized([3, 300, -300, 20], HALF, 0, { zeroPoint: -10, min: -10, max: 100, to: 'int8' })).toEqual([-8, 100, -10, 0]));

// 2^31 - 1 times (2^31 - 1) / 2^31 is 2^31 - 2 + 2^-31; -2^31 times it is -(2^31 - 1).
it('is exact for 32 bits by 31 bits', () => {
  const int32 = { zeroPoint: 0, min: -(2 ** 31), max: 2 ** 31 - 1, to: 'int32' } as const;
  expect(requantized([2 ** 31 - 1, -(2 ** 31), 123_456_789], 2 ** 31 - 1, 0, int32)).toEqual([2 ** 31 - 2, -(2 ** 31) + 1, 123_456_789]);
});

it('takes a factor for each channel', () => {
  const sums = ints([8, 8, 8, -8, -8, -8], [2, 3]);
  const given = [sums, ints([HALF, HALF, 0]), ints([0, -2, 0])] as const;
  expect(Array.from(answer('requantize', given, int8).data)).toEqual([4, 1, 0, -4, -1, 0]);
});

// The multiplier becomes 2^14 (0.25 = 2^14 / 2^16), and (sum · 2^14 + 2^15) / 2^16 is rounded down.
it('rounds sums of 64 bits once', () => {
  const int16 = { zeroPoint: 0, min: -32768, max: 32767, to: 'int16' } as const;
  const sums = tensor('int64', [5, 6, -6, 7, 2 ** 40]);
  expect(Array.from(answer('requantize', [sums, ints([HALF]), ints([-1])], int16).data)).toEqual([1, 2, -1, 2, 32767]);
  // A multiplier that would round to 2^15 stays 2^15 - 1: 65536 · (2^15 - 1) / 2^15 is 65534.
  const least = tensor('int64', [16_384]);
  expect(Array.from(answer('requantize', [least, ints([2 ** 31 - 1]), ints([0])], int16).data)).toEqual([16_384]);
});

it.each([
  [[ints([1], [1]), ints([HALF, HALF]), ints([0])], int8, 'broadcast'],
  [[tensor('int8', [1]), ints([HALF]), ints([0])], int8, 'int32 or int64'],
  [[ints([1]), ints([HALF]), ints([0])], { ...int8, max: 128 }, 'no range'],
  [[ints([1]), ints([-1]), ints([0])], int8, 'multipliers from 0'],
] as const)('refuses what is no factor or range (%#)', (inputs, attributes, problem) =>
  expect(() => answer('requantize', inputs, attributes)).toThrow(problem),
);

it('convolves whole numbers exactly where float32 would round', () => {
  const window = { strides: [1, 1], dilations: [1, 1], autoPad: 'explicit', padding: [0, 0, 0, 0], groups: 1 } as const;
  const sums = answer('conv2d', [ints([30_000, 1], [1, 1, 1, 2]), ints([30_000, 1], [1, 1, 2, 1]), ints([2])], window);
  expect([sums.dataType, ...sums.data]).toEqual(['int32', 900_000_003]);
});
