/** Writes normalisations. */
import { isClosed } from '../../../graph/tensor.js';
import { attr } from './attributes.js';
import type { Call, NodeWriter, WriteOps } from './call.js';
import type { WrittenTensor } from './graph-def.js';
import { reshaped, transposed } from './shape.js';

/** The most axes that TF.js's batch normalisation takes. */
const MAX_BATCH_RANK = 4;

function batchNormalization(call: Call<'batchNormalization'>): WrittenTensor {
  const { axis, epsilon } = call.attributes;
  const { shape } = call.type();
  const channels = call.type(1).shape;
  if (axis === shape.length - 1 && shape.length <= MAX_BATCH_RANK && isClosed(channels)) {
    const numbers = (index: number, absent: number) =>
      call.optionalInput(index) ?? call.numbers('float32', Array(channels[0]).fill(absent), channels);
    const inputs = [call.input(), numbers(3, 1), numbers(4, 0), call.input(1), call.input(2)];
    return call.add('FusedBatchNormV3', inputs, {
      epsilon: attr.number(epsilon),
      data_format: attr.text('NHWC'),
      is_training: attr.flag(false),
    });
  }
  const [mean, variance] = [1, 2].map((index) => alongAxes(call, index, [axis])) as [WrittenTensor, WrittenTensor];
  const deviations = call.add('Sub', [call.input(), mean]);
  return scaled(call, call.add('Mul', [deviations, reciprocalDeviation(call, variance, epsilon)]), [axis], 3);
}

/** 1 / √(variance + epsilon) */
const reciprocalDeviation = (call: NodeWriter, variance: WrittenTensor, epsilon: number): WrittenTensor =>
  call.add('Rsqrt', [call.add('AddV2', [variance, call.number(epsilon)])]);

/** Moves each part along the axes to mean 0 and variance 1. */
function normalized(call: NodeWriter, axes: readonly number[], epsilon: number): WrittenTensor {
  const mean = (tensor: WrittenTensor) =>
    axes.length === 0 ? tensor : call.add('Mean', [tensor, call.parameters(axes)], { keep_dims: attr.flag(true) });
  const deviations = call.add('Sub', [call.input(), mean(call.input())]);
  const variance = mean(call.add('Square', [deviations]));
  return call.add('Mul', [deviations, reciprocalDeviation(call, variance, epsilon)]);
}

/** Multiplies with the scale, which is the input of a number, and adds the bias, which is the next one. Both may be absent. */
function scaled(call: NodeWriter, tensor: WrittenTensor, axes: readonly number[], index: number): WrittenTensor {
  const product = call.has(index) ? call.add('Mul', [tensor, alongAxes(call, index, axes)]) : tensor;
  return call.has(index + 1) ? call.add('AddV2', [product, alongAxes(call, index + 1, axes)]) : product;
}

/** An input whose axes are some axes of the first one, in a shape that is broadcast to that one's. */
function alongAxes(call: NodeWriter, index: number, axes: readonly number[]): WrittenTensor {
  const sorted = axes.toSorted((a, b) => a - b);
  const first = sorted[0] ?? 0;
  const shape = call
    .type()
    .shape.slice(first)
    .map((size, axis) => (sorted.includes(first + axis) ? size : 1));
  const isInOrder = sorted.every((axis, place) => axes[place] === axis);
  if (isInOrder && isClosed(shape)) return call.inputAs(index, shape);
  const input = call.input(index);
  const ordered = isInOrder
    ? input
    : transposed(
        call,
        input,
        sorted.map((axis) => axes.indexOf(axis)),
      );
  return reshaped(call, ordered, shape);
}

export const NORMALIZATION_WRITERS: WriteOps<
  'batchNormalization' | 'layerNormalization' | 'instanceNormalization' | 'localResponseNormalization'
> = {
  batchNormalization,
  layerNormalization: (call) => scaled(call, normalized(call, call.attributes.axes, call.attributes.epsilon), call.attributes.axes, 1),
  instanceNormalization: (call) => scaled(call, normalized(call, [1, 2], call.attributes.epsilon), [3], 1),
  localResponseNormalization: (call) => {
    const { radius, bias, alpha, beta } = call.attributes;
    return call.add('LRN', [call.input()], {
      depth_radius: attr.whole(radius),
      bias: attr.number(bias),
      alpha: attr.number(alpha),
      beta: attr.number(beta),
    });
  },
};
