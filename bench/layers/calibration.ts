/** The two bounds of a step: how fast one thread multiplies and adds, and how fast it copies. */
import { i32 } from '../../src/engines/compiled/asm/scalar.js';
import { f32x4, v128 } from '../../src/engines/compiled/asm/vector.js';
import { copy } from '../../src/engines/compiled/kernels/copy.js';
import { Kernels } from '../../src/engines/compiled/kernels/kernel.js';

/** As many sums as a tile of a matrix product has. */
const SUMS = 12;
const TURNS = 100_000;

/** Operations of one call of `multiply`: four multiplications and four additions in each sum. */
export const MULTIPLY_FLOP = TURNS * SUMS * 8;

const COPIED = 65_536;

/** Bytes that one call of `copy` reads and writes: as many as an activation has that no longer fits into the nearest cache. */
export const COPY_BYTES = 8 * COPIED;

/** A module with `multiply`, whose sums stay in registers, and `copy`. */
export function calibration(): Uint8Array<ArrayBuffer> {
  const kernels = new Kernels('relaxed');
  const { module } = kernels;
  const move = copy(kernels, { sizes: [COPIED], strides: [[1], [1]] });
  const multiply = module.function([], undefined, (body) => {
    const [factor, summand] = [1, 0].map((value) => body.let(v128.const([value, value, value, value]))) as [never, never];
    const sums = Array.from({ length: SUMS }, () => body.let(f32x4.const(1)));
    body.repeat(TURNS, () => {
      for (const sum of sums) body.set(sum, kernels.multiplyAdd(sum, factor, summand));
    });
    for (const [index, sum] of sums.entries()) body.store(i32.const(16 * index), sum);
  });
  module.export('multiply', multiply);
  module.export(
    'copy',
    module.function([], undefined, (body) => body.call(move, i32.const(0), i32.const(8 * COPIED))),
  );
  module.memory(16 * COPIED);
  return module.bytes;
}
