/** The k greatest or least elements of rows, in order, with their places. Of equal ones the first comes first; NaN is above all numbers. */
import type { I32 } from '../asm/code.js';
import type { Callable, FunctionBuilder, Local } from '../asm/function.js';
import { f32, i32 } from '../asm/scalar.js';
import type { Kernels } from './kernel.js';

export interface TopKShape {
  readonly rows: number;
  readonly length: number;
  readonly k: number;
  readonly isLargest: boolean;
  readonly isFloat: boolean;
}

/** Whether the element at one address comes before the one at another address; an equal one does not. */
function comesBefore(a: I32, b: I32, { isLargest, isFloat }: TopKShape): I32 {
  if (!isFloat) return isLargest ? i32.gtS(i32.load(a), i32.load(b)) : i32.ltS(i32.load(a), i32.load(b));
  const [x, y] = [f32.load(a), f32.load(b)];
  const [isNaNFirst, isNaNSecond] = [f32.ne(x, x), f32.eq(y, y)];
  if (isLargest) return i32.or(f32.gt(x, y), i32.and(isNaNFirst, isNaNSecond));
  return i32.or(f32.lt(x, y), i32.and(f32.eq(x, x), f32.ne(y, y)));
}

/** Parameters: the addresses of the rows, of the values and of the places. */
export const topK = (kernels: Kernels, shape: TopKShape): Callable =>
  kernels.define(`top ${JSON.stringify(shape)}`, ['i32', 'i32', 'i32'], undefined, (body, from, values, places) => {
    const { rows, length, k } = shape;
    body.repeat(rows, () => {
      const element = body.let(from);
      const index = body.let(i32.const(0));
      const count = body.let(i32.const(0));
      body.repeat(length, () => {
        const worst = i32.offset(values, 4 * (k - 1));
        const isChosen = i32.or(i32.ltS(count, i32.const(k)), comesBefore(element, worst, shape));
        body.if(isChosen, () => {
          body.if(i32.ltS(count, i32.const(k)), () => body.advance(count, 1));
          insert(body, { element, index, values, places, end: body.let(i32.sub(count, i32.const(1))) }, shape);
        });
        body.advance(element, 4);
        body.advance(index, 1);
      });
      body.advance(from, 4 * length);
      body.advance(values, 4 * k);
      body.advance(places, 4 * k);
    });
  });

interface Insertion {
  readonly element: I32;
  readonly index: I32;
  readonly values: I32;
  readonly places: I32;
  /** The last place of the list that may be written. */
  readonly end: Local<'i32'>;
}

/** Moves what comes behind an element by one place, and puts the element there. */
function insert(body: FunctionBuilder, { element, index, values, places, end }: Insertion, shape: TopKShape): void {
  const at = body.let(end);
  const valueAt = body.let(i32.add(values, i32.mul(at, i32.const(4))));
  const placeAt = body.let(i32.add(places, i32.mul(at, i32.const(4))));
  const isMoving = body.let(i32.const(1));
  body.loop(() => {
    body.set(isMoving, i32.const(0));
    body.if(i32.gtS(at, i32.const(0)), () =>
      body.if(comesBefore(element, i32.sub(valueAt, i32.const(4)), shape), () => {
        body.store(valueAt, i32.load(i32.sub(valueAt, i32.const(4))));
        body.store(placeAt, i32.load(i32.sub(placeAt, i32.const(4))));
        for (const each of [valueAt, placeAt]) body.advance(each, -4);
        body.advance(at, -1);
        body.set(isMoving, i32.const(1));
      }),
    );
    return isMoving;
  });
  body.store(valueAt, i32.load(element));
  body.store(placeAt, index);
}
