/** The activations that attributes name, by their names in small letters. */
import type { TypedValue } from '../../../graph/graph.js';
import type { Call } from './call.js';

/** An activation, with the numbers that shape its curve. */
export type Activation = (call: Call, value: TypedValue, alpha: number | undefined, beta: number | undefined) => TypedValue;

export const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  sigmoid: (call, value) => call.apply('sigmoid', value),
  tanh: (call, value) => call.apply('tanh', value),
  relu: (call, value) => call.apply('relu', value),
  softsign: (call, value) => call.apply('softsign', value),
  softplus: (call, value) => call.apply('softplus', value),
  hardsigmoid: (call, value, alpha = Math.fround(0.2), beta = 0.5) => call.step('hardSigmoid', [value], { alpha, beta }),
  leakyrelu: (call, value, alpha = Math.fround(0.01)) => call.step('leakyRelu', [value], { alpha }),
  elu: (call, value, alpha = 1) => call.step('elu', [value], { alpha }),
  affine: (call, value, alpha = 1, beta = 0) => call.step('linear', [value], { alpha, beta }),
};
