/** Layers models become graphs that mean what Keras means: tf.layers answers alike where it is right, else values worked out by hand. */
import { describe, expect, it } from 'vitest';
import { type Lowered, lowerLayers } from '../../src/formats/keras/lower.js';
import { expectClose as expectNumbers } from '../fixtures/expect-close.js';
import { expectClose, type Json, predicted, train } from '../fixtures/layers.js';
import { LAYERS_MODELS } from '../fixtures/layers-models.js';
import { UNTRAINED } from '../fixtures/layers-untrained.js';
import { answerTo, layerOf, lowerSaved, lowerSequential, referenceAnswers } from '../fixtures/lowered-layers.js';

describe('the reference answers as tf.layers', () => {
  it.each(Object.keys(LAYERS_MODELS))('%s', async (name) => {
    const { model, inputs } = LAYERS_MODELS[name]!();
    await train(model, inputs(6));
    const lowered = await lowerSaved(model);
    for (const batch of [1, 3])
      expectClose(referenceAnswers(lowered, inputs(batch)), await predicted(model, inputs(batch)), `batch ${batch}`);
  });

  it.each(Object.keys(UNTRAINED))('%s', async (name) => {
    const { model, inputs } = UNTRAINED[name]!();
    const lowered = await lowerSaved(model);
    for (const batch of [1, 3])
      expectClose(referenceAnswers(lowered, inputs(batch)), await predicted(model, inputs(batch)), `batch ${batch}`);
  });
});

/** The keys of the inputs, and those of the outputs. */
const keysOf = ({ ends }: Pick<Lowered, 'ends'>) => [ends.inputs, ends.outputs].map((side) => side.map(({ key }) => key));

it('names the layer that each node comes from', () => {
  const { graph, ends } = lowerSequential(
    [2, 3],
    [layerOf('TimeDistributed', { layer: layerOf('Dense', { units: 1, activation: 'tanh' }, 'inner') }, 'outer'), layerOf('Flatten')],
    {
      'outer/kernel': [
        [3, 1],
        [1, 2, 3],
      ],
      'outer/bias': [[1], [4]],
    },
  );
  const origins = graph.nodes.map(({ op, origin: { format, op: kind, name } }) => [op, format, kind, name].join(' '));
  expect(origins).toEqual([
    'reshape keras TimeDistributed outer',
    'matmul keras Dense inner',
    'add keras Dense inner',
    'tanh keras Dense inner',
    'reshape keras TimeDistributed outer',
    'reshape keras Flatten flatten',
  ]);
  expect(keysOf({ ends })).toEqual([['x'], ['flatten']]);
});

describe('where tf.layers is wrong, as Keras', () => {
  it('UpSampling2D samples at half pixels', () => {
    const lowered = lowerSequential([2, 2, 1], [layerOf('UpSampling2D', { size: 2, interpolation: 'bilinear' })]);
    const rows = [
      [1, 1.25, 1.75, 2],
      [1.5, 1.75, 2.25, 2.5],
      [2.5, 2.75, 3.25, 3.5],
      [3, 3.25, 3.75, 4],
    ];
    expect(answerTo(lowered, [2, 2, 1], [1, 2, 3, 4])).toEqual(rows.flat());
  });

  it('DepthwiseConv2D has a dilation', () => {
    const config = { kernel_size: [1, 2], dilation_rate: [1, 2], use_bias: false };
    const lowered = lowerSequential([1, 4, 1], [layerOf('DepthwiseConv2D', config)], {
      'depthwiseconv2d/depthwise_kernel': [
        [1, 2, 1, 1],
        [1, 10],
      ],
    });
    expect(answerTo(lowered, [1, 4, 1], [1, 2, 3, 4])).toEqual([31, 42]);
  });

  it('ELU has an alpha', () => {
    const lowered = lowerSequential([3], [layerOf('ELU', { alpha: 2 })]);
    expectNumbers(answerTo(lowered, [3], [-1, 0, 3]), [2 * Math.expm1(-1), 0, 3]);
  });
});

/** Activations of Keras 3, by its definitions (keras/src/backend/numpy/nn.py). */
const ACTIVATIONS: Readonly<Record<string, (x: number) => number>> = {
  leaky_relu: (x) => Math.max(x, 0.2 * x),
  celu: (x) => Math.max(x, 0) + Math.expm1(Math.min(x, 0)),
  log_sigmoid: (x) => -Math.log1p(Math.exp(-x)),
  hard_sigmoid: (x) => Math.min(Math.max(x / 6 + 0.5, 0), 1),
  sparse_sigmoid: (x) => Math.min(Math.max((x + 1) / 2, 0), 1),
  hard_tanh: (x) => Math.min(Math.max(x, -1), 1),
  tanh_shrink: (x) => x - Math.tanh(x),
  hard_shrink: (x) => (Math.abs(x) > 0.5 ? x : 0),
  soft_shrink: (x) => (x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : 0),
  sparse_plus: (x) => (x <= -1 ? 0 : x < 1 ? (x + 1) ** 2 / 4 : x),
  squareplus: (x) => (x + Math.sqrt(x * x + 4)) / 2,
  hard_silu: (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1),
  hard_swish: (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1),
};
const POINTS = [-7, -2.8, -1, -0.5, -0.25, 0, 0.25, 0.5, 1, 2.8, 7];

describe('what Keras 3 has and TF.js has not', () => {
  it.each(Object.entries(ACTIVATIONS))('the activation %s', (activation, wanted) => {
    const layer = layerOf('Activation', { activation });
    const lowered = lowerSequential([POINTS.length], [layer], {}, { keras_version: '3.9.2' });
    expectNumbers(answerTo(lowered, [POINTS.length], POINTS), POINTS.map(wanted));
  });

  it('a hard_sigmoid that bends at 3, where that of Keras 2 bends at 2.5', () => {
    const layers = [layerOf('Activation', { activation: 'hard_sigmoid' })];
    const answerOf = (more: object) => answerTo(lowerSequential([3], layers, {}, { ...more }), [3], [-2.8, 1, 2.8]);
    expectNumbers(answerOf({ keras_version: '3.0.5' }), [0.2 / 6, 4 / 6, 5.8 / 6]);
    for (const keras_version of ['2.11.0', 'tfjs-layers 4.22.0', undefined]) expectNumbers(answerOf({ keras_version }), [0, 0.7, 1]);
  });

  it.each([
    [{ negative_slope: 0.1 }, (x: number) => (x > 0 ? x : 0.1 * x)],
    [{ threshold: 1 }, (x: number) => (x > 1 ? x : 0)],
    [{ max_value: 2, threshold: 0.3 }, (x: number) => (x > 0.3 ? Math.min(x, 2) : 0)],
    [{ max_value: 2, negative_slope: 0.1 }, (x: number) => (x > 0 ? Math.min(x, 2) : 0.1 * x)],
    [{ max_value: 2, negative_slope: 0.1, threshold: 1 }, (x: number) => (x > 1 ? Math.min(x, 2) : 0.1 * (x - 1))],
  ])('ReLU with %o', (config, wanted) => {
    const points = POINTS.filter((x) => x !== 1);
    expectNumbers(answerTo(lowerSequential([points.length], [layerOf('ReLU', config)]), [points.length], points), points.map(wanted));
  });
});

describe('a functional model whose inputs and outputs have names', () => {
  const tensor = (layer: string, call = 0) => ({ class_name: '__keras_tensor__', config: { keras_history: [layer, call, 0] } });
  const called = (layer: Json, ...args: unknown[]): Json => ({
    ...layer,
    name: layer['config'].name,
    inbound_nodes: [{ args, kwargs: {} }],
  });
  const model = (name: string, layers: Json[], inputs: unknown, outputs: unknown): Json => ({
    class_name: 'Functional',
    config: { name, layers, input_layers: inputs, output_layers: outputs },
  });
  const input = (name: string) => ({ ...layerOf('InputLayer', { batch_shape: [null, 2] }, name), name, inbound_nodes: [] });
  const difference = (name: string, from: string, to: string) => called(layerOf('Subtract', {}, name), [tensor(to), tensor(from)]);

  it('takes them by name, in the order of the names, also in a model within', () => {
    const inner = model(
      'inner',
      [input('to'), input('from'), difference('d', 'from', 'to')],
      { b: ['to', 0, 0], a: ['from', 0, 0] },
      { d: ['d', 0, 0] },
    );
    const outer = model(
      'outer',
      [
        input('x1'),
        input('x2'),
        called(inner, { b: tensor('x2'), a: tensor('x1') }),
        called(layerOf('Add', {}, 'sum'), [tensor('x1'), tensor('inner', 1)]),
      ],
      { start: ['x1', 0, 0], end: ['x2', 0, 0] },
      { way: ['inner', 1, 0], again: ['sum', 0, 0] },
    );
    const lowered = lowerLayers(outer, [], 'model.json');
    expect(keysOf(lowered)).toEqual([
      ['end', 'start'],
      ['again', 'way'],
    ]);
    const given = [
      { shape: [1, 2], data: Float32Array.of(10, 20) },
      { shape: [1, 2], data: Float32Array.of(1, 2) },
    ];
    expect(referenceAnswers(lowered, given).map(({ data }) => [...data])).toEqual([
      [10, 20],
      [9, 18],
    ]);
  });

  it('that are none are refused', () => {
    const broken = (inputs: unknown) => () => lowerLayers(model('m', [input('x')], inputs, { y: ['x', 0, 0] }), [], 'model.json');
    expect(broken({})).toThrow(/Model "m"'s input_layers is empty/);
    expect(broken({ a: { b: ['x', 0, 0] } })).toThrow(/input_layers\["a"\] should be an array/);
    expect(broken({ a: ['z', 0, 0] })).toThrow(/input_layers names layer "z"/);
    expect(broken({ toString: ['x', 0, 0] })).toThrow(/"toString", which every JavaScript object has/);
  });
});
