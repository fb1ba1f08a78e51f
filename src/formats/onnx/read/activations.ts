/** Reads activations. Those that our graph has no op for become their formulas. */
import type { TypedValue } from '../../../graph/graph.js';
import { isOpen, product, type Size } from '../../../graph/size.js';
import { sameAs } from '../../reading/plain-ops.js';
import type { Call, Importer, Importers } from './call.js';

/** The constants of the SELU as ONNX's definition has them. */
const SELU_ALPHA = Math.fround(1.6732632423543772);
const SELU_GAMMA = Math.fround(1.0507009873554805);

function selu(call: Call): TypedValue {
  const alpha = call.attributes.number('alpha', SELU_ALPHA);
  const gamma = call.attributes.number('gamma', SELU_GAMMA);
  if (alpha === SELU_ALPHA && gamma === SELU_GAMMA) return call.add('selu', [call.value()], {});
  return call.apply('mul', call.step('elu', [call.value()], { alpha }), call.number(gamma));
}

/** alpha · elu(x / alpha). */
function celu(call: Call): TypedValue {
  const alpha = call.number(call.attributes.number('alpha', 1));
  return call.apply('mul', call.step('elu', [call.apply('div', call.value(), alpha)], { alpha: 1 }), alpha);
}

function mish(call: Call): TypedValue {
  return call.apply('mul', call.value(), call.apply('tanh', call.apply('softplus', call.value())));
}

/** x · sigmoid(alpha · x). */
export function swish(call: Call, absent = 1): TypedValue {
  const alpha = call.attributes.number('alpha', absent);
  const input = call.value();
  const scaled = alpha === 1 ? input : call.apply('mul', input, call.number(alpha));
  return call.apply('mul', input, call.apply('sigmoid', scaled));
}

function thresholdedRelu(call: Call): TypedValue {
  const input = call.value();
  const isAbove = call.apply('greater', input, call.number(call.attributes.number('alpha', 1)));
  return call.apply('where', isAbove, input, call.number(0));
}

/** Numbers within lambd of 0 become 0; the others are moved towards 0 by the bias. */
function shrink(call: Call): TypedValue {
  const lambda = call.attributes.number('lambd', 0.5);
  const bias = call.number(call.attributes.number('bias', 0));
  const input = call.value();
  const above = call.apply('where', call.apply('greater', input, call.number(lambda)), call.apply('sub', input, bias), call.number(0));
  return call.apply('where', call.apply('lesser', input, call.number(-lambda)), call.apply('add', input, bias), above);
}

/** Before opset 13 the axes from the given one on are one axis together. */
const softmax =
  (op: 'softmax' | 'logSoftmax' | 'hardmax'): Importer =>
  (call) => {
    const input = call.value();
    const { shape } = input.type;
    const axis = call.axisAt(shape.length, call.opset < 13 ? 1 : -1);
    if (call.opset >= 13 || axis === shape.length - 1) return along(call, op, input, axis);
    const rows = call.reshaped(input, [product(shape.slice(0, axis)), product(shape.slice(axis))]);
    return call.reshaped(along(call, op, rows, 1), shape);
  };

function along(call: Call, op: 'softmax' | 'logSoftmax' | 'hardmax', input: TypedValue, axis: number): TypedValue {
  if (op !== 'hardmax') return call.step(op, [input], { axis });
  const place = call.step('argMax', [input], { axis, keepDimensions: false, outputDataType: 'int32' });
  return call.step('oneHot', [place, call.number(1), call.number(0)], { axis, depth: input.type.shape[axis] as Size });
}

/** The slope broadcasts to the input; of one number it is a leaky ReLU. */
function prelu(call: Call): TypedValue {
  const [input, slope] = [call.value(0), call.value(1)];
  const { shape } = slope.type;
  const missing = input.type.shape.length - shape.length;
  const isOne = shape.every((size) => !isOpen(size) && size === 1);
  return call.add('prelu', [input, isOne && missing < 0 ? call.reshaped(slope, []) : slope], {});
}

export const ACTIVATION_IMPORTERS: Importers = {
  ...{ Relu: sameAs('relu'), Sigmoid: sameAs('sigmoid'), Tanh: sameAs('tanh'), Softplus: sameAs('softplus') },
  ...{ Softsign: sameAs('softsign'), HardSwish: sameAs('hardSwish'), Selu: selu, Celu: celu, Mish: mish, Swish: (call) => swish(call) },
  LeakyRelu: (call) => call.add('leakyRelu', [call.value()], { alpha: call.attributes.number('alpha', Math.fround(0.01)) }),
  Elu: (call) => call.add('elu', [call.value()], { alpha: call.attributes.number('alpha', 1) }),
  HardSigmoid: (call) =>
    call.add('hardSigmoid', [call.value()], {
      alpha: call.attributes.number('alpha', Math.fround(0.2)),
      beta: call.attributes.number('beta', 0.5),
    }),
  Gelu: (call) =>
    call.add('gelu', [call.value()], { approximation: call.attributes.text('approximate', 'none') === 'tanh' ? 'tanh' : 'none' }),
  ThresholdedRelu: thresholdedRelu,
  Shrink: shrink,
  PRelu: prelu,
  Softmax: softmax('softmax'),
  LogSoftmax: softmax('logSoftmax'),
  Hardmax: softmax('hardmax'),
};
