/** Local response normalisation: each channel is divided by a power of the squares of its neighbours. */
import type { Callable } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { f32x4, v128 } from '../asm/vector.js';
import { exp } from './exponential.js';
import type { Kernels } from './kernel.js';
import { log } from './logarithm.js';

export interface LocalResponseShape {
  readonly pixels: number;
  readonly channels: number;
  /** Channels on either side. Before and behind the channels of a pixel lie as many zeros. */
  readonly radius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}

/** x / (bias + alpha · Σx²)^beta, for numbers above 0. Parameters: the addresses of the pixels with zeros around, and of the output. */
export const localResponse = (kernels: Kernels, shape: LocalResponseShape): Callable =>
  kernels.define(`local response ${JSON.stringify(shape)}`, ['i32', 'i32'], undefined, (body, from, to) => {
    const { pixels, channels, radius, bias, alpha, beta } = shape;
    const four = (lanes: number): void => {
      const sum = body.let(f32x4.const(0));
      const neighbour = body.let(from);
      body.repeat(2 * radius + 1, () => {
        const x = body.let(v128.load(neighbour));
        body.set(sum, kernels.multiplyAdd(x, x, sum));
        body.advance(neighbour, 4);
      });
      const base = kernels.multiplyAdd(sum, f32x4.const(alpha), f32x4.const(bias));
      const power = exp(kernels, body, f32x4.mul(log(kernels, body, base), f32x4.const(beta)));
      body.storeLanes(to, body.let(f32x4.div(v128.load(i32.offset(from, 4 * radius)), power)), lanes);
      for (const each of [from, to]) body.advance(each, 4 * lanes);
    };
    body.repeat(pixels, () => {
      if (channels >= 4) body.repeat(Math.floor(channels / 4), () => four(4));
      if (channels % 4 > 0) four(channels % 4);
      body.advance(from, 8 * radius);
    });
  });
