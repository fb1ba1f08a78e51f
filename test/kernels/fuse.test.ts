/** Which nodes the writer of TF.js graphs computes in the node before them; TF.js's cpu answers with the same bits then. */
import { describe, expect, it, test } from 'vitest';
import { mulberry32 } from '../../src/base/random.js';
import { start } from '../../src/engines/tfjs/cpu.js';
import { writeTfjs } from '../../src/formats/tfjs/write/write.js';
import type { Graph, TypedValue, Value } from '../../src/graph/graph.js';
import { CaseBuilder } from './case.js';
import { answersOn, modelOf } from './run.js';
import { between, normal } from './values.js';

const WINDOW = { strides: [1, 1], dilations: [1, 1], autoPad: 'sameUpper', padding: [0, 0, 0, 0], groups: 1 } as const;

const constant = (builder: CaseBuilder, shape: readonly number[]): TypedValue => builder.constant('float32', shape, normal);

const convolution = (builder: CaseBuilder, settings: object = {}, bias: Value | null = constant(builder, [5])): TypedValue =>
  builder.op('conv2d', [builder.input('float32', [2, 4, 4, 3], normal), constant(builder, [3, 3, 3, 5]), bias], { ...WINDOW, ...settings });

const depthwise = (builder: CaseBuilder): TypedValue =>
  builder.op('conv2d', [builder.input('float32', [2, 4, 4, 5], normal), constant(builder, [3, 3, 1, 5]), constant(builder, [5])], {
    ...WINDOW,
    groups: 5,
  });

const product = (builder: CaseBuilder, shape: readonly number[] = [2, 8]): TypedValue =>
  builder.op('matmul', [builder.input('float32', shape, normal), constant(builder, [8, 5])], {});

const sum = (builder: CaseBuilder, value: TypedValue, bias = constant(builder, [5])): TypedValue => builder.op('add', [value, bias], {});

const relu = (builder: CaseBuilder, value: TypedValue): TypedValue => builder.op('relu', [value], {});

const prelu = (builder: CaseBuilder, value: TypedValue, shape: readonly number[]): TypedValue =>
  builder.op('prelu', [value, builder.constant('float32', shape, between(0.1, 0.9))], {});

type Activate = (builder: CaseBuilder, value: TypedValue) => TypedValue;

/** Activations by TensorFlow's names. */
const ACTIVATIONS: Readonly<Record<string, Activate>> = {
  Relu: relu,
  Relu6: (builder, value) => builder.op('clamp', [value], { min: 0, max: 6 }),
  Elu: (builder, value) => builder.op('elu', [value], { alpha: 1 }),
  Sigmoid: (builder, value) => builder.op('sigmoid', [value], {}),
  LeakyRelu: (builder, value) => builder.op('leakyRelu', [value], { alpha: 0.3 }),
  Prelu: (builder, value) => prelu(builder, value, [5]),
};

/** Nodes with a bias, by TF.js's names for them. */
const PRODUCERS: Readonly<Record<string, (builder: CaseBuilder) => TypedValue>> = {
  _FusedConv2D: convolution,
  FusedDepthwiseConv2dNative: depthwise,
  _FusedMatMul: (builder) => sum(builder, product(builder)),
};

/** A graph, and values for its inputs. @param build gives the outputs */
function made(build: (builder: CaseBuilder) => readonly Value[]): { readonly graph: Graph; readonly feeds: CaseBuilder['feeds'] } {
  const builder = new CaseBuilder(mulberry32(1));
  return { graph: builder.graph.build(build(builder)), feeds: builder.feeds };
}

interface WrittenNode {
  readonly op: string;
  readonly attr: { readonly fused_ops?: { readonly list: { readonly s: readonly string[] } } };
}

/** The nodes that compute, such as `_FusedConv2D BiasAdd Relu`. */
function written(build: (builder: CaseBuilder) => readonly Value[]): readonly string[] {
  const nodes = writeTfjs(made(build).graph).topology['node'] as readonly WrittenNode[];
  const computing = nodes.filter(({ op }) => op !== 'Const' && op !== 'Placeholder');
  return computing.map(({ op, attr }) => [op, ...(attr.fused_ops?.list.s ?? []).map(atob)].join(' '));
}

describe.each(Object.entries(PRODUCERS))('%s', (op, produce) => {
  it('adds its bias', () => {
    expect(written((builder) => [produce(builder)])).toEqual([`${op} BiasAdd`]);
  });

  it.each(Object.entries(ACTIVATIONS))('applies %s', (name, activate) => {
    const nodes = written((builder) => [activate(builder, produce(builder))]);
    // TF.js's table of ops has no factor for a depthwise convolution.
    const isApart = op === 'FusedDepthwiseConv2dNative' && name === 'LeakyRelu';
    expect(nodes).toEqual(isApart ? [`${op} BiasAdd`, name] : [`${op} BiasAdd ${name}`]);
  });

  it.each(Object.entries(ACTIVATIONS))('answers with the same bits with %s in it as before it', async (_, activate) => {
    const engine = await start({});
    // A value that is an output, too, is fused with nothing.
    const [fused, apart] = [false, true].map((isOutput) =>
      made((builder) => {
        const value = produce(builder);
        return [activate(builder, value), ...(isOutput ? [value] : [])];
      }),
    );
    const [one, other] = await Promise.all([fused!, apart!].map(({ graph, feeds }) => answersOn(engine, modelOf(graph), feeds)));
    engine.dispose();
    expect(new Uint8Array(one![0]!.data.buffer)).toEqual(new Uint8Array(other![0]!.data.buffer));
  });
});

const APART: Readonly<Record<string, readonly [nodes: readonly string[], build: (builder: CaseBuilder) => readonly Value[]]>> = {
  'a value that another node takes, too': [
    ['_FusedConv2D BiasAdd', 'Relu', 'AddV2'],
    (builder) => {
      const value = convolution(builder);
      return [builder.op('add', [relu(builder, value), value], {})];
    },
  ],
  'a value that one node takes twice': [
    ['_FusedConv2D BiasAdd', 'Mul'],
    (builder) => {
      const value = convolution(builder);
      return [builder.op('mul', [value, value], {})];
    },
  ],
  'an output of the graph': [
    ['_FusedConv2D BiasAdd', 'Relu'],
    (builder) => {
      const value = convolution(builder);
      return [value, relu(builder, value)];
    },
  ],
  'a convolution without a bias': [['Conv2D', 'Relu'], (builder) => [relu(builder, convolution(builder, {}, null))]],
  'a convolution with strides and dilations': [
    ['Conv2D', 'StridedSlice', 'AddV2', 'Relu'],
    (builder) => [relu(builder, convolution(builder, { strides: [2, 2], dilations: [2, 2] }))],
  ],
  'a clamp that is no Relu6': [
    ['_FusedConv2D BiasAdd', 'ClipByValue'],
    (builder) => [builder.op('clamp', [convolution(builder)], { min: 0, max: 5 })],
  ],
  'slopes along the picture': [['_FusedConv2D BiasAdd', 'Prelu'], (builder) => [prelu(builder, convolution(builder), [4, 4, 5])]],
  'slopes that are given': [
    ['_FusedConv2D BiasAdd', 'Prelu'],
    (builder) => [builder.op('prelu', [convolution(builder), builder.input('float32', [5], normal)], {})],
  ],
  'an addition that is given': [['MatMul', 'AddV2'], (builder) => [sum(builder, product(builder), builder.input('float32', [5], normal))]],
  'one number that is added': [['MatMul', 'AddV2'], (builder) => [sum(builder, product(builder), constant(builder, [1]))]],
  'a product that is added to itself': [
    ['MatMul', 'AddV2'],
    (builder) => {
      const value = product(builder);
      return [builder.op('add', [value, value], {})];
    },
  ],
};

test.each(Object.entries(APART))('%s is not fused', (_, [nodes, build]) => {
  expect(written(build)).toEqual(nodes);
});

const widened = (builder: CaseBuilder, rank: number): TypedValue =>
  sum(builder, product(builder, [2, 3, 8]), constant(builder, [...Array<number>(rank - 1).fill(1), 5]));

test('a product of many rows with one matrix is one kernel, and answers with the same bits as apart', async () => {
  expect(written((builder) => [relu(builder, widened(builder, 1))])).toEqual(['Reshape', '_FusedMatMul BiasAdd Relu', 'Reshape']);
  const engine = await start({});
  const [one, other] = await Promise.all(
    [false, true].map((isOutput) => {
      const { graph, feeds } = made((builder) => {
        const value = product(builder, [2, 3, 8]);
        return [relu(builder, sum(builder, value)), ...(isOutput ? [value] : [])];
      });
      return answersOn(engine, modelOf(graph), feeds);
    }),
  );
  engine.dispose();
  expect(one![0]!.shape).toEqual([2, 3, 5]);
  expect(new Uint8Array(one![0]!.data.buffer)).toEqual(new Uint8Array(other![0]!.data.buffer));
});

test('a bias that adds an axis is not fused', () => {
  expect(written((builder) => [widened(builder, 4)])).toEqual(['Reshape', 'MatMul', 'Reshape', 'AddV2']);
});

test('a product with a matrix for each batch is not fused', () => {
  const matrices = (builder: CaseBuilder) => [builder.input('float32', [2, 3, 8], normal), constant(builder, [2, 8, 5])];
  expect(written((builder) => [sum(builder, builder.op('matmul', matrices(builder), {}))])).toEqual(['BatchMatMulV2', 'AddV2']);
});

test('a bias in front of the product is fused', () => {
  expect(written((builder) => [builder.op('add', [constant(builder, [5]), product(builder)], {})])).toEqual(['_FusedMatMul BiasAdd']);
});

test('slopes [1, 1, channels], as Keras has them, are fused', () => {
  expect(written((builder) => [prelu(builder, convolution(builder), [1, 1, 5])])).toEqual(['_FusedConv2D BiasAdd Prelu']);
});

test('a fused node has the name of the last value', () => {
  const { graph } = made((builder) => [relu(builder, convolution(builder))]);
  expect(writeTfjs(graph).outputs).toEqual([graph.outputs[0]!.name]);
});
