/** The reference of `requantize`: TensorFlow Lite's products with a fixed-point factor, in exact whole numbers. */
import { sizeOf } from '../../base/dtype.js';
import { broadcastStrides, eachRow, stridesOf } from '../../base/strided.js';
import type { QUANTIZATION_OPS } from '../../graph/ops/quantization.js';
import type { Tensor } from '../../graph/tensor.js';
import type { Kernels } from './kernel.js';
import { narrow, wide, wideArray } from './wide.js';

/** A shift below this makes every product 0; one above it would leave int32 for every number but 0. */
const [MIN_SHIFT, MAX_SHIFT] = [-31, 30];

/** (a · multiplier + half) / 2^31 for an int32 and a multiplier of 0 to 2^31 - 1, rounded to the nearest, halves upwards. */
function highProduct(a: number, multiplier: number): number {
  const size = Math.abs(a);
  // A half is added to a product above 0, and a half less one is taken from one below; the quotient is then cut. Every term is exact in
  // float64: the upper 16 bits of the product's 63 are split off before the lower ones are added.
  const half = a < 0 ? 2 ** 30 - 1 : 2 ** 30;
  const upper = Math.floor(size / 2 ** 16) * multiplier;
  const lower = (size % 2 ** 16) * multiplier + half;
  const quotient = Math.floor(upper / 2 ** 15) + Math.floor(((upper % 2 ** 15) * 2 ** 16 + lower) / 2 ** 31);
  return a < 0 ? -quotient : quotient;
}

/** a / 2^places, rounded to the nearest, halves away from zero. */
function dividedByPower(a: number, places: number): number {
  const quotient = Math.floor((Math.abs(a) + (places === 0 ? 0 : 2 ** (places - 1))) / 2 ** places);
  return a < 0 ? -quotient : quotient;
}

/** An int32 times multiplier · 2^(shift - 31). What a left shift pushes out of int32 is lost. */
const product32 = (a: number, multiplier: number, shift: number): number =>
  dividedByPower(highProduct(shift > 0 ? (a * 2 ** shift) | 0 : a, multiplier), Math.max(0, -shift));

/** A sum of up to 48 bits times multiplier · 2^(shift - 31), of whose multiplier 16 bits are kept. */
function product64(a: number, multiplier: number, shift: number): number {
  const short = multiplier < 0x7fff0000 ? Math.floor((multiplier + 2 ** 15) / 2 ** 16) : 0x7fff;
  const places = BigInt(15 - shift);
  return Number((BigInt(a) * BigInt(short) + (1n << (places - 1n))) >> places);
}

function checkFactor(multiplier: number, shift: number): void {
  if (multiplier < 0 || shift < MIN_SHIFT || shift > MAX_SHIFT)
    throw new RangeError(`takes multipliers from 0 and shifts from ${MIN_SHIFT} to ${MAX_SHIFT}, but got ${multiplier} and ${shift}`);
}

export const QUANTIZATION_KERNELS: Kernels<keyof typeof QUANTIZATION_OPS> = {
  requantize: ({ inputs, attributes: { zeroPoint, min, max, to }, shapes: [shape] }) => {
    const tensors = inputs as readonly [Tensor, Tensor, Tensor];
    const sizes = shape as readonly number[];
    const strides = tensors.map((each) => broadcastStrides(each.shape, sizes));
    const [sums, multipliers, shifts] = tensors.map(({ data }) => wide(data)) as [Float64Array, Float64Array, Float64Array];
    const product = tensors[0].dataType === 'int64' ? product64 : product32;
    const results = wideArray(to, sizeOf(sizes));
    eachRow(sizes, [stridesOf(sizes), ...strides], (starts, length, steps) => {
      const [start, startA, startM, startS] = starts as readonly [number, number, number, number];
      const [, stepA, stepM, stepS] = steps as readonly [number, number, number, number];
      for (let index = 0; index < length; index++) {
        const [multiplier, shift] = [multipliers[startM + index * stepM] as number, shifts[startS + index * stepS] as number];
        checkFactor(multiplier, shift);
        const value = product(sums[startA + index * stepA] as number, multiplier, shift) + zeroPoint;
        results[start + index] = Math.min(Math.max(value, min), max);
      }
    });
    return [{ dataType: to, shape: sizes, data: narrow(to, results) }];
  },
};
