/** The place of the greatest or least element along an axis; of equal ones the first, and the first NaN before all numbers. */
import type { Callable } from '../asm/function.js';
import { f32, i32 } from '../asm/scalar.js';
import type { Kernels } from './kernel.js';

export interface ArgShape {
  readonly isGreatest: boolean;
  readonly isFloat: boolean;
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** Parameters: the addresses of the tensor and of the output. */
export const argExtreme = (kernels: Kernels, shape: ArgShape): Callable =>
  kernels.define(`arg ${JSON.stringify(shape)}`, ['i32', 'i32'], undefined, (body, from, to) => {
    const { isGreatest, isFloat, outer, length, inner } = shape;
    body.repeat(outer, () => {
      body.repeat(inner, () => {
        const place = body.let(from);
        const best = body.let(from);
        const found = body.let(i32.const(0));
        const index = body.let(i32.const(0));
        body.repeat(length, () => {
          const isBetter = isFloat
            ? beats(f32.load(place), f32.load(best), isGreatest)
            : isGreatest
              ? i32.gtS(i32.load(place), i32.load(best))
              : i32.ltS(i32.load(place), i32.load(best));
          body.if(isBetter, () => {
            body.set(best, place);
            body.set(found, index);
          });
          body.advance(place, 4 * inner);
          body.advance(index, 1);
        });
        body.store(to, found);
        body.advance(to, 4);
        body.advance(from, 4);
      });
      body.advance(from, 4 * (length - 1) * inner);
    });
  });

/** Whether a number takes the place of the best one so far: it is beyond that one, or the first NaN. */
const beats = (number: ReturnType<typeof f32.load>, best: ReturnType<typeof f32.load>, isGreatest: boolean) => {
  const isBeyond = isGreatest ? f32.gt(number, best) : f32.lt(number, best);
  return i32.or(isBeyond, i32.and(f32.ne(number, number), f32.eq(best, best)));
};
