/** Single elements at computed places along an axis: taken one by one, or put there. */
import type { I32 } from '../asm/code.js';
import type { Callable, FunctionBuilder, Local } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { v128 } from '../asm/vector.js';
import { boundedIndex } from './bounded-index.js';
import type { Kernels } from './kernel.js';
import { collapse, rowMajor, writeOuterLoops } from './loops.js';
import type { Combination } from './scatter.js';

export interface ElementsShape {
  /** The shape of the indices. */
  readonly sizes: readonly number[];
  /** The shape of the tensor, along whose other axes the indices run from its begin. */
  readonly shape: readonly number[];
  readonly axis: number;
}

/** Takes elements. Parameters: the addresses of the tensor, of the indices and of the output. */
export const gatherElements = (kernels: Kernels, shape: ElementsShape): Callable =>
  eachElement(kernels, 'gather elements', shape, (body, place, element) => body.store(element, i32.load(place)));

/** Puts elements, one after the other. Parameters: the addresses of the tensor, of the indices and of the elements. */
export const scatterElements = (kernels: Kernels, shape: ElementsShape, { name, write }: Combination): Callable =>
  eachElement(kernels, `scatter elements ${name}`, shape, (body, place, element) =>
    body.storeLanes(place, body.let(write(v128.load32Splat(place), v128.load32Splat(element))), 1),
  );

/** @param write gets the address of the place in the tensor, and that of the element with the index's number */
function eachElement(
  kernels: Kernels,
  name: string,
  given: ElementsShape,
  write: (body: FunctionBuilder, place: I32, element: I32) => void,
): Callable {
  const { sizes, shape, axis } = given;
  const strides = rowMajor(shape);
  const axes = collapse({ sizes, strides: [strides.with(axis, 0), rowMajor(sizes)] });
  const [step, next] = axes.strides.map((each) => 4 * (each.at(-1) as number)) as [number, number];
  const parameters = ['i32', 'i32', 'i32'] as const;
  return kernels.define(`${name} ${JSON.stringify(given)}`, parameters, undefined, (body, tensor, indices, elements) => {
    const distance = body.let(i32.sub(elements, indices));
    writeOuterLoops(body, axes, [tensor, indices], (pointers) => {
      const [line, index] = pointers as [Local<'i32'>, Local<'i32'>];
      body.repeat(axes.sizes.at(-1) as number, () => {
        const along = boundedIndex(body, i32.load(index), shape[axis] as number);
        const place = body.let(i32.add(line, i32.mul(along, i32.const(4 * (strides[axis] as number)))));
        write(body, place, body.let(i32.add(index, distance)));
        body.advance(line, step);
        body.advance(index, next);
      });
    });
  });
}
