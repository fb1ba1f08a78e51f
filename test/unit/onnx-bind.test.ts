/** Inputs of ONNX models that are bound to sizes and values. */
import { describe, expect, it } from 'vitest';
import { type Binding, bindInputs, freeInputs } from '../../src/formats/onnx/bind.js';
import { parseModel } from '../../src/formats/onnx/proto.js';
import { constantOfTensor } from '../../src/formats/onnx/tensor.js';
import { tensorOf } from '../../src/graph/constant.js';
import { type OnnxValue, onnxModel } from '../fixtures/onnx.js';

const bound = (inputs: readonly OnnxValue[], bindings: Readonly<Record<string, Binding>>) => {
  const initializers = { w: { dims: [1], values: [1] } };
  const model = parseModel(onnxModel({ nodes: [], inputs: [...inputs, { name: 'w', shape: [1] }], outputs: [], initializers }), 'm');
  const { graph } = bindInputs(model, new Map(Object.entries(bindings)));
  if (graph === undefined) throw new Error('no graph');
  return {
    shapes: Object.fromEntries(freeInputs(graph).map(({ name, shape }) => [name, shape])),
    constants: Object.fromEntries(
      graph.initializers.slice(1).map((each) => {
        const { dataType, shape, data } = tensorOf(constantOfTensor(each, each.name, new Map()));
        return [each.name, [dataType, shape, [...data]]];
      }),
    ),
  };
};

const X = { name: 'x', shape: ['batch', 'time', 3] };
const H = { name: 'h', shape: [2, 'batch', ''] };
const SR = { name: 'sr', type: 'int64', shape: [] } as const;

describe('sizes', () => {
  it('are bound wherever an input has their name', () =>
    expect(bound([X, H], { x: { shape: [1, 16, 3] } }).shapes).toEqual({ x: [1, 16, 3], h: [2, 1, ''] }));

  it('without a name are bound where they stand', () =>
    expect(bound([X, H], { h: { shape: [2, 4, 5] } }).shapes).toEqual({ x: [4, 'time', 3], h: [2, 4, 5] }));

  it.each<[string, Readonly<Record<string, Binding>>, RegExp]>([
    ['of another rank', { x: { shape: [1, 3] } }, /inputs\["x"\]\.shape is \[1, 3\], but the input is \[batch, time, 3\]/],
    ['that the file has otherwise', { x: { shape: [1, 1, 4] } }, /is \[1, 1, 4\]/],
    [
      'of one name that differ',
      { x: { shape: [1, 1, 3] }, h: { shape: [2, 5, 1] } },
      /"h"\]\.shape is \[2, 5, 1\], but the input is \[2, 1, \?\]/,
    ],
  ])('%s are refused', (_, bindings, message) => expect(() => bound([X, H], bindings)).toThrow(message));
});

describe('constants', () => {
  it('take the place of inputs, with their types', () => {
    const flags = { name: 'flags', type: 'bool', shape: [3] } as const;
    const { shapes, constants } = bound([SR, flags, { name: 'gain', shape: [2] }, { name: 'mask', type: 'int32', shape: [1, 'n'] }], {
      sr: { constant: 16_000 },
      flags: { constant: [1, 0, 1] },
      gain: { constant: 0.5 },
      mask: { constant: 1, shape: [1, 4] },
    });
    expect(shapes).toEqual({});
    expect(constants).toEqual({
      sr: ['int64', [], [16_000]],
      flags: ['bool', [3], [1, 0, 1]],
      gain: ['float32', [2], [0.5, 0.5]],
      mask: ['int32', [1, 4], [1, 1, 1, 1]],
    });
  });

  it.each<[string, OnnxValue, Binding, RegExp]>([
    ['that are too few', { name: 'x', shape: [3] }, { constant: [1, 2] }, /inputs\["x"\]\.constant has 2 numbers, but the input takes 3/],
    ['of an open size', X, { constant: 1 }, /is for an input of known sizes; say `shape`, too/],
    ['that are no whole numbers', { ...SR, name: 'x' }, { constant: 0.5 }, /is \[0\.5\], but the input is int64/],
    ['that the type does not hold', { name: 'x', type: 'uint8', shape: [] }, { constant: 256 }, /is \[256\], but the input is uint8/],
    ['of float16', { name: 'x', type: 'float16', shape: [] }, { constant: 1 }, /is for inputs of whole numbers, float32 or bool/],
  ])('%s are refused', (_, input, binding, message) => expect(() => bound([input], { x: binding })).toThrow(message));
});
