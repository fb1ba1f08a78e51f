/** The outputs of a call: copied out of the module's memory row by row, or computed by the graph's tail. */
import { DTYPES, type RawTensor, sizeOf } from '../../base/dtype.js';
import { isAllFinite } from '../../base/finite.js';
import { faceTypeOf } from '../../graph/element-type.js';
import type { Tensor } from '../../graph/tensor.js';
import type { RawOutput } from '../engine.js';
import type { View } from './memory-view.js';
import type { PlacedTensor, PlannedOutput } from './plan.js';

/** Values that the tail computed, by their names in the graph. */
export type TailValues = ReadonlyMap<string, Tensor>;

/** An output, and the memory in which the module leaves a row of it. */
export type OpenOutput = (PlacedTensor & { readonly view: View }) | Exclude<PlannedOutput, PlacedTensor>;

/** Takes an output of a call. */
export interface Answer {
  readonly isOfTail: boolean;
  /** Copies the row that a run has left in memory. */
  readonly copyRow: (row: number) => void;
  /** The output, when all rows are copied. */
  readonly finish: (tailValues: TailValues | undefined) => RawOutput;
}

/**
 * Makes room for an output.
 * @param rows undefined if the model has no open batch
 */
export function answerOf(output: OpenOutput, rows: number | undefined): Answer {
  if ('tailValue' in output) {
    const finish = (values: TailValues | undefined) => checked(faceTensor(values?.get(output.tailValue) as Tensor));
    return { isOfTail: true, copyRow: () => undefined, finish };
  }
  const { dataType, shape, view } = output;
  const dtype = faceTypeOf(dataType);
  const fullShape = rows === undefined ? [...shape] : [rows, ...shape.slice(1)];
  const data = new DTYPES[dtype](sizeOf(fullShape));
  return {
    isOfTail: false,
    copyRow: (row) => data.set(view, row * view.length),
    finish: () => checked({ dtype, shape: fullShape, data }),
  };
}

/** A tensor of the reference in new memory, as the signature has it. */
function faceTensor({ dataType, shape, data }: Tensor): RawTensor {
  const dtype = faceTypeOf(dataType);
  return { dtype, shape, data: new DTYPES[dtype](data) };
}

const checked = (tensor: RawTensor): RawOutput => ({ ...tensor, finite: isAllFinite(tensor) });
