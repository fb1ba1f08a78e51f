/** Operators between layers: `x * 2` is TFOpLambda in Keras 2, and a class of its own in Keras 3. */
import { expect, it } from 'vitest';
import { lowerLayers } from '../../src/formats/keras/lower.js';
import type { Json } from '../fixtures/layers.js';
import { answerTo, layerOf } from '../fixtures/lowered-layers.js';

/** A model of one input x: 1, -2, that an operator takes. */
function answerOf(operator: Json): number[] {
  const x = { ...layerOf('InputLayer', { batch_input_shape: [null, 2], dtype: 'float32' }, 'x'), name: 'x', inbound_nodes: [] };
  const layers = [x, { ...operator, name: 'y', config: { name: 'y', trainable: true, dtype: 'float32', ...operator['config'] } }];
  const config = { name: 'model', layers, input_layers: [['x', 0, 0]], output_layers: [['y', 0, 0]] };
  return answerTo(lowerLayers({ class_name: 'Functional', config }, [], 'model.json'), [2], [1, -2]);
}

const lambda = (name: string, call: readonly unknown[]): Json => ({
  class_name: 'TFOpLambda',
  config: { function: name },
  inbound_nodes: [call],
});
const TENSOR = { class_name: '__keras_tensor__', config: { shape: [null, 2], dtype: 'float32', keras_history: ['x', 0, 0] } };
const operator = (kind: string, args: readonly unknown[], module?: string): Json => ({
  class_name: kind,
  ...(module && { module, registered_name: kind }),
  config: {},
  inbound_nodes: [{ args, kwargs: {} }],
});

it.each<[string, Json, number[]]>([
  ['x * 2', lambda('math.multiply', ['x', 0, 0, { y: 2, name: null }]), [2, -4]],
  ['2 - x', lambda('math.subtract', ['_CONSTANT_VALUE', -1, 2, { y: ['x', 0, 0], name: null }]), [1, 4]],
  ['x + x', lambda('__operators__.add', ['x', 0, 0, { y: ['x', 0, 0], name: null }]), [2, -4]],
  ['|x|, in a list', lambda('math.abs', [['x', 0, 0, { name: null }]]), [1, 2]],
  ['x * 2', operator('Multiply', [TENSOR, 2], 'keras.src.ops.numpy'), [2, -4]],
  ['2 / x', operator('TrueDivide', [2, TENSOR], 'keras.src.ops.numpy'), [2, -1]],
  ['x²', operator('Square', [TENSOR], 'keras.src.ops.numpy'), [1, 4]],
  ['x - 1, in HDF5', operator('Subtract', [TENSOR, 1]), [0, -3]],
])('%s', (_what, made, wanted) => expect(answerOf(made)).toEqual(wanted));

it.each<[string, Json, RegExp]>([
  [
    'a function without a rule',
    lambda('linalg.inv', ['x', 0, 0, {}]),
    /"y" \(TFOpLambda\) .* function "linalg.inv": .*math.multiply.* Take the layer/,
  ],
  ['a class without a rule', operator('Roll', [TENSOR], 'keras.src.ops.numpy'), /"y" \(ops.Roll\) is not taken because there is no rule/],
  [
    'another argument',
    lambda('math.multiply', ['x', 0, 0, { y: 2, axis: 1 }]),
    /"y" \(TFOpLambda\) is not taken with the argument axis of .* no rule reads it/,
  ],
  ['a number that is none', lambda('math.multiply', ['x', 0, 0, { y: 'two' }]), /takes "two"; a tensor or a number/],
  ['one operand of two', operator('Power', [TENSOR], 'keras.src.ops.numpy'), /takes 2 operands, but is given 1/],
  ['a layer with a number', { ...operator('Dropout', [TENSOR, 2]), config: { rate: 0 } }, /has 2 arguments; one, the inputs/],
])('%s is refused', (_what, made, message) => expect(() => answerOf(made)).toThrow(message));
