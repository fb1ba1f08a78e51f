/** Copies of tensors whose elements move: transposes, slices, parts of a concatenation, repeats. */
import type { V128 } from '../asm/code.js';
import type { Callable, FunctionBuilder, Local } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { i32x4, v128 } from '../asm/vector.js';
import type { Kernels } from './kernel.js';
import { type Axes, collapse, writeOuterLoops } from './loops.js';

/** So many vectors of a run are moved in one turn of a loop; shorter runs have no loop at all. */
const VECTORS_A_TURN = 8;

/** Copies the elements of one tensor to places of another one. Parameters: the addresses of the first element of either. */
export function copy(kernels: Kernels, given: Axes): Callable {
  const axes = collapse(given);
  const size = axes.sizes.at(-1) as number;
  const [from, to] = axes.strides.map((each) => each.at(-1) as number) as [number, number];
  return kernels.define(`copy ${JSON.stringify(axes)}`, ['i32', 'i32'], undefined, (body, source, target) => {
    writeOuterLoops(body, axes, [source, target], (pointers) => {
      const [read, write] = pointers as [Local<'i32'>, Local<'i32'>];
      if (from === 1 && to === 1) return writeRun(body, size, pointers, (offset) => v128.load(read, offset));
      body.repeat(size, () => {
        body.store(write, i32.load(read));
        body.advance(read, 4 * from);
        body.advance(write, 4 * to);
      });
    });
  });
}

/** Sets elements to one value. Parameters: the address of the first element. @param value its bits */
export function fill(kernels: Kernels, given: Axes, value: number): Callable {
  const axes = collapse(given);
  const size = axes.sizes.at(-1) as number;
  const step = axes.strides[0]?.at(-1) as number;
  return kernels.define(`fill ${JSON.stringify(axes)} ${value}`, ['i32'], undefined, (body, target) => {
    const four = body.let(i32x4.const(value));
    writeOuterLoops(body, axes, [target], (pointers) => {
      if (step === 1) return writeRun(body, size, pointers, () => four);
      const [write] = pointers as [Local<'i32'>];
      body.repeat(size, () => {
        body.storeLanes(write, four, 1);
        body.advance(write, 4 * step);
      });
    });
  });
}

/** Writes elements that lie side by side. @param pointers move along; the last one is where elements are written @param four gives four of them */
export function writeRun(body: FunctionBuilder, size: number, pointers: readonly Local<'i32'>[], four: (offset: number) => V128): void {
  const write = pointers.at(-1) as Local<'i32'>;
  const vectors = (count: number): void => {
    for (let index = 0; index < count; index++) body.store(write, four(16 * index), 16 * index);
  };
  const all = Math.floor(size / 4);
  const turns = Math.floor(all / VECTORS_A_TURN);
  if (turns > 0)
    body.repeat(turns, () => {
      vectors(VECTORS_A_TURN);
      for (const each of pointers) body.advance(each, 16 * VECTORS_A_TURN);
    });
  const left = all % VECTORS_A_TURN;
  vectors(left);
  if (size % 4 > 0) body.storeLanes(write, body.let(four(16 * left)), size % 4, 16 * left);
}
