/** Rows are moved to mean 0 and variance 1, then scaled. */
import type { V128 } from '../asm/code.js';
import type { Callable, Local } from '../asm/function.js';
import { f32x4, v128 } from '../asm/vector.js';
import type { Kernels } from './kernel.js';
import { foldLanes } from './reduce.js';

export interface NormalizationShape {
  readonly rows: number;
  readonly length: number;
  readonly epsilon: number;
  readonly hasScale: boolean;
  readonly hasBias: boolean;
}

/**
 * The mean is taken first, then the squares of the distances from it, since a difference of two large sums has few digits.
 * Parameters: the addresses of the rows, of the scales, of the biases and of the output, which may be that of the rows.
 */
export const layerNormalization = (kernels: Kernels, shape: NormalizationShape): Callable => {
  const { rows, length, epsilon, hasScale, hasBias } = shape;
  const vectors = Math.floor(length / 4);
  const rest = length % 4;
  return kernels.define(
    `layer normalization ${JSON.stringify(shape)}`,
    ['i32', 'i32', 'i32', 'i32'],
    undefined,
    (body, from, scales, biases, to) => {
      const isInside = f32x4.lt(v128.const([0, 1, 2, 3]), f32x4.const(rest));
      /** Adds up what a function makes of all vectors of a row, and leaves the total in all lanes. */
      const total = (of: (x: Local<'v128'>) => V128): Local<'v128'> => {
        const sum = body.let(f32x4.const(0));
        const place = body.let(from);
        const add = (lanes: number): void => {
          const term = of(body.let(v128.load(place)));
          body.set(sum, f32x4.add(sum, lanes === 4 ? term : v128.and(term, isInside)));
          body.advance(place, 16);
        };
        if (vectors > 0) body.repeat(vectors, () => add(4));
        if (rest > 0) add(rest);
        foldLanes(body, sum, f32x4.add);
        return sum;
      };
      body.repeat(rows, () => {
        const mean = total((x) => x);
        body.set(mean, f32x4.mul(mean, f32x4.const(1 / length)));
        const variance = total((x) => {
          const distance = body.let(f32x4.sub(x, mean));
          return f32x4.mul(distance, distance);
        });
        const deviation = f32x4.sqrt(f32x4.add(f32x4.mul(variance, f32x4.const(1 / length)), f32x4.const(epsilon)));
        const factor = body.let(f32x4.div(f32x4.const(1), deviation));
        const [scale, bias] = [body.let(scales), body.let(biases)];
        const normalize = (lanes: number): void => {
          const value = f32x4.mul(f32x4.sub(v128.load(from), mean), factor);
          const scaled = hasScale ? f32x4.mul(value, v128.load(scale)) : value;
          body.storeLanes(to, body.let(hasBias ? f32x4.add(scaled, v128.load(bias)) : scaled), lanes);
          for (const each of [from, to]) body.advance(each, 4 * lanes);
          for (const each of [scale, bias]) body.advance(each, 16);
        };
        if (vectors > 0) body.repeat(vectors, () => normalize(4));
        if (rest > 0) normalize(rest);
      });
    },
  );
};
