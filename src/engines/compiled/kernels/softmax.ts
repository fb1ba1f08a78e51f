/** Softmax of rows: e^(x - max) / Σe^(x - max). */
import type { Callable } from '../asm/function.js';
import { f32x4, v128 } from '../asm/vector.js';
import { exp } from './exponential.js';
import type { Kernels } from './kernel.js';
import { foldLanes } from './reduce.js';

/**
 * Parameters: the addresses of the rows and of the output, which may be the same.
 * Lanes behind a row's end are left out: of the last vector only those within the row count.
 */
export const softmax = (kernels: Kernels, rows: number, length: number): Callable =>
  kernels.define(`softmax ${rows} ${length}`, ['i32', 'i32'], undefined, (body, from, to) => {
    const vectors = Math.floor(length / 4);
    const rest = length % 4;
    const least = f32x4.const(Number.NEGATIVE_INFINITY);
    const inside = v128.const([0, 1, 2, 3]);
    const isInside = f32x4.lt(inside, f32x4.const(rest));
    const eachVector = (write: (place: typeof from, isLast: boolean) => void): void => {
      const place = body.let(from);
      if (vectors > 0)
        body.repeat(vectors, () => {
          write(place, false);
          body.advance(place, 16);
        });
      if (rest > 0) write(place, true);
    };
    body.repeat(rows, () => {
      const greatest = body.let(least);
      eachVector((place, isLast) => {
        const x = body.let(v128.load(place));
        body.set(greatest, f32x4.max(greatest, isLast ? v128.select(x, least, isInside) : x));
      });
      foldLanes(body, greatest, f32x4.max);
      const sum = body.let(f32x4.const(0));
      const out = body.let(to);
      eachVector((place, isLast) => {
        const power = body.let(exp(kernels)(f32x4.sub(v128.load(place), greatest)));
        body.set(sum, f32x4.add(sum, isLast ? v128.and(power, isInside) : power));
        body.storeLanes(out, power, isLast ? rest : 4);
        body.advance(out, 16);
      });
      foldLanes(body, sum, f32x4.add);
      const factor = body.let(f32x4.div(f32x4.const(1), sum));
      const place = body.let(to);
      const scale = (lanes: number): void => {
        const value = body.let(f32x4.mul(v128.load(place), factor));
        body.storeLanes(place, value, lanes);
        body.advance(place, 16);
      };
      if (vectors > 0) body.repeat(vectors, () => scale(4));
      if (rest > 0) scale(rest);
      body.advance(from, 4 * length);
      body.advance(to, 4 * length);
    });
  });
