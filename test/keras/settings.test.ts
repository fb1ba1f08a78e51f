/** Settings and arguments that no rule computes are refused: the message names the layer, its class, the layer around it and the next step. */
import { describe, expect, it } from 'vitest';
import { lowerLayers } from '../../src/formats/keras/lower.js';
import type { Json } from '../fixtures/layers.js';
import { layerOf, lowerSequential } from '../fixtures/lowered-layers.js';
import type { LayerCase } from './cases/case.js';
import { lowered } from './saved-layer.js';

const dense = { class_name: 'Dense', config: { name: 'inner', units: 1, use_bias: false } };

it.each<[string, Json, readonly number[], RegExp]>([
  ['Conv1D', { filters: 3, kernel_size: 1, groups: 2 }, [1, 4], /has 2 groups for 4 channels in and 3 out/],
  ['Conv2D', { filters: 3, kernel_size: 1, padding: 'causal' }, [1, 1, 4], /has padding "causal"; "valid" or "same" is wanted/],
  ['Conv2D', { filters: 1, kernel_size: 1, data_format: 'channels_first' }, [1, 1, 1], /with data_format "channels_first": channels must/],
  ['Conv3D', { filters: 1, kernel_size: 2, strides: 2, dilation_rate: 2 }, [2, 2, 2, 1], /has strides and dilation_rate above 1/],
  ['Conv2DTranspose', { filters: 1, kernel_size: 2, output_padding: 1 }, [2, 2, 1], /with output_padding 1: no rule computes one/],
  ['Resizing', { height: 3, width: 1, antialias: true }, [2, 2, 1], /with antialias true: no rule computes it/],
  ['Resizing', { height: 3, width: 1, interpolation: 'bicubic' }, [2, 2, 1], /has interpolation "bicubic"; "nearest" or "bilinear"/],
  ['UpSampling2D', { interpolation: 'lanczos3' }, [2, 2, 1], /has interpolation "lanczos3"/],
  ['GroupNormalization', { groups: 3 }, [4], /has groups 3; a divisor of 4 is wanted/],
  ['BatchNormalization', { renorm: true }, [4], /with renorm true: its weights are those of training/],
  ['Normalization', { mean: [1, 2, 3], variance: [1, 2, 3] }, [2], /has mean an array of 3.*; numbers for the sizes \[2\] is wanted/],
  ['ZeroPadding1D', { padding: [1, 2, 3] }, [4, 1], /has padding an array of 3/],
  ['Embedding', { input_dim: 2, output_dim: 1, mask_zero: true }, [2], /with mask_zero: masks are not computed/],
  ['EinsumDense', { equation: 'ab,bc->ad', output_shape: 2 }, [2], /with equation "ab,bc->ad" for an input of 2 dimensions: each letter/],
  ['EinsumDense', { equation: 'ab', output_shape: 2 }, [2], /has equation "ab"; an equation such as/],
  ['CategoryEncoding', { num_tokens: 2, sparse: true }, [2], /with sparse true: tensors are dense/],
  ['CategoryEncoding', { num_tokens: 2 }, [2, 2], /with output_mode "multi_hot" for \[batch, 2, 2\]: a list of categories/],
  ['Discretization', { num_bins: 4 }, [2], /without bin_boundaries in its config.*Build the layer with Discretization\(bin_boundaries=/],
  ['Discretization', { bin_boundaries: [1, 0] }, [2], /has bin_boundaries an array of 2.*; a list of numbers in rising order/],
  ['IntegerLookup', {}, [2], /without its vocabulary in its config.*IntegerLookup\(vocabulary=layer.get_vocabulary\(\)\)/],
  ['IntegerLookup', { vocabulary: [1], num_oov_indices: 0 }, [2], /with num_oov_indices 0.* Build it with num_oov_indices=1/],
  ['IntegerLookup', { vocabulary: [1], output_mode: 'tf_idf' }, [2], /with output_mode "tf_idf"/],
  ['AdaptiveMaxPooling1D', { output_size: 1001 }, [2, 1], /to 1001 places: the limit is 1000/],
  ['LSTM', { units: 1, stateful: true }, [2, 1], /with stateful true: a packed model keeps nothing between predicts/],
  [
    'RNN',
    { cell: layerOf('PeepholeLSTMCell') },
    [2, 1],
    /"peepholelstmcell" \(PeepholeLSTMCell\) in layer "rnn" \(RNN\) is not taken because its class is no cell/,
  ],
  ['Bidirectional', { layer: dense }, [2, 1], /around a Dense; SimpleRNN, LSTM, GRU, RNN are known/],
  ['Activation', { activation: 'threshold' }, [2], /with activation "threshold": its name says no threshold. Use the layer ReLU/],
  ['Activation', { activation: 'glu' }, [3], /with the activation glu for 3 channels/],
  [
    'Rescaling',
    { scale: 1, clip: 2 },
    [2],
    /"rescaling" \(Rescaling\) is not taken with clip 2: no rule reads that field. Take the layer out/,
  ],
  ['Dense', { units: 1, dtype: 'float64' }, [2], /with dtype "float64": float32, mixed_float16, mixed_bfloat16 are computed/],
  [
    'TimeDistributed',
    { layer: { class_name: 'Lambda', config: { name: 'mine' } } },
    [2, 2],
    /"mine" \(Lambda\) in layer "timedistributed" \(TimeDistributed\) is not/,
  ],
  [
    'TimeDistributed',
    { layer: { class_name: 'Sequential', config: { name: 'model' } } },
    [2, 2],
    /"model" \(Sequential\) .* Call the model by itself/,
  ],
  ['Attention', {}, [2, 1], /takes \[query, value\] or \[query, value, key\], but is given 1 inputs/],
  ['MultiHeadAttention', { num_heads: 1, key_dim: 1 }, [2, 1], /takes a query and a value, but is given one input/],
])('%s %o', (kind, config, shape, message) => {
  expect(() => lowerSequential(shape, [layerOf(kind, config)])).toThrow(message);
  expect(() => lowerSequential(shape, [layerOf(kind, config)])).toThrow(expect.objectContaining({ code: 'model-format' }));
});

describe('arguments of calls', () => {
  const call = (kind: string, config: Json, given: LayerCase['arguments']): LayerCase => ({
    kind,
    config,
    inputs: [
      [
        [2, 2],
        [1, 2, 3, 4],
      ],
      [
        [2, 2],
        [1, 2, 3, 4],
      ],
    ],
    ...(given && { arguments: given }),
    wanted: [[]],
  });

  it.each([2, 3] as const)('that no rule reads are refused in Keras %i', (version) => {
    const refused = (of: LayerCase) => expect(() => lowered(of, version));
    refused(call('LSTM', { units: 1 }, { mask: 'x1' })).toThrow(
      /"layer" \(LSTM\) is not taken with the argument mask of .*\. Call the layer/,
    );
    refused(call('Dense', { units: 1 }, { scale: 'x1' })).toThrow(/with the argument scale/);
    refused(call('MultiHeadAttention', { num_heads: 1, key_dim: 1 }, { value: 'x1', query_mask: 'x1' })).toThrow(/the argument query_mask/);
  });

  it('must have an input among them', () => {
    const of: LayerCase = { kind: 'LSTM', config: { units: 1 }, inputs: [], wanted: [[]] };
    expect(() => lowered(of, 3)).toThrow(/inbound_nodes\[0\] has no inputs; at least one is wanted/);
  });

  it('that ask for training are refused in Keras 2, and replaced in Keras 3, which does so, too', () => {
    const of: LayerCase = { kind: 'Dropout', config: { rate: 0.5 }, inputs: [[[1], [2]]], arguments: { training: true }, wanted: [[2]] };
    expect(() => lowered(of, 2)).toThrow(/with the argument training/);
    expect(lowered(of, 3).graph.nodes).toEqual([]);
  });
});

it.each([
  ['int64', 'int32'],
  ['uint8', 'int32'],
  ['float16', 'float32'],
])('an input of %s is given as %s', (dtype, wanted) => {
  const input = layerOf('InputLayer', { batch_input_shape: [null, 2], dtype }, 'x');
  const model = { class_name: 'Sequential', config: { name: 'model', layers: [input, layerOf('Rescaling', { scale: 2 })] } };
  const { graph } = lowerLayers(model, [], 'model.json');
  expect(graph.inputs.map(({ type }) => type?.dataType)).toEqual([wanted]);
  expect(graph.outputs.map(({ type }) => type?.dataType)).toEqual(['float32']);
});

it('a layer of a model within says so', () => {
  const inner = {
    class_name: 'Sequential',
    config: { name: 'inner', layers: [layerOf('InputLayer', { batch_input_shape: [null, 2] }, 'y'), layerOf('Lambda')] },
  };
  expect(() => lowerSequential([2], [inner])).toThrow(
    /Layer "lambda" \(Lambda\) in model "inner" is not taken because its code is not in the file/,
  );
});
