/** Loops that compute element by element, several ops at once. */
import type { V128 } from '../asm/code.js';
import type { Callable, FunctionBuilder, Local } from '../asm/function.js';
import { v128 } from '../asm/vector.js';
import type { Kernels } from './kernel.js';
import { type Axes, collapse, writeOuterLoops } from './loops.js';

/** Computes four results of four elements of each operand, and a name that tells all of it apart. */
export interface NamedFormula {
  readonly name: string;
  readonly write: (body: FunctionBuilder, operands: readonly V128[]) => V128;
}

/** So many vectors are computed in one turn of the loop, so that the processor works on several at a time. */
const VECTORS_A_TURN = 2;

/**
 * Computes an output of operands that are broadcast to its shape. The output may lie where an operand of its shape lies. At the end of the
 * output up to three elements of nothing are written, for which every tensor has room.
 * Parameters: the addresses of the operands, then that of the output.
 * @param given the strides of the operands, then those of the output
 */
export function elementwise(kernels: Kernels, given: Axes, formula: NamedFormula): Callable {
  const axes = collapse(given);
  const size = axes.sizes.at(-1) as number;
  const steps = axes.strides.map((each) => each.at(-1) as number);
  const parameters = axes.strides.map(() => 'i32' as const);
  return kernels.define(`elementwise ${JSON.stringify(axes)} ${formula.name}`, parameters, undefined, (body, ...pointers) => {
    body.keepConstants();
    const isFlat = axes.sizes.length === 1;
    writeOuterLoops(body, axes, pointers, (own) => {
      const out = own.at(-1) as Local<'i32'>;
      const operands = own.slice(0, -1);
      const repeated = operands.map((each, index) => (steps[index] === 0 ? body.let(v128.load32Splat(each)) : undefined));
      const compute = (offset: number): Local<'v128'> => {
        const loaded = operands.map((each, index) => repeated[index] ?? body.let(v128.load(each, offset)));
        return body.let(formula.write(body, loaded));
      };
      const advance = (bytes: number): void => {
        for (const [index, each] of own.entries()) if (steps[index] !== 0) body.advance(each, bytes);
      };
      const vectors = isFlat ? Math.ceil(size / 4) : Math.floor(size / 4);
      const turns = Math.floor(vectors / VECTORS_A_TURN);
      const turn = (count: number): void => {
        const results = Array.from({ length: count }, (_, index) => compute(16 * index));
        for (const [index, result] of results.entries()) body.store(out, result, 16 * index);
        advance(16 * count);
      };
      if (turns > 0) body.repeat(turns, () => turn(VECTORS_A_TURN));
      if (vectors % VECTORS_A_TURN > 0) turn(vectors % VECTORS_A_TURN);
      const rest = size - 4 * vectors;
      if (rest > 0) body.storeLanes(out, compute(0), rest);
    });
  });
}
