/** Combines the elements along some axes into one. */
import type { V128 } from '../asm/code.js';
import type { Callable, FunctionBuilder, Local } from '../asm/function.js';
import { lanes, v128 } from '../asm/vector.js';
import type { Kernels } from './kernel.js';
import { type Axes, collapse, writeOuterLoops } from './loops.js';

/** How elements are combined. Every function works on four elements at once. */
export interface Reduction {
  readonly name: string;
  /** Changes nothing where it is combined with another element. */
  readonly neutral: V128;
  readonly before?: (body: FunctionBuilder, element: V128) => V128;
  readonly combine: (a: V128, b: V128) => V128;
  readonly after?: (body: FunctionBuilder, result: V128) => V128;
}

/**
 * Reduces a tensor.
 * Parameters: the addresses of the tensor and of the output.
 * @param kept axes of the output, with the strides of the tensor and of the output
 * @param gone the axes that are combined, with the strides of the tensor
 */
export function reduce(kernels: Kernels, kept: Axes, gone: Axes, reduction: Reduction): Callable {
  const outer = collapse(kept);
  const inner = collapse(gone);
  const name = `reduce ${JSON.stringify([outer, inner])} ${reduction.name}`;
  const step = outer.strides[0]?.at(-1) as number;
  return kernels.define(name, ['i32', 'i32'], undefined, (body, from, to) => {
    const prepared = (element: V128): V128 => reduction.before?.(body, element) ?? element;
    const finished = (result: V128): V128 => reduction.after?.(body, result) ?? result;
    writeOuterLoops(body, outer, [from, to], (own) => {
      const [read, write] = own as [Local<'i32'>, Local<'i32'>];
      const size = outer.sizes.at(-1) as number;
      // Outputs that are made of neighbouring elements are computed four at a time.
      const areNeighbours = step === 1 && size > 1;
      const one = (stored: number): void => {
        const result = areNeighbours
          ? columnwise(body, inner, read, reduction, prepared)
          : acrossLanes(body, inner, read, reduction, prepared);
        body.set(result, finished(result));
        body.storeLanes(write, result, stored);
      };
      if (!areNeighbours) {
        body.repeat(size, () => {
          one(1);
          body.advance(read, 4 * step);
          body.advance(write, 4);
        });
        return;
      }
      const vectors = Math.floor(size / 4);
      if (vectors > 0)
        body.repeat(vectors, () => {
          one(4);
          body.advance(read, 16);
          body.advance(write, 16);
        });
      if (size % 4 > 0) one(size % 4);
    });
  });
}

/** Four results, each of elements that do not lie side by side. */
function columnwise(
  body: FunctionBuilder,
  axes: Axes,
  read: Local<'i32'>,
  { neutral, combine }: Reduction,
  prepared: (element: V128) => V128,
): Local<'v128'> {
  const result = body.let(neutral);
  writeOuterLoops(body, axes, [body.let(read)], ([place]) => {
    const address = place as Local<'i32'>;
    body.repeat(axes.sizes.at(-1) as number, () => {
      body.set(result, combine(result, prepared(v128.load(address))));
      body.advance(address, 4 * (axes.strides[0]?.at(-1) as number));
    });
  });
  return result;
}

/** One result, in all lanes. */
function acrossLanes(
  body: FunctionBuilder,
  axes: Axes,
  read: Local<'i32'>,
  { neutral, combine }: Reduction,
  prepared: (element: V128) => V128,
): Local<'v128'> {
  const result = body.let(neutral);
  const step = axes.strides[0]?.at(-1) as number;
  const size = axes.sizes.at(-1) as number;
  const vectors = step === 1 ? Math.floor(size / 4) : 0;
  const alone = body.let(neutral);
  writeOuterLoops(body, axes, [body.let(read)], ([place]) => {
    const address = place as Local<'i32'>;
    if (vectors > 0)
      body.repeat(vectors, () => {
        body.set(result, combine(result, prepared(v128.load(address))));
        body.advance(address, 16);
      });
    if (size > 4 * vectors)
      body.repeat(size - 4 * vectors, () => {
        body.set(alone, combine(alone, prepared(v128.load32Splat(address))));
        body.advance(address, 4 * step);
      });
  });
  if (vectors > 0) foldLanes(body, result, combine);
  body.set(result, combine(result, alone));
  return result;
}

/** Combines the four lanes of a vector: then each of them has the result. */
export function foldLanes(body: FunctionBuilder, vector: Local<'v128'>, combine: (a: V128, b: V128) => V128): void {
  for (const order of [lanes(2, 3, 0, 1), lanes(1, 0, 3, 2)]) body.set(vector, combine(vector, v128.shuffle(vector, vector, order)));
}
