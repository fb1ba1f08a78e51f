/** Reductions that several ops are made of. */
import type { V128 } from '../asm/code.js';
import { f32x4, i32x4 } from '../asm/vector.js';
import type { Reduction } from './reduce.js';

export const FLOAT_SUM: Reduction = { name: 'sum', neutral: f32x4.const(0), combine: f32x4.add };
export const FLOAT_MAX: Reduction = { name: 'max', neutral: f32x4.const(Number.NEGATIVE_INFINITY), combine: f32x4.max };
export const FLOAT_PRODUCT: Reduction = { name: 'product', neutral: f32x4.const(1), combine: f32x4.mul };
export const WHOLE_SUM: Reduction = { name: 'whole sum', neutral: i32x4.const(0), combine: i32x4.add };
export const WHOLE_PRODUCT: Reduction = { name: 'whole product', neutral: i32x4.const(1), combine: i32x4.mul };

/** The mean of floats. @param count how many elements become one */
export const floatMean = (count: number): Reduction => ({
  ...{ ...FLOAT_SUM, name: `mean of ${count}` },
  after: (_, sum) => f32x4.mul(sum, f32x4.const(1 / count)),
});

/** The square of each element. @param multiply an instruction of the element type */
export const squared =
  (multiply: (a: V128, b: V128) => V128): NonNullable<Reduction['before']> =>
  (body, given) => {
    const element = body.let(given);
    return multiply(element, element);
  };

/** The sum of squares of floats. */
export const SQUARE_SUM: Reduction = {
  ...{ ...FLOAT_SUM, name: 'sum of squares' },
  before: squared(f32x4.mul),
};
