/** Passes over a network in ONNX as PyTorch exports it: pictures in NCHW, arithmetic in steps. */
import { describe, expect, it } from 'vitest';
import { sizeOf } from '../../src/base/dtype.js';
import { mulberry32 } from '../../src/base/random.js';
import { parseModel } from '../../src/formats/onnx/proto.js';
import { readOnnx } from '../../src/formats/onnx/read/read.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { rewrite } from '../fixtures/rewritten.js';
import { type Convolution, type Name, TorchExport } from '../fixtures/torch/torch-export.js';

/** Random numbers from `least` to `least` + 1, as a weight. */
function weight(net: TorchExport, dims: readonly number[], least = -0.5): Name {
  const next = mulberry32(sizeOf(dims));
  return net.fixed(
    'weight',
    dims,
    Array.from({ length: sizeOf(dims) }, () => least + next()),
  );
}

const convolution = (net: TorchExport, value: Name, taken: number, made: number, options: Convolution = {}): Name =>
  net.convolution({ value, channels: taken }, made, { size: 3, ...options }).value;

const normalization = (net: TorchExport, x: Name, channels: number): Name =>
  net.add('BatchNormalization', [x, ...[-0.5, -0.5, -0.5, 0.5].map((least) => weight(net, [channels], least))]);

/** The ops that are left of the network after all passes, which answers as before. */
function left(net: TorchExport, value: Name, shape: readonly (number | string)[]): string[] {
  const model = net.file([{ name: 'x', shape }], { y: { value } });
  const { graph } = readOnnx(parseModel(model, 'model.onnx'), new Map(), 'model.onnx');
  return rewrite(graph, ...PORTABLE_PASSES).graph.nodes.map(({ op }) => op);
}

describe('a network of pictures', () => {
  it('is in NHWC but for its input, and has batch normalisations in its weights', () => {
    const net = new TorchExport();
    const stem = net.add('Relu', [normalization(net, convolution(net, 'x', 3, 8, { stride: 2 }), 8)]);
    const pooled = net.add('MaxPool', [stem], { kernel_shape: [3n, 3n], strides: [2n, 2n], pads: [1n, 1n, 1n, 1n] });
    const depthwise = net.add('Clip', [normalization(net, convolution(net, pooled, 8, 8, { groups: 8 }), 8), net.number(0), net.number(6)]);
    const block = net.add('Add', [pooled, normalization(net, convolution(net, depthwise, 8, 8, { size: 1 }), 8)]);
    const silu = net.add('Mul', [block, net.add('Sigmoid', [block])]);
    const both = net.add('Concat', [silu, convolution(net, silu, 8, 8)], { axis: 1n });
    const mean = net.add('Flatten', [net.add('GlobalAveragePool', [both])]);
    const scores = net.add('Softmax', [net.add('Gemm', [mean, weight(net, [4, 16]), weight(net, [4])], { transB: 1n })], { axis: 1n });
    expect(left(net, scores, ['batch', 3, 32, 32])).toEqual([
      ...['transpose', 'conv2d', 'relu', 'maxPool2d', 'conv2d', 'clamp', 'conv2d', 'add', 'sigmoid', 'mul', 'conv2d', 'concat'],
      ...['reduceMean', 'reshape', 'matmul', 'add', 'softmax'],
    ]);
  });

  it('has squeeze-and-excite without transposes, and hard-swish as one op', () => {
    const net = new TorchExport();
    const x = convolution(net, 'x', 3, 8);
    const swish = net.add('Div', [
      net.add('Mul', [x, net.add('Clip', [net.add('Add', [x, net.number(3)]), net.number(0), net.number(6)])]),
      net.number(6),
    ]);
    const squeezed = net.add('Relu', [convolution(net, net.add('GlobalAveragePool', [swish]), 8, 2, { size: 1 })]);
    const gate = net.add('HardSigmoid', [convolution(net, squeezed, 2, 8, { size: 1 })], { alpha: Math.fround(1 / 6), beta: 0.5 });
    const result = convolution(net, net.add('Mul', [swish, gate]), 8, 4);
    expect(left(net, result, ['batch', 3, 8, 8])).toEqual([
      ...['transpose', 'conv2d', 'hardSwish', 'reduceMean', 'conv2d', 'relu', 'conv2d', 'hardSigmoid', 'mul', 'conv2d', 'transpose'],
    ]);
  });
});

describe('a network of sequences', () => {
  it('has layer normalisation and GELU as one op each', () => {
    const net = new TorchExport();
    const difference = net.add('Sub', ['x', net.add('ReduceMean', ['x'], { axes: [-1n] })]);
    const variance = net.add('ReduceMean', [net.add('Pow', [difference, net.number(2)])], { axes: [-1n] });
    const normal = net.add('Div', [difference, net.add('Sqrt', [net.add('Add', [variance, net.number(1e-5)])])]);
    const scaled = net.add('Add', [net.add('Mul', [normal, weight(net, [6])]), weight(net, [6])]);
    const inner = net.add('Add', [net.add('MatMul', [scaled, weight(net, [6, 8])]), weight(net, [8])]);
    const gelu = net.gelu(inner);
    expect(left(net, net.add('MatMul', [gelu, weight(net, [8, 3])]), ['batch', 5, 6])).toEqual([
      'layerNormalization',
      'matmul',
      'add',
      'gelu',
      'matmul',
    ]);
  });
});
