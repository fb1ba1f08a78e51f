/** Works out what operators make of sizes: the chains from SHAPE to RESHAPE leave no nodes. */
import { isOpen } from '../../../graph/size.js';
import { both, concatenated, type Fold, foldSizes, gathered, type SizeOps, shapeOf } from '../../reading/folding.js';
import { type SizeTensor, sizeList, sizeScalar } from '../../reading/size-tensor.js';
import { SIZE_OPS } from '../../tfjs/read/sizes.js';
import type { Call } from './call.js';

/** The outputs of an operator that asks for shapes, or whose inputs are all sizes; undefined if there must be a node for it. */
export const foldedSizes = (call: Call): readonly SizeTensor[] | undefined => foldSizes(call, { questions: QUESTIONS, folds: FOLDS });

const wholeType = (call: Call): 'int32' | 'int64' => (call.outputType() === 'int64' ? 'int64' : 'int32');

const QUESTIONS: SizeOps<Call>['questions'] = {
  SHAPE: (call) => [sizeList(shapeOf(call, 0), wholeType(call))],
  RANK: (call) => [sizeScalar(shapeOf(call, 0).length)],
};

/** TensorFlow's ops by the names that TensorFlow Lite has for them. */
const SAME: Readonly<Record<string, string>> = {
  ...{ ADD: 'AddV2', SUB: 'Sub', MUL: 'Mul', DIV: 'Div', FLOOR_DIV: 'FloorDiv', FLOOR_MOD: 'FloorMod', MAXIMUM: 'Maximum' },
  ...{ MINIMUM: 'Minimum', NEG: 'Neg', FLOOR: 'Floor', CEIL: 'Ceil', ROUND: 'Round', REDUCE_PROD: 'Prod', SUM: 'Sum' },
  ...{ REDUCE_MAX: 'Max', REDUCE_MIN: 'Min', PACK: 'Pack', UNPACK: 'Unpack', SPLIT: 'Split', RESHAPE: 'Reshape', RANGE: 'Range' },
  ...{ BROADCAST_ARGS: 'BroadcastArgs', SQUEEZE: 'Squeeze', EXPAND_DIMS: 'ExpandDims', FILL: 'Fill', SLICE: 'Slice' },
  ...{ SPARSE_TO_DENSE: 'SparseToDense', STRIDED_SLICE: 'StridedSlice' },
};

/** An activation changes no size: none is below 0, but an operator's numbers may be. */
const hasActivation = (call: Call): boolean => call.attributes.text('activation', 'NONE') !== 'NONE';

/** A question about numbers that are known. */
const compared =
  (holds: (a: number, b: number) => boolean): Fold<Call> =>
  (call, inputs) => {
    const answers = both((a, b) => (isOpen(a) || isOpen(b) ? undefined : Number(holds(a, b))))(call, inputs) as SizeTensor | undefined;
    return answers && { ...answers, dataType: 'bool' };
  };

const FOLDS: SizeOps<Call>['folds'] = {
  ...Object.fromEntries(
    Object.entries(SAME).map(([op, tensorflow]) => {
      const fold = SIZE_OPS.folds[tensorflow];
      if (fold === undefined) throw new Error(`TensorFlow's ${tensorflow} folds no sizes.`);
      return [op, (call: Call, inputs: readonly SizeTensor[]) => (hasActivation(call) ? undefined : fold(call, inputs))] as const;
    }),
  ),
  CAST: (call, [input]) => {
    const to = call.outputType();
    return input && (to === 'int32' || to === 'int64' || to === 'float32') ? { ...input, dataType: to } : undefined;
  },
  CONCATENATION: (call, inputs) => (hasActivation(call) ? undefined : concatenated(inputs)),
  GATHER: (_, [input, indices]) => gathered(input, indices),
  ...{ LESS: compared((a, b) => a < b), LESS_EQUAL: compared((a, b) => a <= b), EQUAL: compared((a, b) => a === b) },
  ...{ GREATER: compared((a, b) => a > b), GREATER_EQUAL: compared((a, b) => a >= b), NOT_EQUAL: compared((a, b) => a !== b) },
  ...{ LOGICAL_AND: compared((a, b) => a + b === 2), LOGICAL_OR: compared((a, b) => a + b > 0) },
};
