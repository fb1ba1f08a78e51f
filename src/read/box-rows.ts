/** A detector's output as rows, one for each box, whichever axis counts the boxes. */
import { PannierError } from '../base/errors.js';
import { layoutsFitting } from '../manifest/box-layouts.js';
import type { BoxColumn, BoxLayout, Tensor } from '../manifest/signature.js';

/** The rows of one picture. Value `column` of row `box` lies at box × boxStep + column × valueStep. */
export interface BoxRows {
  readonly data: Tensor['data'];
  readonly count: number;
  readonly boxStep: number;
  readonly valueStep: number;
  /** The index of this picture in the batch, and the size of the batch. */
  readonly row: number;
  readonly pictures: number;
}

/** How many values of a box a layout names. */
export const valuesOf = (layout: BoxLayout): number => extraAt(layout) + (layout.coefficients ?? 0) + pointValues(layout);

/** The place in a row of the values after the scores. */
export const extraAt = ({ columns, classes = 0 }: BoxLayout): number => columns.length + classes;

const pointValues = ({ points: [count, values] = [0, 0] }: BoxLayout): number => count * values;

/** @throws {PannierError} `input` if the layout is not that of the tensor, or the batch has no such row */
export function boxRows({ data, shape }: Tensor, layout: BoxLayout, row: number): BoxRows {
  const { boxesLast = false } = layout;
  const values = valuesOf(layout);
  const isFitting = shape.at(boxesLast ? -2 : -1) === values && (!boxesLast || shape.length < 4);
  if (!isFitting) {
    const fitting = layoutsFitting(shape);
    const next = fitting.length === 0 ? 'Name every value of a row, null for none.' : fittingText(fitting);
    throw unfit(`${boxesLast ? shape.at(-2) : shape.at(-1)} columns for shape [${shape}]`, `${values}`, next);
  }
  const pictures = shape.length > 2 ? (shape[0] as number) : 1;
  if (!Number.isInteger(row) || row < 0 || row >= pictures) {
    throw unfit(`a row below ${pictures}`, `${row}`, `Shape [${shape}] holds ${pictures} pictures.`);
  }
  const size = data.length / pictures;
  const count = size / values;
  const [boxStep, valueStep] = boxesLast ? [1, count] : [values, 1];
  return { data: data.subarray(row * size, (row + 1) * size), count, boxStep, valueStep, row, pictures };
}

/** The next step for a tensor whose shape fits layouts that have a name. */
export const fittingText = (names: readonly string[]): string =>
  `Its shape is that of layout ${names.map((name) => `'${name}'`).join(' or ')}: pack the model with it, as in outputs: { NAME: { layout: '${names[0]}' } }.`;

/** Value `column` of row `box`. */
export const valueAt = ({ data, boxStep, valueStep }: BoxRows, box: number, column: number): number =>
  data[box * boxStep + column * valueStep] as number;

export type Corners = [x0: number, y0: number, x1: number, y1: number];

/**
 * Makes what reads the corners of a box.
 * @throws {PannierError} `input` if the columns do not say where a box lies
 */
export function cornerReader(columns: BoxLayout['columns']): (rows: BoxRows, box: number) => Corners {
  const edges = (low: BoxColumn, high: BoxColumn, middle: BoxColumn, size: BoxColumn) => {
    const [lowAt, highAt, middleAt, sizeAt] = [low, high, middle, size].map((name) => columns.indexOf(name)) as Corners;
    if (!((lowAt >= 0 && highAt >= 0) || (sizeAt >= 0 && (lowAt >= 0 || middleAt >= 0)))) {
      const wanted = `'${low}' and '${high}', '${low}' and '${size}', or '${middle}' and '${size}'`;
      throw unfit(wanted, `[${columns}]`, 'Name what each value of a row means.');
    }
    return (rows: BoxRows, box: number): [from: number, to: number] => {
      const from = lowAt >= 0 ? valueAt(rows, box, lowAt) : valueAt(rows, box, middleAt) - valueAt(rows, box, sizeAt) / 2;
      return [from, highAt >= 0 ? valueAt(rows, box, highAt) : from + valueAt(rows, box, sizeAt)];
    };
  };
  const across = edges('x0', 'x1', 'cx', 'w');
  const down = edges('y0', 'y1', 'cy', 'h');
  return (rows, box) => {
    const [x0, x1] = across(rows, box);
    const [y0, y1] = down(rows, box);
    return [x0, y0, x1, y1];
  };
}

/** The error for a tensor or an option that does not fit. */
export const unfit = (wanted: string, got: string, next: string): PannierError =>
  new PannierError('input', `boxes wants ${wanted}, but got ${got}. ${next}`, { wanted, got });
