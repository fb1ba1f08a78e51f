/**
 * Factors as TensorFlow Lite multiplies whole numbers with them: a fraction of 31 bits and a power of two (Jacob et al., Quantization and
 * Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, 2017, §2.2).
 */
import type { TypedValue, Value } from '../../../../graph/graph.js';
import type { OpAttributes } from '../../../../graph/ops/index.js';
import type { Call } from '../call.js';

/** multiplier · 2^(shift - 31). */
export interface FixedPoint {
  readonly multiplier: number;
  readonly shift: number;
}

/** The nearest factor that has a multiplier of 2^30 to 2^31 - 1; 0 where a shift of 31 to the right leaves nothing. */
export function fixedPoint(factor: number): FixedPoint {
  if (!(factor > 0)) return { multiplier: 0, shift: 0 };
  let shift = Math.floor(Math.log2(factor)) + 1;
  // A logarithm next to a whole number may be rounded to it.
  if (factor / 2 ** shift >= 1) shift++;
  if (factor / 2 ** shift < 0.5) shift--;
  const rounded = Math.round((factor / 2 ** shift) * 2 ** 31);
  const [multiplier, power] = rounded === 2 ** 31 ? [2 ** 30, shift + 1] : [rounded, shift];
  if (power < -31) return { multiplier: 0, shift: 0 };
  return power > 30 ? { multiplier: 2 ** 31 - 1, shift: 30 } : { multiplier, shift: power };
}

/** Adds the op that multiplies sums. @param factors one, or one for each place along the last axis */
export function rescaled(call: Call, sums: Value, factors: readonly FixedPoint[], attributes: OpAttributes['requantize']): TypedValue {
  const shape = factors.length === 1 ? [] : [factors.length];
  const list = (field: keyof FixedPoint) =>
    call.numbers(
      'int32',
      factors.map((each) => each[field]),
      shape,
    );
  return call.step('requantize', [sums, list('multiplier'), list('shift')], attributes);
}

/** Sums times a factor, which more sums are added to. */
export const inInt32 = (call: Call, sums: Value, factor: FixedPoint): TypedValue =>
  rescaled(call, sums, [factor], { zeroPoint: 0, min: -(2 ** 31), max: 2 ** 31 - 1, to: 'int32' });
