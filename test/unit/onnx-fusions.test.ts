/** Ops of com.microsoft, which onnxruntime's optimiser and exporters write, against onnxruntime itself. */
import { describe, expect, it } from 'vitest';
import { mulberry32 } from '../../src/base/random.js';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { parseModel } from '../../src/formats/onnx/proto.js';
import { readOnnx } from '../../src/formats/onnx/read/read.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { verify } from '../../src/graph/verify.js';
import { type OnnxNode, onnxModel } from '../fixtures/onnx.js';
import { onnxAnswers, shareOff, type Tensors } from '../fixtures/onnxruntime.js';
import { floats, ints, randomTensor } from '../fixtures/tensors.js';

const MICROSOFT = 'com.microsoft';

/** Shapes of inputs of random floats, or their numbers. */
type Inputs = Readonly<Record<string, readonly number[] | Tensor>>;

interface Case {
  readonly op: string;
  /** The node's inputs in their order; '' where one is absent. */
  readonly inputs: readonly string[];
  readonly given: Inputs;
  readonly attributes?: OnnxNode['attributes'];
  /** Which outputs are compared; default the first. */
  readonly outputs?: readonly string[];
  readonly domain?: string;
}

const feedsOf = (given: Inputs): Tensors => {
  const random = mulberry32(7);
  return new Map(Object.entries(given).map(([name, each]) => [name, 'data' in each ? each : randomTensor(random, 'float32', each, 1)]));
};

function modelOf({ op, inputs, given, attributes, outputs = ['y'], domain = MICROSOFT }: Case): Uint8Array {
  const node = { op, inputs, outputs, domain, name: op, ...(attributes && { attributes }) };
  // onnxruntime infers the outputs' shapes, which the file leaves open.
  const nodes = [node, ...outputs.filter(Boolean).map((name) => ({ op: 'Identity', inputs: [name], outputs: [`${name}.out`] }))];
  const declared = Object.entries(given).map(([name, each]) => ({
    name,
    type: 'data' in each ? (each.dataType as 'int32') : ('float32' as const),
    shape: 'data' in each ? each.shape : each,
  }));
  const last = outputs
    .filter(Boolean)
    .map((name) => ({ name: `${name}.out`, type: name.startsWith('int') ? ('int32' as const) : ('float32' as const), shape: null }));
  return onnxModel({ nodes, inputs: declared, outputs: last }, { domains: [MICROSOFT] });
}

const read = (bytes: Uint8Array) => {
  const { graph, ends } = readOnnx(parseModel(bytes, 'model.onnx'), new Map(), 'model.onnx');
  verify(graph);
  return { graph, keys: ends.outputs.map(({ key }) => key) };
};

/** Expects the outputs of a node on the reference that onnxruntime gives. @param told the node as onnxruntime is told it */
async function expectAnswers(each: Case, told = each): Promise<void> {
  const { graph, keys } = read(modelOf(each));
  const answers = openReference(graph).run(feedsOf(each.given));
  const wanted = await onnxAnswers(modelOf(told), feedsOf(told.given));
  for (const [index, key] of keys.entries()) {
    const value = wanted.get(key) as Tensor;
    expect(shareOff(answers.get(graph.outputs[index]?.name as string), value), key).toBeLessThan(1e-5);
  }
}

const X = [2, 3, 8];
const NORM = { x: X, skip: X, scale: [8], shift: [8], bias: [8] };

describe('activations', () => {
  it.each<[string, Case]>([
    ['Gelu', { op: 'Gelu', inputs: ['x'], given: { x: X } }],
    ['BiasGelu', { op: 'BiasGelu', inputs: ['x', 'b'], given: { x: X, b: [8] } }],
    ['FastGelu', { op: 'FastGelu', inputs: ['x'], given: { x: X } }],
    ['FastGelu with a bias', { op: 'FastGelu', inputs: ['x', 'b'], given: { x: X, b: [8] } }],
    ['QuickGelu', { op: 'QuickGelu', inputs: ['x'], given: { x: X } }],
    ['QuickGelu with another factor', { op: 'QuickGelu', inputs: ['x'], given: { x: X }, attributes: { alpha: 0.5 } }],
  ])('%s', (_, each) => expectAnswers(each));
});

describe('products', () => {
  const fused = (a: readonly number[], b: readonly number[], attributes: OnnxNode['attributes'] = {}): Case => ({
    ...{ op: 'FusedMatMul', inputs: ['a', 'b'], given: { a, b }, attributes },
  });
  const picture = { x: [1, 4, 5, 5], w: [6, 4, 3, 3], b: [6] };
  const conv = (activation: string, parameters?: readonly number[], more: Inputs = {}): Case => ({
    ...{ op: 'FusedConv', inputs: ['x', 'w', 'b', ...Object.keys(more)], given: { ...picture, ...more } },
    attributes: { kernel_shape: [3n, 3n], pads: [1n, 1n, 1n, 1n], activation, ...(parameters && { activation_params: parameters }) },
  });
  const gemm = (attributes: OnnxNode['attributes'] = {}): Case => ({
    ...{ op: 'FusedGemm', inputs: ['a', 'b', 'c'], given: { a: [3, 4], b: [5, 4], c: [5] }, attributes: { transB: 1n, ...attributes } },
  });
  it.each<[string, Case]>([
    ['FusedMatMul', fused([2, 3, 4], [4, 5], { alpha: 0.25 })],
    ['FusedMatMul of transposed matrices', fused([2, 4, 3], [2, 5, 4], { transA: 1n, transB: 1n })],
    ['FusedMatMul of more axes', fused([2, 1, 3, 4], [3, 5, 4], { transB: 1n, alpha: 2 })],
    ['FusedConv with ReLU', conv('Relu')],
    ['FusedConv with a leaky ReLU', conv('LeakyRelu', [0.25])],
    ['FusedConv with Clip', conv('Clip', [-0.5, 0.5])],
    ['FusedConv with HardSigmoid', conv('HardSigmoid', [0.3, 0.4])],
    ['FusedConv with a sum', conv('Relu', undefined, { z: [1, 6, 5, 5] })],
    ['FusedGemm', gemm({ activation: 'Relu', alpha: 0.5, beta: 2 })],
    ['FusedGemm with a leaky ReLU', gemm({ activation: 'LeakyRelu', activation_alpha: 0.25 })],
  ])('%s', (_, each) => expectAnswers(each));
});

describe('normalisations', () => {
  const embedding = { words: [10, 8], places: [6, 8], segments: [2, 8], scale: [8], shift: [8] };
  const ids = ints([1, 9, 0, 3, 3, 5], [2, 3]);
  const kinds = ints([0, 1, 1, 0, 0, 1], [2, 3]);
  const mask = ints([1, 1, 0, 1, 0, 0], [2, 3]);
  it.each<[string, Case]>([
    [
      'SkipLayerNormalization',
      {
        ...{ op: 'SkipLayerNormalization', inputs: ['x', 'skip', 'scale', 'shift', 'bias'], given: NORM },
        ...{ attributes: { epsilon: 1e-5 }, outputs: ['y', '', '', 'sum'] },
      },
    ],
    [
      'SkipLayerNormalization without shift and bias',
      { op: 'SkipLayerNormalization', inputs: ['x', 'skip', 'scale'], given: { x: X, skip: [1, 3, 8], scale: [8] } },
    ],
    [
      'SkipSimplifiedLayerNormalization',
      {
        ...{ op: 'SkipSimplifiedLayerNormalization', inputs: ['x', 'skip', 'scale', 'bias'] },
        ...{ given: { x: X, skip: X, scale: [8], bias: [8] }, attributes: { epsilon: 1e-6 }, outputs: ['y', '', '', 'sum'] },
      },
    ],
    [
      'SimplifiedLayerNormalization, which stands among the ops of ONNX',
      {
        op: 'SimplifiedLayerNormalization',
        inputs: ['x', 'scale'],
        given: { x: X, scale: [8] },
        attributes: { axis: -1n, epsilon: 1e-6 },
        domain: '',
      },
    ],
    [
      'EmbedLayerNormalization',
      {
        ...{ op: 'EmbedLayerNormalization', inputs: ['ids', 'kinds', 'words', 'places', 'segments', 'scale', 'shift', 'mask'] },
        ...{ given: { ids, kinds, ...embedding, mask }, attributes: { epsilon: 1e-12 }, outputs: ['y', 'int_count', 'sum'] },
      },
    ],
    [
      'EmbedLayerNormalization without segments, at given places',
      {
        ...{ op: 'EmbedLayerNormalization', inputs: ['ids', '', 'words', 'places', '', 'scale', 'shift', '', 'at'] },
        ...{
          given: { ids, words: [10, 8], places: [6, 8], scale: [8], shift: [8], at: ints([2, 3, 4, 0, 1, 5], [2, 3]) },
          outputs: ['y', 'int_count'],
        },
      },
    ],
  ])('%s', (_, each) => expectAnswers(each));
});

describe('Attention', () => {
  const given = { x: X, w: [8, 24], b: [24] };
  const attention = (
    attributes: OnnxNode['attributes'] = {},
    more: Inputs = {},
    places: readonly string[] = [],
    outputs = ['y'],
  ): Case => ({
    ...{
      op: 'Attention',
      inputs: ['x', 'w', 'b', ...places],
      given: { ...given, ...more },
      attributes: { num_heads: 2n, ...attributes },
      outputs,
    },
  });
  it.each<[string, Case]>([
    ['of one matrix for queries, keys and values', attention()],
    ['of more heads, with a scale', attention({ num_heads: 4n, scale: 0.3 })],
    ['of which no query sees a later key', attention({ unidirectional: 1n })],
    [
      'of other sizes of values',
      {
        op: 'Attention',
        inputs: ['x', 'w', 'b'],
        given: { x: X, w: [8, 20], b: [20] },
        attributes: { num_heads: 2n, qkv_hidden_sizes: [8n, 8n, 4n] },
      },
    ],
    ['with a mask of keys', attention({}, { mask: ints([1, 1, 0, 1, 0, 0], [2, 3]) }, ['mask'])],
    [
      'with a mask of queries and keys',
      attention({}, { mask: ints([1, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 1], [2, 3, 3]) }, ['mask']),
    ],
    ['with lengths', attention({}, { mask: ints([2, 3]) }, ['mask'])],
    ['with ends and beginnings', attention({}, { mask: ints([3, 2, 1, 0]) }, ['mask'])],
    ['with a bias of scores', attention({}, { scores: [2, 2, 3, 3] }, ['', '', 'scores'])],
    ['with earlier keys', attention({ unidirectional: 1n }, { past: [2, 2, 2, 4, 4] }, ['', 'past'], ['y', 'present'])],
  ])('%s', (_, each) => expectAnswers(each));

  // onnxruntime's own kernel needs a bias, which the op's definition does not.
  it('without a bias', () =>
    expectAnswers(
      { op: 'Attention', inputs: ['x', 'w'], given: { x: X, w: [8, 24] }, attributes: { num_heads: 2n } },
      attention({}, { b: floats(Array(24).fill(0)) }),
    ));
});

describe('MultiHeadAttention', () => {
  const given = { q: [2, 3, 8], k: [2, 5, 8], v: [2, 5, 12] };
  const attention = (
    attributes: OnnxNode['attributes'] = {},
    more: Inputs = {},
    places: readonly string[] = [],
    outputs = ['y'],
  ): Case => ({
    ...{
      op: 'MultiHeadAttention',
      inputs: ['q', 'k', 'v', ...places],
      given: { ...given, ...more },
      attributes: { num_heads: 2n, ...attributes },
      outputs,
    },
  });
  it.each<[string, Case]>([
    ['of three inputs', attention()],
    ['with a bias', attention({ scale: 0.4 }, { b: [28] }, ['b'])],
    ['with a mask of keys', attention({}, { mask: ints([1, 1, 0, 1, 1, 0, 0, 1, 1, 1], [2, 5]) }, ['', 'mask'])],
    ['with lengths', attention({}, { mask: ints([2, 5]) }, ['', 'mask'])],
    ['with a bias of scores', attention({}, { scores: [1, 2, 3, 5] }, ['', '', 'scores'])],
    [
      'of keys that are in heads',
      {
        op: 'MultiHeadAttention',
        inputs: ['q', 'k', 'v'],
        given: { q: [2, 3, 8], k: [2, 2, 5, 4], v: [2, 2, 5, 4] },
        attributes: { num_heads: 2n },
      },
    ],
    [
      'with earlier keys',
      {
        ...{ op: 'MultiHeadAttention', inputs: ['q', 'k', 'v', '', '', '', 'pk', 'pv'], attributes: { num_heads: 2n, unidirectional: 1n } },
        ...{ given: { q: X, k: X, v: X, pk: [2, 2, 4, 4], pv: [2, 2, 4, 4] }, outputs: ['y', 'key', 'value'] },
      },
    ],
  ])('%s', (_, each) => expectAnswers(each));
});

describe('refusals', () => {
  it.each<[string, Case, RegExp]>([
    [
      'of an activation that is not known',
      { op: 'FusedGemm', inputs: ['a', 'b', 'c'], given: { a: [2, 2], b: [2, 2], c: [2] }, attributes: { activation: 'Strange' } },
      /\(com\.microsoft\.FusedGemm\) has the activation "Strange"/,
    ],
    [
      'of a mask of another shape',
      {
        op: 'Attention',
        inputs: ['x', 'w', 'b', 'm'],
        given: { x: X, w: [8, 24], b: [24], m: ints([1, 1, 1], [3]) },
        attributes: { num_heads: 2n },
      },
      /has a mask of a shape that is not read/,
    ],
    [
      'of the mean',
      { op: 'SkipLayerNormalization', inputs: ['x', 'skip', 'scale'], given: { x: X, skip: X, scale: [8] }, outputs: ['y', 'mean'] },
      /has the output "mean", which Pannier does not compute/,
    ],
    [
      'of one input for queries, keys and values',
      { op: 'MultiHeadAttention', inputs: ['qkv'], given: { qkv: [2, 3, 2, 3, 4] }, attributes: { num_heads: 2n } },
      /has queries, keys and values in one input or in two/,
    ],
    [
      'of heads that do not divide the width',
      { op: 'Attention', inputs: ['x', 'w'], given: { x: X, w: [8, 24] }, attributes: { num_heads: 3n } },
      /has 3 heads for a width/,
    ],
  ])('%s', (_, each, message) => expect(() => read(modelOf(each))).toThrow(message));
});
