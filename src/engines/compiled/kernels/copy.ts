/** Copies of tensors whose elements move: transposes, slices, parts of a concatenation, repeats. */
import type { Callable } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { v128 } from '../asm/vector.js';
import type { Kernels } from './kernel.js';
import { type Axes, collapse, writeOuterLoops } from './loops.js';

/** Copies the elements of one tensor to places of another one. Parameters: the addresses of the first element of either. */
export function copy(kernels: Kernels, given: Axes): Callable {
  const axes = collapse(given);
  const size = axes.sizes.at(-1) as number;
  const [from, to] = axes.strides.map((each) => each.at(-1) as number) as [number, number];
  return kernels.define(`copy ${JSON.stringify(axes)}`, ['i32', 'i32'], undefined, (body, source, target) => {
    writeOuterLoops(body, axes, [source, target], ([read, write]) => {
      if (read === undefined || write === undefined) return;
      const isRun = from === 1 && to === 1;
      const vectors = isRun ? Math.floor(size / 4) : 0;
      if (vectors > 0)
        body.repeat(vectors, () => {
          body.store(write, v128.load(read));
          body.advance(read, 16);
          body.advance(write, 16);
        });
      const rest = size - 4 * vectors;
      if (rest > 0)
        body.repeat(rest, () => {
          body.store(write, i32.load(read));
          body.advance(read, 4 * from);
          body.advance(write, 4 * to);
        });
    });
  });
}

/** Sets elements to one value. Parameters: the address of the first element. */
export function fill(kernels: Kernels, given: Axes, value: number): Callable {
  const axes = collapse(given);
  const size = axes.sizes.at(-1) as number;
  const step = axes.strides[0]?.at(-1) as number;
  return kernels.define(`fill ${JSON.stringify(axes)} ${value}`, ['i32'], undefined, (body, target) => {
    const bits = body.let(i32.const(value));
    writeOuterLoops(body, axes, [target], ([write]) => {
      if (write === undefined) return;
      body.repeat(size, () => {
        body.store(write, bits);
        body.advance(write, 4 * step);
      });
    });
  });
}
