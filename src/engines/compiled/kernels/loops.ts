/** Nested loops over tensors, each with a step of its own along every axis. */
import type { FunctionBuilder, Local } from '../asm/function.js';

/** The axes of loops, outermost first, and how many elements each tensor moves for a step along each axis. */
export interface Axes {
  readonly sizes: readonly number[];
  /** A list for each tensor, with a step for each axis. A step of 0 repeats, as broadcasting does. */
  readonly strides: readonly (readonly number[])[];
}

/** The strides of a tensor whose elements lie row by row. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const size of shape.toReversed()) {
    strides.unshift(stride);
    stride *= size;
  }
  return strides;
}

/** The strides with which a tensor runs along when it is broadcast to a shape. */
export function broadcastStrides(shape: readonly number[], to: readonly number[]): number[] {
  const own = rowMajor(shape);
  const missing = to.length - shape.length;
  return to.map((size, axis) => (axis < missing || (shape[axis - missing] === 1 && size !== 1) ? 0 : (own[axis - missing] as number)));
}

/** Fewer axes with the same elements in the same order: axes of size 1 go, and neighbours that every tensor runs through as one become one. */
export function collapse({ sizes, strides }: Axes): Axes {
  const kept: { size: number; steps: readonly number[] }[] = [];
  for (const [axis, size] of sizes.entries()) {
    if (size === 1) continue;
    const steps = strides.map((each) => each[axis] as number);
    const outer = kept.at(-1);
    if (outer?.steps.every((step, tensor) => step === (steps[tensor] as number) * size))
      kept.splice(-1, 1, { size: outer.size * size, steps });
    else kept.push({ size, steps });
  }
  if (kept.length === 0) kept.push({ size: 1, steps: strides.map(() => 1) });
  return { sizes: kept.map(({ size }) => size), strides: strides.map((_, tensor) => kept.map(({ steps }) => steps[tensor] as number)) };
}

/** Writes the loops around the innermost axis. @param inner writes what is done there; it may move the pointers that it gets */
export function writeOuterLoops(
  body: FunctionBuilder,
  { sizes, strides }: Axes,
  pointers: readonly Local<'i32'>[],
  inner: (pointers: readonly Local<'i32'>[]) => void,
  axis = 0,
): void {
  if (axis === sizes.length - 1) {
    inner(pointers);
    return;
  }
  const own = pointers.map((each) => body.let(each));
  body.repeat(sizes[axis] as number, () => {
    const copies = own.map((each) => body.let(each));
    writeOuterLoops(body, { sizes, strides }, copies, inner, axis + 1);
    for (const [tensor, pointer] of own.entries()) {
      const step = 4 * (strides[tensor]?.[axis] as number);
      if (step !== 0) body.advance(pointer, step);
    }
  });
}
