/** Reads operators that move elements, combine them along axes, or take and put them by their indices. */
import { sizeOf } from '../../../base/dtype.js';
import type { TypedValue } from '../../../graph/graph.js';
import { openSize, type Size, subtract } from '../../../graph/size.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import { sizeScalar } from '../../reading/size-tensor.js';
import type { ReadTensor } from '../../reading/tensors.js';
import { reshapedTo } from '../../tfjs/read/movement.js';
import { closed } from '../../tfjs/read/window.js';
import { withActivation } from './activation.js';
import type { Call, Importers } from './call.js';
import { readAs } from './tensorflow.js';

/** The shape is an input, or an option, where a single 0 stood for a scalar before TensorFlow Lite had any. */
function reshape(call: Call): TypedValue {
  if (call.has(1)) return reshapedTo(call, call.sizes(1, 'sizes'));
  const wanted = call.attributes.wholes('new_shape');
  return reshapedTo(call, wanted.length === 1 && wanted[0] === 0 ? [] : wanted);
}

function concatenation(call: Call): TypedValue {
  const inputs = call.values();
  const axis = call.axisOf(call.attributes.whole('axis'), call.type().shape.length);
  return withActivation(call, (give) => give('concat', inputs, { axis }));
}

function gather(call: Call): TypedValue {
  const [input, indices] = [call.value(0), call.value(1)];
  const axis = call.axisOf(call.attributes.whole('axis'), input.type.shape.length);
  const given = call.attributes.whole('batch_dims');
  return call.add('gather', [input, indices], { axis, batchDimensions: given < 0 ? given + indices.type.shape.length : given });
}

function stridedSlice(call: Call): ReadTensor | readonly ReadTensor[] {
  if (call.attributes.flag('offset')) throw cannotExpress('has ends that count from its starts');
  return readAs('StridedSlice')(call);
}

/**
 * Puts a part into a tensor at a place, which is moved so that the part lies inside (reference/dynamic_update_slice.h). Each element of
 * the part has its place as a row of indices.
 */
function dynamicUpdateSlice(call: Call): TypedValue {
  const [input, part] = [call.value(0), call.value(1)];
  const shape = input.type.shape.map((size) => closed(size, 'an axis'));
  const sizes = part.type.shape.map((size) => closed(size, 'an axis'));
  const elements = sizeOf(sizes);
  if (elements * sizes.length > MAX_PLACES) throw cannotExpress(`puts ${elements} elements into a tensor`);
  const steps = sizes.map((_, axis) => sizeOf(sizes.slice(axis + 1)));
  const places = Array.from({ length: elements }, (_, element) =>
    sizes.map((size, axis) => Math.floor(element / (steps[axis] as number)) % size),
  );
  const last = call.numbers(
    'int32',
    shape.map((size, axis) => size - (sizes[axis] as number)),
  );
  const start = call.apply('max', call.apply('min', call.cast(call.value(2), 'int32'), last), call.number(0, 'int32'));
  const rows = call.apply('add', call.numbers('int32', places.flat(), [elements, sizes.length]), start);
  return call.add('scatterND', [input, rows, call.reshaped(part, [elements])], { reduction: 'none' });
}

/**
 * The first elements of each row along one axis in reverse order, as many as a list of lengths says for the row; the others stay. An
 * element at place t comes from place length - 1 - t where that is not below 0.
 */
function reverseSequence(call: Call): TypedValue {
  const [input, lengths] = [call.value(0), call.ofRank(1, 1)];
  const { shape } = input.type;
  const [along, batch] = ['seq_dim', 'batch_dim'].map((name) => call.axisOf(call.attributes.whole(name), shape.length)) as [number, number];
  if (along === batch) throw call.broken(`has the axis ${along} for both its rows and their elements`);
  const spread = (value: TypedValue, axis: number) =>
    call.reshaped(
      value,
      shape.map((_, place) => (place === axis ? (shape[axis] as Size) : 1)),
    );
  const places = spread(call.step('range', [], { start: 0, count: shape[along] as Size, step: 1, dataType: 'int32' }), along);
  const last = call.apply('sub', spread(call.cast(lengths, 'int32'), batch), call.number(1, 'int32'));
  const mirrored = call.apply('sub', last, places);
  const from = call.apply('where', call.apply('greaterOrEqual', mirrored, call.number(0, 'int32')), mirrored, places);
  return call.add('gatherElements', [input, call.step('expand', [from], { newShape: shape })], { axis: along });
}

/** A number that a file gives as a constant without axes. */
function constantNumber(call: Call, index: number, what: string): number {
  const number = call.constant(index)?.data[0];
  if (number === undefined) throw cannotExpress(`takes ${what} that is computed while the model runs`);
  return number;
}

/** The indices of the chosen boxes, their scores, and their number. Zeros follow up to the greatest number. */
function nonMaxSuppression(call: Call): readonly ReadTensor[] {
  const maxOutputSize = call.whole(2, 'a number of boxes');
  const countName = call.openName('boxes');
  const isSoft = call.op === 'NON_MAX_SUPPRESSION_V5';
  const chosen = call.addMany('nonMaxSuppression', [call.value(0), call.value(1)], {
    maxOutputSize,
    iouThreshold: constantNumber(call, 3, 'a threshold'),
    scoreThreshold: constantNumber(call, 4, 'a threshold'),
    softSigma: isSoft ? constantNumber(call, 5, 'a sigma') : 0,
    countName,
  });
  const count = openSize(countName);
  const [indices, scores] = chosen.map((value) =>
    call.step('pad', [value], { beginning: [0], ending: [subtract(maxOutputSize, count)], mode: 'constant', value: 0 }),
  ) as [TypedValue, TypedValue];
  return isSoft ? [indices, scores, sizeScalar(count)] : [indices, sizeScalar(count)];
}

/** The most numbers that the places of a part take. */
const MAX_PLACES = 2 ** 20;

export const MOVEMENT_IMPORTERS: Importers = {
  ...{ RESHAPE: reshape, SQUEEZE: readAs('Squeeze'), EXPAND_DIMS: readAs('ExpandDims'), CONCATENATION: concatenation },
  ...{ SLICE: readAs('Slice'), STRIDED_SLICE: stridedSlice, TRANSPOSE: readAs('Transpose'), TILE: readAs('Tile') },
  ...{ PACK: readAs('Pack'), UNPACK: readAs('Unpack'), SPLIT: readAs('Split'), SPLIT_V: readAs('SplitV') },
  ...{ PAD: readAs('Pad'), PADV2: readAs('PadV2'), MIRROR_PAD: readAs('MirrorPad'), REVERSE_V2: readAs('ReverseV2') },
  ...{ DEPTH_TO_SPACE: readAs('DepthToSpace'), SPACE_TO_BATCH_ND: readAs('SpaceToBatchND'), BATCH_TO_SPACE_ND: readAs('BatchToSpaceND') },
  SPACE_TO_DEPTH: (call) => call.add('spaceToDepth', [call.value()], { blockSize: call.attributes.whole('block_size') }),
  ...{ BROADCAST_TO: readAs('BroadcastTo'), FILL: readAs('Fill'), ZEROS_LIKE: readAs('ZerosLike'), RANGE: readAs('Range') },
  ...{ GATHER: gather, GATHER_ND: readAs('GatherNd'), SCATTER_ND: readAs('ScatterNd'), SPARSE_TO_DENSE: readAs('SparseToDense') },
  ...{ DYNAMIC_UPDATE_SLICE: dynamicUpdateSlice, REVERSE_SEQUENCE: reverseSequence },
  EMBEDDING_LOOKUP: (call) => call.add('gather', [call.value(1), call.value(0)], { axis: 0, batchDimensions: 0 }),
  ...{ ONE_HOT: readAs('OneHot'), TOPK_V2: readAs('TopKV2'), WHERE: readAs('Where') },
  ...{ NON_MAX_SUPPRESSION_V4: nonMaxSuppression, NON_MAX_SUPPRESSION_V5: nonMaxSuppression },
  ...{ MEAN: readAs('Mean'), SUM: readAs('Sum'), REDUCE_PROD: readAs('Prod'), REDUCE_MAX: readAs('Max'), REDUCE_MIN: readAs('Min') },
  ...{ REDUCE_ALL: readAs('All'), REDUCE_ANY: readAs('Any'), ARG_MAX: readAs('ArgMax'), ARG_MIN: readAs('ArgMin') },
  ...{ CUMSUM: readAs('Cumsum'), LOG_SOFTMAX: readAs('LogSoftmax'), BATCH_MATMUL: readAs('BatchMatMulV2') },
  ...{ LOCAL_RESPONSE_NORMALIZATION: readAs('LRN'), RESIZE_BILINEAR: readAs('ResizeBilinear') },
  RESIZE_NEAREST_NEIGHBOR: readAs('ResizeNearestNeighbor'),
};
