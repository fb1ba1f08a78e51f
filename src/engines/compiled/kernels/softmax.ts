/** Softmax of rows: e^(x - max) / Σe^(x - max). */
import type { V128 } from '../asm/code.js';
import type { Callable, FunctionBuilder, Local } from '../asm/function.js';
import { f32x4, v128 } from '../asm/vector.js';
import { expOfNegative } from './exponential.js';
import type { Kernels } from './kernel.js';
import { foldLanes } from './reduce.js';

/** An expression of the elements of rows, computed before softmax is. */
export interface RowTerm {
  readonly name: string;
  /** For each tensor that it reads, how many elements lie between rows, and between columns: 0 or 1. */
  readonly operands: readonly { readonly rowStride: number; readonly columnStride: number }[];
  readonly write: (body: FunctionBuilder, x: V128, operands: readonly V128[]) => V128;
}

/** Softmax of the elements as they are. */
export const NO_TERM: RowTerm = { name: '', operands: [], write: (_, x) => x };

export interface SoftmaxShape {
  readonly rows: number;
  readonly length: number;
  /** Elements between the begins of rows, the same of the input and the output. */
  readonly rowStride: number;
}

/** So many vectors are computed in one turn of a loop, so that the processor works on several at a time. */
const VECTORS_A_TURN = 2;

/**
 * A row is run through three times: for the expression and the greatest element, for powers and their sum, for the division.
 * A greatest element of which one is NaN need not be NaN: its power makes the sum NaN, and so the whole row. A row of minus infinity alone
 * becomes NaN, too, since its distance from the greatest element is none.
 * Parameters: the addresses of the rows and of the output, which may be the same, then those of the tensors that the expression reads.
 * Lanes behind a row's end are left out: of the last vector only those within the row count.
 */
export const softmax = (kernels: Kernels, shape: SoftmaxShape, term: RowTerm): Callable => {
  const name = `softmax ${JSON.stringify([shape, term.operands])} ${term.name}`;
  const parameters = ['i32', 'i32', ...term.operands.map(() => 'i32' as const)] as const;
  return kernels.define(name, parameters, undefined, (body, from, to, ...operands) => {
    body.keepConstants();
    const { rows, length, rowStride } = shape;
    const rest = length % 4;
    const least = f32x4.const(Number.NEGATIVE_INFINITY);
    const isInside = f32x4.lt(v128.const([0, 1, 2, 3]), f32x4.const(rest));
    const computed = term === NO_TERM ? from : to;
    body.repeat(rows, () => {
      const greatest = body.let(least);
      const repeated = operands.map((each, index) =>
        term.operands[index]?.columnStride === 0 ? body.let(v128.load32Splat(each)) : undefined,
      );
      const moving = operands.filter((_, index) => repeated[index] === undefined);
      eachVector(body, length, [from, to, ...moving], ([source, target, ...places], offset, lanes) => {
        let next = 0;
        const loaded = repeated.map((each) => each ?? body.let(v128.load(places[next++] as Local<'i32'>, offset)));
        const x = body.let(term.write(body, body.let(v128.load(source as Local<'i32'>, offset)), loaded));
        if (computed === to) body.storeLanes(target as Local<'i32'>, x, lanes, offset);
        body.set(greatest, f32x4.pmax(greatest, lanes === 4 ? x : v128.select(x, least, isInside)));
      });
      foldLanes(body, greatest, f32x4.pmax);
      const sum = body.let(f32x4.const(0));
      eachVector(body, length, [computed, to], ([source, target], offset, lanes) => {
        const x = body.let(f32x4.sub(v128.load(source as Local<'i32'>, offset), greatest));
        const power = body.let(expOfNegative(kernels, body, x));
        body.set(sum, f32x4.add(sum, lanes === 4 ? power : v128.and(power, isInside)));
        body.storeLanes(target as Local<'i32'>, power, lanes, offset);
      });
      foldLanes(body, sum, f32x4.add);
      const factor = body.let(f32x4.div(f32x4.const(1), sum));
      eachVector(body, length, [to], ([target], offset, lanes) => {
        const value = body.let(f32x4.mul(v128.load(target as Local<'i32'>, offset), factor));
        body.storeLanes(target as Local<'i32'>, value, lanes, offset);
      });
      for (const each of [from, to]) body.advance(each, 4 * rowStride);
      for (const [index, each] of operands.entries()) body.advance(each, 4 * (term.operands[index]?.rowStride as number));
    });
  });
};

/** Runs through the vectors of a row. @param write gets copies of the pointers, a distance from them, and how many lanes count */
function eachVector(
  body: FunctionBuilder,
  length: number,
  pointers: readonly Local<'i32'>[],
  write: (pointers: readonly Local<'i32'>[], offset: number, lanes: number) => void,
): void {
  const own = pointers.map((each) => body.let(each));
  const vectors = Math.floor(length / 4);
  const turns = Math.floor(vectors / VECTORS_A_TURN);
  const turn = (count: number): void => {
    for (let index = 0; index < count; index++) write(own, 16 * index, 4);
    for (const each of own) body.advance(each, 16 * count);
  };
  if (turns > 0) body.repeat(turns, () => turn(VECTORS_A_TURN));
  if (vectors % VECTORS_A_TURN > 0) turn(vectors % VECTORS_A_TURN);
  if (length % 4 > 0) write(own, 0, length % 4);
}
