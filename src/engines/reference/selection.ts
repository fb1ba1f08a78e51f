/** The reference of ops that choose elements by their values. */
import { sizeOf } from '../../base/dtype.js';
import { stridesOf } from '../../base/strided.js';
import { DATA_TYPES } from '../../graph/element-type.js';
import type { Tensor } from '../../graph/tensor.js';
import type { Kernel } from './kernel.js';

/** NaN counts as greater than all numbers, as for `argMax`. */
const compare = (a: number, b: number): number => (Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : Number.isNaN(b) ? -1 : a - b || 0);

export const topK: Kernel<'topK'> = ({ inputs: [input], attributes: { axis, k, largest }, shapes }) => {
  const { dataType, shape: own, data } = input as Tensor;
  const shape = shapes[0] as readonly number[];
  const values = new DATA_TYPES[dataType](sizeOf(shape));
  const places = new Int32Array(sizeOf(shape));
  const length = own[axis] as number;
  const inner = sizeOf(own.slice(axis + 1));
  const outer = sizeOf(own.slice(0, axis));
  for (let line = 0; line < outer * inner; line++) {
    const [row, column] = [Math.floor(line / inner), line % inner];
    const valueAt = (index: number) => data[(row * length + index) * inner + column] as number;
    // Sorting is stable: of equal elements the first stays first.
    const order = Array.from({ length }, (_, index) => index).sort((a, b) => (compare(valueAt(b), valueAt(a)) || 0) * (largest ? 1 : -1));
    for (let rank = 0; rank < k; rank++) {
      const at = (row * k + rank) * inner + column;
      places[at] = order[rank] as number;
      values[at] = valueAt(order[rank] as number);
    }
  }
  return [
    { dataType, shape, data: values },
    { dataType: 'int32', shape, data: places },
  ];
};

export const nonzero: Kernel<'nonzero'> = ({ inputs: [input] }) => {
  const { shape, data } = input as Tensor;
  const strides = stridesOf(shape);
  const places: number[] = [];
  for (const [place, value] of data.entries())
    if (value !== 0) for (const [axis, step] of strides.entries()) places.push(Math.floor(place / step) % (shape[axis] as number));
  const count = shape.length === 0 ? Number(data[0] !== 0) : places.length / shape.length;
  return [{ dataType: 'int32', shape: [count, shape.length], data: Int32Array.from(places) }];
};

/** A box that may still be chosen. */
interface Candidate {
  readonly index: number;
  score: number;
  /** How many chosen boxes its score has been held against. */
  seen: number;
}

/**
 * As TensorFlow's NonMaxSuppressionV3 and, with `softSigma`, V5 (tensorflow/core/ops/image_ops.cc says what they mean): the greatest
 * score first, of equal ones the lower index. An overlap beyond the threshold leaves a box out. With a sigma, each overlap makes the
 * score exp(-overlap² / (2 · sigma)) of what it was instead, and the box is tried again later. TF.js leaves it
 * out beyond the threshold even then.
 */
export const nonMaxSuppression: Kernel<'nonMaxSuppression'> = ({ inputs, attributes }) => {
  const [boxes, scores] = inputs as readonly [Tensor, Tensor];
  const { maxOutputSize, iouThreshold, scoreThreshold, softSigma } = attributes;
  const waiting: Candidate[] = [...scores.data].flatMap((score, index) => (score > scoreThreshold ? [{ index, score, seen: 0 }] : []));
  const chosen: Candidate[] = [];
  while (waiting.length > 0 && chosen.length < maxOutputSize) {
    const best = waiting.reduce((a, b) => (b.score > a.score || (b.score === a.score && b.index < a.index) ? b : a));
    waiting.splice(waiting.indexOf(best), 1);
    const { score } = best;
    let isOut = false;
    for (; best.seen < chosen.length && !isOut; best.seen++) {
      const overlap = overlapOf(boxes, best.index, (chosen[best.seen] as Candidate).index);
      if (softSigma > 0) best.score *= Math.exp((-0.5 / softSigma) * overlap * overlap);
      else isOut = Math.fround(overlap) > Math.fround(iouThreshold);
    }
    // An overlap of infinite boxes may be NaN; then the score is, too.
    if (isOut || !(best.score > scoreThreshold)) continue;
    (best.score === score ? chosen : waiting).push(best);
  }
  const count = chosen.length;
  return [
    { dataType: 'int32', shape: [count], data: Int32Array.from(chosen, ({ index }) => index) },
    { dataType: scores.dataType, shape: [count], data: Float32Array.from(chosen, ({ score }) => score) },
  ];
};

/** The intersection of two boxes over their union. The corners of a box may stand in either order; an empty box overlaps none. */
function overlapOf({ data }: Tensor, first: number, second: number): number {
  const sidesOf = (box: number, axis: 0 | 1): readonly [number, number] => {
    const [from, to] = [data[box * 4 + axis] as number, data[box * 4 + axis + 2] as number];
    return [Math.min(from, to), Math.max(from, to)];
  };
  const areaOf = (box: number): number => {
    const [[top, bottom], [left, right]] = [sidesOf(box, 0), sidesOf(box, 1)];
    return (bottom - top) * (right - left);
  };
  const [a, b] = [areaOf(first), areaOf(second)];
  if (a <= 0 || b <= 0) return 0;
  const along = (axis: 0 | 1): number => {
    const [[from, to], [otherFrom, otherTo]] = [sidesOf(first, axis), sidesOf(second, axis)];
    return Math.max(0, Math.min(to, otherTo) - Math.max(from, otherFrom));
  };
  const shared = along(0) * along(1);
  return shared / (a + b - shared);
}
