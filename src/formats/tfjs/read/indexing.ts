/** Reads ops that take and put elements by their indices, and ops whose output's size depends on values. */
import type { TypedValue } from '../../../graph/graph.js';
import { isOpen, openSize, type Size, subtract } from '../../../graph/size.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import { sizeScalar } from '../../reading/size-tensor.js';
import type { ReadTensor } from '../../reading/tensors.js';
import type { Call, Importers } from './call.js';

/** TensorFlow's own op has no axis: it takes rows. */
function gather(call: Call): TypedValue {
  const [input, indices] = [call.value(0), call.value(1)];
  const axis = call.count > 2 ? call.axis(2, input.type.shape.length) : 0;
  const rank = indices.type.shape.length;
  const given = call.attributes.whole('batch_dims', 0);
  return call.add('gather', [input, indices], { axis, batchDimensions: given < 0 ? given + rank : given });
}

/** Rows of indices, each of a known length. */
function knownRows(indices: TypedValue): TypedValue {
  const depth = indices.type.shape.at(-1);
  if (depth !== undefined && isOpen(depth)) throw cannotExpress(`takes rows of indices of the open size ${depth.text}`);
  return indices;
}

/** Indices as rows: a list of them is a row each, as TensorFlow's kernels of scatters have it. */
const rowsOf = (call: Call, indices: TypedValue): TypedValue => {
  const { shape } = indices.type;
  return shape.length === 1 ? call.step('reshape', [indices], { newShape: [...shape, 1] }) : knownRows(indices);
};

/** A tensor of one number, with others put into it at their places, or added where several meet. */
function scattered(
  call: Call,
  reduction: 'none' | 'add',
  [indices, updates]: readonly [TypedValue, TypedValue],
  shape: readonly Size[],
  fill: TypedValue,
): TypedValue {
  const empty = call.step('expand', [fill], { newShape: shape });
  return call.add('scatterND', [empty, indices, updates], { reduction });
}

function scatterNd(call: Call): TypedValue {
  const [indices, updates] = [call.value(0), call.value(1)];
  const { dataType } = updates.type;
  if (dataType !== 'float32' && dataType !== 'int32') throw cannotExpress(`adds elements of ${dataType}`);
  return scattered(call, 'add', [rowsOf(call, indices), updates], call.sizes(2, 'sizes'), call.number(0, dataType));
}

/** One index is the only row. One value may stand for all places. */
function sparseToDense(call: Call): TypedValue {
  const [indices, values, fill] = [call.value(0), call.value(2), call.value(3)];
  const { shape } = indices.type;
  const rows = shape.length === 0 ? call.step('reshape', [indices], { newShape: [1, 1] }) : rowsOf(call, indices);
  const each = call.step('expand', [values], { newShape: [shape[0] ?? 1] });
  return scattered(call, 'none', [rows, each], call.sizes(1, 'sizes'), fill);
}

function oneHot(call: Call): TypedValue {
  const rank = call.type(0).shape.length;
  const [depth] = call.sizes(1, 'a depth');
  if (depth === undefined) throw call.broken('lacks a depth');
  const axis = call.axisOf(call.attributes.whole('axis', -1), rank + 1);
  return call.add('oneHot', [call.value(0), call.value(2), call.value(3)], { axis, depth });
}

function topK(call: Call): readonly TypedValue[] {
  const input = call.value();
  const [k] = call.sizes(1, 'a number of elements');
  if (k === undefined) throw call.broken('takes no number of elements');
  return call.addMany('topK', [input], { axis: input.type.shape.length - 1, k, largest: true });
}

/** A number without axes that the graph gives as a constant. */
function constantNumber(call: Call, index: number, what: string): number {
  const number = call.constant(index)?.data[0];
  if (number === undefined) throw cannotExpress(`takes ${what} that is computed while the model runs`);
  return number;
}

/**
 * The indices of the chosen boxes and their scores; the second version has no least score, and the fifth lowers the scores of boxes
 * that overlap. Where the outputs are filled up to the greatest number, zeros follow.
 */
function nonMaxSuppression(call: Call): readonly ReadTensor[] {
  const [maxOutputSize] = call.sizes(2, 'a number of boxes');
  if (maxOutputSize === undefined) throw call.broken('takes no number of boxes');
  const countName = call.openName('boxes');
  const attributes = {
    maxOutputSize,
    iouThreshold: constantNumber(call, 3, 'a threshold'),
    scoreThreshold: call.count > 4 ? constantNumber(call, 4, 'a threshold') : Number.NEGATIVE_INFINITY,
    softSigma: call.count > 5 ? constantNumber(call, 5, 'a sigma') : 0,
    countName,
  };
  const chosen = call.addMany('nonMaxSuppression', [call.value(0), call.value(1)], attributes);
  const count = openSize(countName);
  const filled = (value: TypedValue): TypedValue => {
    if (!call.attributes.flag('pad_to_max_output_size')) return value;
    const ending = [subtract(maxOutputSize, count)];
    return call.step('pad', [value], { beginning: [0], ending, mode: 'constant', value: 0 });
  };
  const [indices, scores] = chosen.map(filled) as [TypedValue, TypedValue];
  if (call.op === 'NonMaxSuppressionV5') return [indices, scores, sizeScalar(count)];
  return call.op === 'NonMaxSuppressionV4' ? [indices, sizeScalar(count)] : [indices];
}

function cropAndResize(call: Call): TypedValue {
  return call.add('cropAndResize', call.values(0, 3), {
    cropSize: call.sizes(3, 'sizes'),
    mode: call.attributes.text('method', 'bilinear') === 'nearest' ? 'nearest' : 'linear',
    extrapolationValue: call.attributes.number('extrapolation_value', 0),
  });
}

export const INDEXING_IMPORTERS: Importers = {
  Gather: gather,
  GatherV2: gather,
  GatherNd: (call) => call.add('gatherND', [call.value(0), knownRows(call.value(1))], { batchDimensions: 0 }),
  ScatterNd: scatterNd,
  TensorScatterUpdate: (call) => call.add('scatterND', [call.value(0), rowsOf(call, call.value(1)), call.value(2)], { reduction: 'none' }),
  SparseToDense: sparseToDense,
  OneHot: oneHot,
  TopKV2: topK,
  Where: (call) => call.add('nonzero', [call.value()], { countName: call.openName('found') }),
  NonMaxSuppressionV2: nonMaxSuppression,
  NonMaxSuppressionV3: nonMaxSuppression,
  NonMaxSuppressionV4: nonMaxSuppression,
  NonMaxSuppressionV5: nonMaxSuppression,
  CropAndResize: cropAndResize,
};
