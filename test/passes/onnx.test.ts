/** Passes over a network in ONNX as PyTorch exports it: pictures in NCHW, arithmetic in steps. */
import { describe, expect, it } from 'vitest';
import { sizeOf } from '../../src/base/dtype.js';
import { mulberry32 } from '../../src/base/random.js';
import { parseModel } from '../../src/formats/onnx/proto.js';
import { readOnnx } from '../../src/formats/onnx/read/read.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { type OnnxAttribute, type OnnxNode, type OnnxTensor, onnxModel } from '../fixtures/onnx.js';
import { rewrite } from '../fixtures/rewritten.js';

/** An ONNX graph under construction, of which each node has one output. */
class Exported {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: Record<string, OnnxTensor> = {};
  readonly #next = mulberry32(1);

  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, OnnxAttribute>> = {}): string {
    const output = `v${this.nodes.length}`;
    this.nodes.push({ op, inputs, outputs: [output], name: `/${output}/${op}`, attributes });
    return output;
  }

  /** A weight of random numbers from `least` to `least` + 1. */
  weight(dims: readonly number[], least = -0.5): string {
    return this.#given({ dims, values: Array.from({ length: sizeOf(dims) }, () => least + this.#next()) });
  }

  number = (value: number): string => this.#given({ dims: [], values: [value] });
  wholes = (...values: number[]): string => this.#given({ dims: [values.length], values, type: 'int64' });

  #given(tensor: OnnxTensor): string {
    const name = `w${Object.keys(this.initializers).length}`;
    this.initializers[name] = tensor;
    return name;
  }

  convolution(x: string, taken: number, made: number, { size = 3, stride = 1, groups = 1 } = {}): string {
    const filter = this.weight([made, taken / groups, size, size]);
    const side = BigInt((size - 1) / 2);
    const attributes = { pads: [side, side, side, side], strides: [BigInt(stride), BigInt(stride)], group: BigInt(groups) };
    return this.add('Conv', [x, filter, this.weight([made])], attributes);
  }

  normalization = (x: string, channels: number): string =>
    this.add('BatchNormalization', [x, ...[-0.5, -0.5, -0.5, 0.5].map((least) => this.weight([channels], least))]);

  /** The ops that are left of the network after all passes, which answers as before. */
  left(output: string, shape: readonly (number | string)[]): string[] {
    const { nodes, initializers } = this;
    const model = onnxModel({
      nodes,
      initializers,
      inputs: [{ name: 'x', type: 'float32', shape }],
      outputs: [{ name: output, type: 'float32' }],
    });
    const { graph } = readOnnx(parseModel(model, 'model.onnx'), new Map(), 'model.onnx');
    return rewrite(graph, ...PORTABLE_PASSES).graph.nodes.map(({ op }) => op);
  }
}

describe('a network of pictures', () => {
  it('is in NHWC but for its input, and has batch normalisations in its weights', () => {
    const net = new Exported();
    const stem = net.add('Relu', [net.normalization(net.convolution('x', 3, 8, { stride: 2 }), 8)]);
    const pooled = net.add('MaxPool', [stem], { kernel_shape: [3n, 3n], strides: [2n, 2n], pads: [1n, 1n, 1n, 1n] });
    const depthwise = net.add('Clip', [net.normalization(net.convolution(pooled, 8, 8, { groups: 8 }), 8), net.number(0), net.number(6)]);
    const block = net.add('Add', [pooled, net.normalization(net.convolution(depthwise, 8, 8, { size: 1 }), 8)]);
    const silu = net.add('Mul', [block, net.add('Sigmoid', [block])]);
    const both = net.add('Concat', [silu, net.convolution(silu, 8, 8)], { axis: 1n });
    const mean = net.add('Flatten', [net.add('GlobalAveragePool', [both])]);
    const scores = net.add('Softmax', [net.add('Gemm', [mean, net.weight([4, 16]), net.weight([4])], { transB: 1n })], { axis: 1n });
    expect(net.left(scores, ['batch', 3, 32, 32])).toEqual([
      ...['transpose', 'conv2d', 'relu', 'maxPool2d', 'conv2d', 'clamp', 'conv2d', 'add', 'sigmoid', 'mul', 'conv2d', 'concat'],
      ...['reduceMean', 'reshape', 'matmul', 'add', 'softmax'],
    ]);
  });

  it('has squeeze-and-excite without transposes, and hard-swish as one op', () => {
    const net = new Exported();
    const x = net.convolution('x', 3, 8);
    const swish = net.add('Div', [
      net.add('Mul', [x, net.add('Clip', [net.add('Add', [x, net.number(3)]), net.number(0), net.number(6)])]),
      net.number(6),
    ]);
    const squeezed = net.add('Relu', [net.convolution(net.add('GlobalAveragePool', [swish]), 8, 2, { size: 1 })]);
    const gate = net.add('HardSigmoid', [net.convolution(squeezed, 2, 8, { size: 1 })], { alpha: Math.fround(1 / 6), beta: 0.5 });
    const result = net.convolution(net.add('Mul', [swish, gate]), 8, 4);
    expect(net.left(result, ['batch', 3, 8, 8])).toEqual([
      ...['transpose', 'conv2d', 'hardSwish', 'reduceMean', 'conv2d', 'relu', 'conv2d', 'hardSigmoid', 'mul', 'conv2d', 'transpose'],
    ]);
  });
});

describe('a network of sequences', () => {
  it('has layer normalisation and GELU as one op each', () => {
    const net = new Exported();
    const difference = net.add('Sub', ['x', net.add('ReduceMean', ['x'], { axes: [-1n] })]);
    const variance = net.add('ReduceMean', [net.add('Pow', [difference, net.number(2)])], { axes: [-1n] });
    const normal = net.add('Div', [difference, net.add('Sqrt', [net.add('Add', [variance, net.number(1e-5)])])]);
    const scaled = net.add('Add', [net.add('Mul', [normal, net.weight([6])]), net.weight([6])]);
    const inner = net.add('Add', [net.add('MatMul', [scaled, net.weight([6, 8])]), net.weight([8])]);
    const curve = net.add('Add', [net.add('Erf', [net.add('Div', [inner, net.number(Math.SQRT2)])]), net.number(1)]);
    const gelu = net.add('Mul', [net.add('Mul', [inner, curve]), net.number(0.5)]);
    expect(net.left(net.add('MatMul', [gelu, net.weight([8, 3])]), ['batch', 5, 6])).toEqual([
      'layerNormalization',
      'matmul',
      'add',
      'gelu',
      'matmul',
    ]);
  });
});
