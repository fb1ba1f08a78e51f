/** Activations that are fused into operators (ActivationFunctionType of schema.fbs). */
import type { TypedValue } from '../../../graph/graph.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { Call } from './call.js';

/** Adds an op: a node's `add` for its output, or its `step` on the way there. */
export type Give = Call['add'];

const ACTIVATIONS: Readonly<Record<string, (give: Give, input: TypedValue) => TypedValue>> = {
  RELU: (give, input) => give('relu', [input], {}),
  RELU_N1_TO_1: (give, input) => give('clamp', [input], { min: -1, max: 1 }),
  RELU6: (give, input) => give('clamp', [input], { min: 0, max: 6 }),
  TANH: (give, input) => give('tanh', [input], {}),
};

/**
 * Adds an op with the activation that is fused into it.
 * @param make adds the op itself, by the function that it gets
 */
export function withActivation(call: Call, make: (give: Give) => TypedValue): TypedValue {
  const name = call.attributes.text('activation', 'NONE');
  if (name === 'NONE') return make(call.add.bind(call));
  const activation = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (activation === undefined) throw cannotExpress(`has the activation ${name} fused into it`);
  return activation(call.add.bind(call), make(call.step.bind(call)));
}
