/** Running results along an axis: each output combines the elements up to its place. */
import type { Callable } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { v128 } from '../asm/vector.js';
import type { Kernels } from './kernel.js';
import type { Reduction } from './reduce.js';

export interface RunningShape {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  /** Whether the element at an output's own place is left out. */
  readonly isExclusive: boolean;
  /** Whether results run from the end to the begin. */
  readonly isReversed: boolean;
}

/** Lines that lie side by side run four at a time. Parameters: the addresses of the tensor and of the output, which may be the same. */
export const running = (kernels: Kernels, shape: RunningShape, reduction: Reduction): Callable =>
  kernels.define(`running ${JSON.stringify(shape)} ${reduction.name}`, ['i32', 'i32'], undefined, (body, from, to) => {
    const { outer, length, inner, isExclusive, isReversed } = shape;
    const lastBytes = 4 * (length - 1) * inner;
    const lines = (count: number): void => {
      const total = body.let(reduction.neutral);
      const [read, write] = [from, to].map((each) => body.let(i32.offset(each, isReversed ? lastBytes : 0))) as [typeof from, typeof to];
      body.repeat(length, () => {
        const next = body.let(reduction.combine(total, v128.load(read)));
        const result = isExclusive ? total : next;
        body.storeLanes(write, body.let(reduction.after?.(body, result) ?? result), count);
        body.set(total, next);
        for (const each of [read, write]) body.advance(each, isReversed ? -4 * inner : 4 * inner);
      });
      for (const each of [from, to]) body.advance(each, 4 * count);
    };
    body.repeat(outer, () => {
      if (inner >= 4) body.repeat(Math.floor(inner / 4), () => lines(4));
      if (inner % 4 > 0) lines(inner % 4);
      for (const each of [from, to]) body.advance(each, lastBytes);
    });
  });
