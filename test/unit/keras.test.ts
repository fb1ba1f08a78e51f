/** Layers models become graphs that mean what Keras means: tf.layers answers alike where it is right, else values worked out by hand. */
import { describe, expect, it } from 'vitest';
import { expectClose as expectNumbers } from '../fixtures/expect-close.js';
import { expectClose, predicted, train } from '../fixtures/layers.js';
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

it('names the layer that each node comes from', () => {
  const { graph, keys } = lowerSequential(
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
  expect(keys).toEqual({ inputs: ['x'], outputs: ['flatten'] });
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
