/** Writes ops that combine elements along axes. */
import { sizeOf } from '../../../base/dtype.js';
import { isFloat } from '../../../graph/element-type.js';
import type { REDUCTION_OPS } from '../../../graph/ops/reduction.js';
import type { Size } from '../../../graph/size.js';
import { isClosed } from '../../../graph/tensor.js';
import { attr, dtypeOf } from './attributes.js';
import type { Call, NodeWriter, WriteOps } from './call.js';
import { absolute, clamped, wrapped } from './elementwise.js';
import type { WrittenTensor } from './graph-def.js';
import { alongMiddle, MAX_WEBGPU_RANK, reshaped, transposed } from './shape.js';

/** A call of any reduction. */
type Reduction = Call<Extract<keyof typeof REDUCTION_OPS, `reduce${string}`>>;

/** What no elements give. */
const NEUTRAL: Readonly<Record<string, number>> = { Sum: 0, Prod: 1, All: 1, Any: 0 };

/** Reduces a tensor that has the input's shape. Without axes, each element is combined with itself alone. */
function reduced(call: Reduction, op: string, tensor: WrittenTensor, keepDimensions = call.attributes.keepDimensions): WrittenTensor {
  const { axes } = call.attributes;
  if (axes.length === 0) return tensor;
  const { shape } = call.outputType();
  // TF.js's kernels leave what has no terms unwritten.
  if (axes.some((axis) => call.type().shape[axis] === 0) && isClosed(shape) && Object.hasOwn(NEUTRAL, op))
    return call.numbers(dtypeOf(call.outputType().dataType), Array(sizeOf(shape)).fill(NEUTRAL[op]), shape);
  // On webgpu, Prod forgets the axes that it keeps where it computes on the processor (TF.js 4.22).
  if (op === 'Prod' && keepDimensions) return reshaped(call, reduced(call, op, tensor, false), shape);
  return call.add(op, [tensor, call.parameters(axes)], { keep_dims: attr.flag(keepDimensions) });
}

const reduction =
  (op: string) =>
  (call: Reduction): WrittenTensor =>
    wrapped(call, reduced(call, op, call.input(0)), call.type().dataType);

function reduceMean(call: Call<'reduceMean'>): WrittenTensor {
  const { axes } = call.attributes;
  // TF.js takes whole numbers through float32, whose quotient may lie below the whole number that it should be.
  if (!isFloat(call.type().dataType) && axes.length > 0) throw call.refused('computes the mean of whole numbers in float32');
  return reduced(call, 'Mean', call.input(0));
}

const squared = (call: NodeWriter): WrittenTensor => call.add('Mul', [call.input(0), call.input(0)]);

/** ln Σe^x, where the greatest x is taken out so that nothing overflows, and infinite ones are taken for the greatest float32. */
function reduceLogSumExp(call: Call<'reduceLogSumExp'>): WrittenTensor {
  const x = call.input(0);
  const { axes, keepDimensions } = call.attributes;
  if (axes.length === 0) return x;
  const max = clamped(call, reduced(call, 'Max', x, true), 'float32', -MAX_FLOAT32, MAX_FLOAT32);
  const total = reduced(call, 'Sum', call.add('Exp', [call.add('Sub', [x, max])]), true);
  const result = call.add('AddV2', [call.add('Log', [total]), max]);
  return keepDimensions ? result : call.add('Squeeze', [result], { squeeze_dims: attr.wholes(axes), axis: attr.wholes(axes) });
}

/** The greatest float32 that is finite. */
export const MAX_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

const place =
  (op: string) =>
  (call: Call<'argMax' | 'argMin'>): WrittenTensor => {
    const { axis, keepDimensions } = call.attributes;
    const index = call.add(op, [call.input(0), call.parameter(axis)]);
    // On webgpu, ArgMax and ArgMin of one axis keep it (TF.js 4.22).
    if (call.type().shape.length === 1) return reshaped(call, index, call.outputType().shape);
    return keepDimensions ? call.add('ExpandDims', [index, call.parameter(axis)]) : index;
  };

const running =
  (op: string) =>
  (call: Call<'cumulativeSum' | 'cumulativeProduct'>): WrittenTensor => {
    const { axis, exclusive, reversed } = call.attributes;
    const { dataType, shape } = call.type();
    const along = (at: number) => (tensor: WrittenTensor) =>
      call.add(op, [tensor, call.parameter(at)], { exclusive: attr.flag(exclusive), reverse: attr.flag(reversed) });
    if (shape.length <= MAX_WEBGPU_RANK) return wrapped(call, along(axis)(call.input(0)), dataType);
    const { tensor } = alongMiddle(call, { tensor: call.input(0), shape }, axis, shape[axis] as Size, along(1));
    return wrapped(call, tensor, dataType);
  };

/** An op that TF.js has along the last axis alone. */
export function alongLastAxis(call: NodeWriter, axis: number, write: (tensor: WrittenTensor) => WrittenTensor): WrittenTensor {
  const last = call.type().shape.length - 1;
  if (axis === last) return write(call.input(0));
  const permutation = swapped(last + 1, axis, last);
  return transposed(call, write(transposed(call, call.input(0), permutation)), permutation);
}

/** All axes in order, but for two that change places. */
export function swapped(rank: number, one: number, other: number): readonly number[] {
  return Array.from({ length: rank }, (_, axis) => (axis === one ? other : axis === other ? one : axis));
}

const alongAxis =
  (op: string) =>
  (call: Call<'softmax' | 'logSoftmax'>): WrittenTensor =>
    alongLastAxis(call, call.attributes.axis, (tensor) => call.add(op, [tensor]));

export const REDUCTION_WRITERS: WriteOps<keyof typeof REDUCTION_OPS> = {
  reduceSum: reduction('Sum'),
  reduceMean,
  reduceProduct: reduction('Prod'),
  reduceMax: reduction('Max'),
  reduceMin: reduction('Min'),
  reduceL1: (call) => {
    const { dataType } = call.type();
    return wrapped(call, reduced(call, 'Sum', absolute(call, call.input(0), dataType)), dataType);
  },
  reduceL2: (call) => call.add('Sqrt', [reduced(call, 'Sum', squared(call))]),
  reduceSumSquare: (call) => wrapped(call, reduced(call, 'Sum', squared(call)), call.type().dataType),
  reduceLogSum: (call) => call.add('Log', [reduced(call, 'Sum', call.input(0))]),
  reduceLogSumExp,
  reduceAll: reduction('All'),
  reduceAny: reduction('Any'),
  argMax: place('ArgMax'),
  argMin: place('ArgMin'),
  cumulativeSum: running('Cumsum'),
  cumulativeProduct: running('Cumprod'),
  softmax: alongAxis('Softmax'),
  logSoftmax: alongAxis('LogSoftmax'),
};
