/** Whole numbers that grow by equal steps, as they are or as floats. */
import type { Callable } from '../asm/function.js';
import { f32x4, i32x4, v128 } from '../asm/vector.js';
import type { Kernels } from './kernel.js';

export interface SequenceShape {
  readonly start: number;
  readonly step: number;
  readonly count: number;
  readonly isFloat: boolean;
}

/** Up to three numbers are written behind the last one, for which every tensor has room. Parameters: the address of the output. */
export const sequence = (kernels: Kernels, shape: SequenceShape): Callable =>
  kernels.define(`sequence ${JSON.stringify(shape)}`, ['i32'], undefined, (body, to) => {
    const { start, step, count, isFloat } = shape;
    const places = i32x4.fromF32(v128.const([0, 1, 2, 3]));
    const numbers = body.let(i32x4.add(i32x4.const(start), i32x4.mul(places, i32x4.const(step))));
    body.repeat(Math.ceil(count / 4), () => {
      body.store(to, isFloat ? f32x4.fromI32(numbers) : numbers);
      body.set(numbers, i32x4.add(numbers, i32x4.const(4 * step)));
      body.advance(to, 16);
    });
  });
