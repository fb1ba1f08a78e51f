/** The class of each box and its score: in the row of the box, or in tensors of their own. */
import type { BoxLayout, Tensor } from '../manifest/signature.js';
import { type BoxRows, unfit, valueAt } from './box-rows.js';

/** Reads the score of a box, and the index of its class. */
export type ClassReader = (box: number) => { readonly score: number; readonly index: number };

/** @throws {PannierError} `input` if the layout has no score */
export function classesInRows(rows: BoxRows, { columns, classes }: BoxLayout): ClassReader {
  const scoreAt = columns.indexOf('score');
  const classAt = columns.indexOf('class');
  if (classes !== undefined) {
    return (box) => {
      const { index, score } = best(rows.data, box * rows.boxStep + columns.length * rows.valueStep, classes, rows.valueStep);
      return { index, score: scoreAt < 0 ? score : score * valueAt(rows, box, scoreAt) };
    };
  }
  if (scoreAt < 0) {
    throw unfit("a 'score' column or scores", `[${columns}]`, 'Name the score in columns, or pass the tensor that holds it as scores.');
  }
  return (box) => ({ score: valueAt(rows, box, scoreAt), index: classAt < 0 ? 0 : Math.round(valueAt(rows, box, classAt)) });
}

/**
 * @param indices of the classes, one for each box, if `scores` has no score for each class
 * @throws {PannierError} `input` if the tensors do not have a row for each box
 */
export function classesApart(
  { data, shape }: Tensor,
  indices: Tensor | undefined,
  { count, row, pictures }: BoxRows,
  labels: readonly unknown[] | undefined,
): ClassReader {
  const classes = data.length / (count * pictures);
  if (!Number.isInteger(classes) || (classes > 1 && shape.at(-1) !== classes)) {
    const next = 'Pass the output that scores these boxes, one row per box.';
    throw unfit(`scores of shape [${count}] or [${count}, classes]`, `[${shape}]`, next);
  }
  if (indices !== undefined) {
    if (classes !== 1 || indices.data.length !== data.length)
      throw unfit(
        `scores and classes of ${count} boxes`,
        `[${shape}] and [${indices.shape}]`,
        'Pass the outputs that belong to these boxes.',
      );
    return (box) => ({
      score: data[row * count + box] as number,
      index: Math.round(indices.data[row * count + box] as number),
    });
  }
  if (labels !== undefined && labels.length !== classes) {
    throw unfit(`${classes} labels`, `${labels.length}`, "Give one label per class, in the model's order.");
  }
  return (box) => best(data, (row * count + box) * classes, classes, 1);
}

/** The first of the highest scores. */
function best(data: Tensor['data'], start: number, classes: number, step: number): { index: number; score: number } {
  let index = 0;
  let score = Number.NEGATIVE_INFINITY;
  for (let candidate = 0; candidate < classes; candidate++) {
    const value = data[start + candidate * step] as number;
    if (value > score) [index, score] = [candidate, value];
  }
  return { index, score };
}
