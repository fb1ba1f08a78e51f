/** Reads the ops that a converter has put into another one: a bias and an activation behind a convolution or a matrix product. */
import type { TypedValue } from '../../../graph/graph.js';
import { isOpen } from '../../../graph/size.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { Call } from './call.js';

/** Adds an activation behind a value. `slopes` are an activation's own input. */
type Activation = (call: Call, give: Call['add'], input: TypedValue, slopes: number) => TypedValue;

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  Relu: (_, give, input) => give('relu', [input], {}),
  Relu6: (_, give, input) => give('clamp', [input], { min: 0, max: 6 }),
  Elu: (_, give, input) => give('elu', [input], { alpha: 1 }),
  Sigmoid: (_, give, input) => give('sigmoid', [input], {}),
  Tanh: (_, give, input) => give('tanh', [input], {}),
  LeakyRelu: (call, give, input) => give('leakyRelu', [input], { alpha: call.attributes.number('leakyrelu_alpha', Math.fround(0.2)) }),
  Prelu: (call, give, input, slopes) => give('prelu', [input, call.value(slopes)], {}),
};

/** The index of the first input of fused ops: it stands behind the picture and the filter, or behind both matrices. */
const FIRST_ARGUMENT = 2;

/**
 * Adds an op with what is fused into it.
 * @param make adds the op itself with its bias, by the function that it gets
 */
export function withFusedOps(call: Call, give: Call['add'], make: (bias: TypedValue | null, give: Call['add']) => TypedValue): TypedValue {
  const [first, ...others] = call.attributes.texts('fused_ops');
  const hasBias = first === 'BiasAdd';
  const [activation, ...more] = hasBias || first === undefined ? others : [first, ...others];
  const bias = hasBias ? biasOf(call) : null;
  if (activation === undefined) return make(bias, give);
  const write = Object.hasOwn(ACTIVATIONS, activation) ? ACTIVATIONS[activation] : undefined;
  if (write === undefined || more.length > 0) throw cannotExpress(`has fused ${[activation, ...more].join(' and ')} into it`);
  return write(call, give, make(bias, call.step.bind(call)), FIRST_ARGUMENT + (hasBias ? 1 : 0));
}

/** One number for each channel. TF.js takes axes of one element in front of them, too. */
function biasOf(call: Call): TypedValue {
  const { shape } = call.type(FIRST_ARGUMENT);
  const channels = shape.at(-1) ?? 1;
  const isKept = shape.length === 1 || isOpen(channels) || !shape.slice(0, -1).every((size) => size === 1);
  return isKept ? call.value(FIRST_ARGUMENT) : call.valueAs(FIRST_ARGUMENT, [channels]);
}
