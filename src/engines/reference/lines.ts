/** The reference of the ops that compute along one axis: places of extremes, running sums, softmax. */
import { sizeOf } from '../../base/dtype.js';
import { isFloat } from '../../graph/element-type.js';
import type { Tensor } from '../../graph/tensor.js';
import { narrow, wide, wideArray } from './wide.js';

/** Visits each line along an axis. @param visit gets the place of the line's first element, and the distance of neighbours in it */
function eachLine(shape: readonly number[], axis: number, visit: (start: number, step: number, line: number) => void): void {
  const inner = sizeOf(shape.slice(axis + 1));
  const lines = sizeOf(shape.with(axis, 1));
  const length = shape[axis] as number;
  for (let line = 0; line < lines; line++) visit(Math.floor(line / inner) * length * inner + (line % inner), inner, line);
}

/** The place of the greatest element along an axis (`sign` 1), or of the least (-1). The first NaN counts as either. */
export function placeOfExtreme(
  { shape, data }: Tensor,
  { axis, outputDataType }: { readonly axis: number; readonly outputDataType: 'int32' | 'int64' },
  resultShape: readonly number[],
  sign: 1 | -1,
): Tensor {
  const values = wide(data);
  const length = shape[axis] as number;
  const results = wideArray(outputDataType, sizeOf(resultShape));
  eachLine(shape, axis, (start, step, line) => {
    if (length === 0) throw new RangeError('asks for a place along an axis that has none');
    let best = 0;
    let extreme = values[start] as number;
    for (let index = 1; index < length && !Number.isNaN(extreme); index++) {
      const value = values[start + index * step] as number;
      if (sign * value > sign * extreme || Number.isNaN(value)) [best, extreme] = [index, value];
    }
    results[line] = best;
  });
  return { dataType: outputDataType, shape: resultShape, data: narrow(outputDataType, results) };
}

/** Running results along an axis. @param whole combines whole numbers in their lowest 32 bits */
export function cumulative(
  { dataType, shape, data }: Tensor,
  { axis, exclusive, reversed }: { readonly axis: number; readonly exclusive: boolean; readonly reversed: boolean },
  initial: number,
  plain: (total: number, x: number) => number,
  whole: (total: number, x: number) => number,
): Tensor {
  const values = wide(data);
  const results = wideArray(dataType, values.length);
  const combine = isFloat(dataType) || dataType === 'int64' ? plain : whole;
  const length = shape[axis] as number;
  eachLine(shape, axis, (start, step) => {
    let total = initial;
    for (let index = 0; index < length; index++) {
      const at = start + (reversed ? length - 1 - index : index) * step;
      const next = combine(total, values[at] as number);
      results[at] = exclusive ? total : next;
      total = next;
    }
  });
  return { dataType, shape, data: narrow(dataType, results) };
}

/** e^x / Σe^x along an axis, where the greatest x is taken out, so that nothing overflows. */
export const softmax = (input: Tensor, axis: number): Tensor => normalised(input, axis, (x, sum) => Math.exp(x) / sum);

/** x - ln Σe^x along an axis, where the greatest x is taken out. */
export const logSoftmax = (input: Tensor, axis: number): Tensor => normalised(input, axis, (x, sum) => x - Math.log(sum));

function normalised({ dataType, shape, data }: Tensor, axis: number, f: (x: number, sum: number) => number): Tensor {
  const values = wide(data);
  const results = wideArray(dataType, values.length);
  const length = shape[axis] as number;
  eachLine(shape, axis, (start, step) => {
    let peak = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < length; index++) peak = Math.max(peak, values[start + index * step] as number);
    let sum = 0;
    for (let index = 0; index < length; index++) sum += Math.exp((values[start + index * step] as number) - peak);
    for (let index = 0; index < length; index++) results[start + index * step] = f((values[start + index * step] as number) - peak, sum);
  });
  return { dataType, shape, data: narrow(dataType, results) };
}
