/** Pools: the greatest, the mean or the root of squares of the elements under a window. */
import type { I32, V128 } from '../asm/code.js';
import type { Callable, FunctionBuilder, Local } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { f32x4, i32x4, v128 } from '../asm/vector.js';
import { lowerHalf, upperHalf } from './float64.js';
import type { Kernels } from './kernel.js';

/** Windows of so few places are written without a loop. */
const MAX_UNROLLED = 9;

export interface PoolShape {
  /** Whole numbers are added up in halves, as {@link meanOfHalves} takes them. */
  readonly kind: 'max' | 'average' | 'l2' | 'wholeMax' | 'upperSum' | 'lowerSum';
  readonly channels: number;
  /** The width of the input with its padding. */
  readonly inputWidth: number;
  readonly outputHeight: number;
  readonly outputWidth: number;
  readonly window: readonly [height: number, width: number];
  readonly strides: readonly [y: number, x: number];
  readonly dilations: readonly [y: number, x: number];
}

interface Fold {
  readonly initial: V128;
  readonly add: (kernels: Kernels, sum: V128, element: V128) => V128;
}

const FOLDS: Readonly<Record<PoolShape['kind'], Fold>> = {
  // One instruction on x64, where a maximum that keeps NaN is eight. NaN is kept beside it.
  max: { initial: f32x4.const(Number.NEGATIVE_INFINITY), add: (_, sum, element) => f32x4.pmax(element, sum) },
  average: { initial: f32x4.const(0), add: (_, sum, element) => f32x4.add(sum, element) },
  l2: { initial: f32x4.const(0), add: (kernels, sum, element) => kernels.multiplyAdd(element, element, sum) },
  wholeMax: { initial: i32x4.const(-(2 ** 31)), add: (_, sum, element) => i32x4.max(sum, element) },
  upperSum: { initial: i32x4.const(0), add: (_, sum, element) => i32x4.add(sum, upperHalf(element)) },
  lowerSum: { initial: i32x4.const(0), add: (_, sum, element) => i32x4.add(sum, lowerHalf(element)) },
};

/**
 * Pools a picture whose padding lies around it.
 * Parameters: the addresses of the picture, of the output, and for means of the factors: one for each place of the output.
 */
export function pool(kernels: Kernels, shape: PoolShape): Callable {
  const { kind, channels, inputWidth, outputHeight, outputWidth, strides } = shape;
  const pixelBytes = 4 * channels;
  const lineBytes = inputWidth * pixelBytes;
  return kernels.define(`pool ${JSON.stringify(shape)}`, ['i32', 'i32', 'i32'], undefined, (body, input, out, factors) => {
    body.repeat(outputHeight, () => {
      const from = body.let(input);
      body.repeat(outputWidth, () => {
        const pixel = body.let(from);
        const factor = kind === 'average' ? body.let(v128.load32Splat(factors)) : undefined;
        const four = (lanes: number): void => {
          const sum = writeWindow(kernels, body, shape, pixel);
          if (factor !== undefined) body.set(sum, f32x4.mul(sum, factor));
          if (kind === 'l2') body.set(sum, f32x4.sqrt(sum));
          body.storeLanes(out, sum, lanes);
          body.advance(pixel, 4 * lanes);
          body.advance(out, 4 * lanes);
        };
        const vectors = Math.floor(channels / 4);
        if (vectors > 0) body.repeat(vectors, () => four(4));
        if (channels % 4 > 0) four(channels % 4);
        body.advance(from, strides[1] * pixelBytes);
        if (factor !== undefined) body.advance(factors, 4);
      });
      body.set(input, i32.offset(input, strides[0] * lineBytes));
    });
  });
}

/** Folds the elements under a window, of four channels. */
function writeWindow(
  kernels: Kernels,
  body: FunctionBuilder,
  { kind, channels, inputWidth, window: [height, width], dilations }: PoolShape,
  first: I32,
): Local<'v128'> {
  const { initial, add } = FOLDS[kind];
  const [stepX, stepY] = [dilations[1] * 4 * channels, dilations[0] * 4 * channels * inputWidth];
  const sum = body.let(initial);
  const unordered = kind === 'max' ? body.let(f32x4.const(0)) : undefined;
  const element = (from: I32, offset: number): void => {
    const value = body.let(v128.load(from, offset));
    body.set(sum, add(kernels, sum, value));
    if (unordered !== undefined) body.set(unordered, v128.or(unordered, f32x4.ne(value, value)));
  };
  if (height * width <= MAX_UNROLLED) {
    for (let row = 0; row < height; row++) for (let column = 0; column < width; column++) element(first, row * stepY + column * stepX);
  } else {
    const row = body.let(first);
    body.repeat(height, () => {
      const place = body.let(row);
      body.repeat(width, () => {
        element(place, 0);
        body.advance(place, stepX);
      });
      body.advance(row, stepY);
    });
  }
  // All bits of a place without an order are ones, which is NaN.
  if (unordered !== undefined) body.set(sum, v128.or(sum, unordered));
  return sum;
}
