/** Works out what operators make of sizes: the chains from SHAPE to RESHAPE leave no nodes. */
import { concatenated, foldSizes, gathered, type SizeOps, shapeOf } from '../../reading/folding.js';
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
};
