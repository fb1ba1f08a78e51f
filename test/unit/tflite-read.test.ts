/** The reader of TensorFlow Lite's models: the file, and the operators whose arithmetic is not that of one of our ops. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { builtinName } from '../../src/formats/tflite/builtin-operators.js';
import { parseTflite } from '../../src/formats/tflite/model.js';
import { IMPORTERS } from '../../src/formats/tflite/read/importers.js';
import { type ReadTflite, readTflite } from '../../src/formats/tflite/read/read.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { typeText } from '../../src/graph/tensor.js';
import { verify } from '../../src/graph/verify.js';
import { type FlatField, flatTable, number, numbers } from '../fixtures/flatbuffer.js';
import { floats } from '../fixtures/tensors.js';
import { type TfliteFixtureGraph, type TfliteFixtureTensor, tfliteModel } from '../fixtures/tflite.js';

function read(graph: TfliteFixtureGraph): ReadTflite {
  const model = readTflite(parseTflite(tfliteModel([graph]), 'model.tflite'), undefined, 'model.tflite');
  verify(model.graph);
  return model;
}

/** The first answer of a model. @param feeds by the inputs' names */
function answer({ graph }: ReadTflite, feeds: Readonly<Record<string, Tensor>>): readonly number[] {
  const [output] = openReference(graph)
    .run(new Map(Object.entries(feeds)))
    .values();
  return [...(output as Tensor).data];
}

/** A graph of one operator that takes x, and constants behind it. */
const oneOperator = (
  op: string,
  x: TfliteFixtureTensor,
  constants: Readonly<Record<string, TfliteFixtureTensor>>,
  y: TfliteFixtureTensor,
  options: readonly FlatField[] = [],
): TfliteFixtureGraph => ({
  tensors: { x, ...constants, y },
  inputs: ['x'],
  outputs: ['y'],
  operators: [{ op, inputs: ['x', ...Object.keys(constants)], outputs: ['y'], options }],
});

const SAME = number('int8', 0);
const VALID = number('int8', 1);
const one = number('int32', 1);
const RELU = number('int8', 1);

describe('convolutions', () => {
  it('have filters with the channels out in front, a bias and an activation', () => {
    const constants = {
      // Two filters of 1x2 over 1 channel: the difference, and the sum.
      w: { shape: [2, 1, 2, 1], values: [1, -1, 1, 1] },
      b: { shape: [2], values: [0, 0.5] },
    };
    const y = { shape: [1, 1, 2, 2] };
    const model = read(oneOperator('CONV_2D', { shape: [1, 1, 3, 1] }, constants, y, [VALID, one, one, RELU]));
    expect(answer(model, { x: floats([1, 3, 2], [1, 1, 3, 1]) })).toEqual([0, 4.5, 1, 5.5]);
    expect(model.graph.nodes.map(({ op }) => op)).toEqual(['conv2d', 'relu']);
  });

  it('by channel have the odd element of SAME at the end', () => {
    const constants = { w: { shape: [1, 1, 2, 2], values: [1, 10, 100, 1000] } };
    const y = { shape: [1, 1, 2, 2] };
    const model = read(oneOperator('DEPTHWISE_CONV_2D', { shape: [1, 1, 2, 2] }, constants, y, [SAME, one, one, one]));
    expect(answer(model, { x: floats([1, 2, 3, 4], [1, 1, 2, 2]) })).toEqual([301, 4020, 3, 40]);
  });

  it('by channel take weights of int8', () => {
    const w = { shape: [1, 1, 2, 2], type: 'int8', values: [1, 5, 100, 50], scales: [1, 2], zeroPoints: [0, 0], axis: 3 } as const;
    const y = { shape: [1, 1, 2, 2] };
    const model = read(oneOperator('DEPTHWISE_CONV_2D', { shape: [1, 1, 2, 2] }, { w }, y, [SAME, one, one, one]));
    expect(answer(model, { x: floats([1, 2, 3, 4], [1, 1, 2, 2]) })).toEqual([301, 420, 3, 40]);
  });

  it('turned around, with a bias, as MediaPipe writes them', () => {
    const graph = oneOperator(
      'Convolution2DTransposeBias',
      { shape: [1, 1, 2, 1] },
      { w: { shape: [1, 1, 2, 1], values: [1, 10] }, b: { shape: [1], values: [0.5] } },
      { shape: [1, 1, 4, 1] },
    );
    const customOptions = new Uint8Array(Int32Array.of(1, 2, 1).buffer);
    const model = read({ ...graph, operators: graph.operators.map((each) => ({ ...each, customOptions })) });
    expect(answer(model, { x: floats([1, 2], [1, 1, 2, 1]) })).toEqual([1.5, 10.5, 2.5, 20.5]);
  });
});

describe('matrix products', () => {
  const constants = { w: { shape: [2, 3], values: [1, 0, 0, 0, 1, 1] }, b: { shape: [2], values: [10, 20] } };

  it('take rows of all that stands before the last axis', () => {
    const model = read(oneOperator('FULLY_CONNECTED', { shape: [1, 2, 3] }, constants, { shape: [2, 2] }));
    expect(answer(model, { x: floats([1, 2, 3, 4, 5, 6], [1, 2, 3]) })).toEqual([11, 25, 14, 31]);
    expect(typeText(model.graph.outputs[0]?.type ?? null)).toBe('float32[2, 2]');
  });

  it('take weights of int8 whose channels have scales of their own', () => {
    const w = { shape: [2, 3], type: 'int8', values: [2, 0, 0, 0, 4, 4], scales: [0.5, 0.25], zeroPoints: [0, 0] } as const;
    const model = read(oneOperator('FULLY_CONNECTED', { shape: [2, 3] }, { w, b: constants.b }, { shape: [2, 2] }));
    expect(answer(model, { x: floats([1, 2, 3, 4, 5, 6], [2, 3]) })).toEqual([11, 25, 14, 31]);
    expect(model.graph.constants.map(({ storage }) => storage)).toContainEqual({ kind: 'int8', axis: 1 });
  });

  it('keep the axes if an option says so', () => {
    const options = [undefined, undefined, number('bool', 1)];
    const model = read(oneOperator('FULLY_CONNECTED', { shape: [1, 2, 3] }, constants, { shape: [1, 2, 2] }, options));
    expect(typeText(model.graph.outputs[0]?.type ?? null)).toBe('float32[1, 2, 2]');
    const ofOneRow = read(oneOperator('FULLY_CONNECTED', { shape: [3] }, constants, { shape: [2] }, options));
    expect(typeText(ofOneRow.graph.outputs[0]?.type ?? null)).toBe('float32[2]');
    expect(answer(ofOneRow, { x: floats([1, 2, 3], [3]) })).toEqual([11, 25]);
  });
});

describe('weights', () => {
  const weighted = (w: TfliteFixtureTensor, ...ops: readonly string[]): ReadTflite =>
    read({
      tensors: { x: { shape: [2, 2] }, w, ...Object.fromEntries(ops.map((op) => [op, { shape: [2, 2] }])), y: { shape: [2, 2] } },
      inputs: ['x'],
      outputs: ['y'],
      operators: [
        ...ops.map((op, index) => ({ op, inputs: [ops[index - 1] ?? 'w'], outputs: [op] })),
        { op: 'ADD', inputs: ['x', ops.at(-1) ?? 'w'], outputs: ['y'] },
      ],
    });
  const stored = ({ graph }: ReadTflite) => graph.constants.map(({ storage, bytes }) => [storage.kind, bytes.length]);
  const zeros = { x: floats([0, 0, 0, 0], [2, 2]) };

  it('of float16 behind DEQUANTIZE stay float16', () => {
    const model = weighted({ shape: [2, 2], type: 'float16', values: [1, 2, 3, -0.5] }, 'DEQUANTIZE');
    expect(stored(model)).toEqual([['float16', 8]]);
    expect(answer(model, zeros)).toEqual([1, 2, 3, -0.5]);
  });

  it('of int8 with one scale, or one for each channel, stay 8 bits in an operator of floats', () => {
    const whole = weighted({ shape: [2, 2], type: 'int8', values: [1, -128, 127, 0], scales: [0.5], zeroPoints: [-1] });
    expect(stored(whole)).toEqual([['uint8', 4]]);
    expect(answer(whole, zeros)).toEqual([1, -63.5, 64, 0.5]);
    const channels = weighted({ shape: [2, 2], type: 'int8', values: [1, 2, 3, -4], scales: [0.5, 2], zeroPoints: [0, 0], axis: 1 });
    expect(stored(channels)).toEqual([['int8', 12]]);
    expect(answer(channels, zeros)).toEqual([0.5, 4, 1.5, -8]);
  });

  it('that are sparse are brought into rows', () => {
    const sparsity = flatTable(numbers('int32', [0, 1]), undefined, [
      flatTable(number('int8', 0), number('int32', 2)),
      flatTable(
        number('int8', 1),
        undefined,
        number('uint8', 3),
        flatTable(numbers('uint8', [0, 0, 1])),
        number('uint8', 3),
        flatTable(numbers('uint8', [1])),
      ),
    ]);
    expect(answer(weighted({ shape: [2, 2], values: [7], sparsity }, 'DENSIFY'), zeros)).toEqual([0, 0, 0, 7]);
    const beyond = () => weighted({ shape: [2, 1], values: [7], sparsity }, 'DENSIFY');
    expect(beyond).toThrow('Tensor "w" is sparse, and has the index 1 along an axis of 1.');
  });
});

describe('shapes', () => {
  it('that are computed from an open size leave no nodes', () => {
    const model = read({
      tensors: {
        x: { shape: [-1, 4] },
        s: { shape: [2], type: 'int32' },
        zero: { shape: [1], type: 'int32', values: [0] },
        first: { shape: [1], type: 'int32', values: [1] },
        b: { shape: [], type: 'int32' },
        two: { shape: [], type: 'int32', values: [2] },
        n: { shape: [3], type: 'int32' },
        y: { shape: [-1, 2, 2] },
      },
      inputs: ['x'],
      outputs: ['y'],
      operators: [
        { op: 'SHAPE', inputs: ['x'], outputs: ['s'] },
        {
          op: 'STRIDED_SLICE',
          inputs: ['s', 'zero', 'first', 'first'],
          outputs: ['b'],
          options: [0, 0, 0, 0, 1].map((mask) => number('int32', mask)),
        },
        { op: 'PACK', inputs: ['b', 'two', 'two'], outputs: ['n'], options: [number('int32', 3)] },
        { op: 'RESHAPE', inputs: ['x', 'n'], outputs: ['y'] },
      ],
    });
    expect(model.graph.nodes.map(({ op }) => op)).toEqual(['reshape']);
    expect(typeText(model.graph.outputs[0]?.type ?? null)).toBe('float32[batch, 2, 2]');
  });
});

describe('refusals', () => {
  const refusal = (graph: TfliteFixtureGraph) => () => read(graph);

  it('name the operator and its first output', () => {
    expect(refusal(oneOperator('Mine', { shape: [1] }, {}, { shape: [1] }))).toThrow(
      'Node "y" (Mine) is an operator that Pannier does not read; docs/formats.md lists those that it reads, and an export as .onnx may',
    );
    expect(refusal(oneOperator('ADD', { shape: [1] }, { state: { shape: [-1], isVariable: true } }, { shape: [1] }))).toThrow(
      'Node "y" (ADD) takes "state", which keeps its elements from call to call in a way that Pannier does not read.',
    );
  });

  it('of operators that become too many values say at which one', () => {
    const x = { shape: [100_000] };
    const parts = ['a', 'b', 'c'];
    const splitting: TfliteFixtureGraph = {
      tensors: { x, axis: { shape: [], type: 'int32', values: [0] }, ...Object.fromEntries(parts.map((part) => [part, { shape: [1] }])) },
      inputs: ['x'],
      outputs: parts,
      operators: parts.map((part) => ({ op: 'SPLIT', inputs: ['axis', 'x'], outputs: [part], options: [number('int32', 100_000)] })),
    };
    expect(refusal(splitting)).toThrow('Node "c" (SPLIT) makes the graph larger than 200000 values; that is the limit.');
    expect(refusal(oneOperator('UNPACK', { shape: [2 ** 31 - 1] }, {}, { shape: [] }, [number('int32', 2 ** 31 - 1)]))).toThrow(
      'Node "y" (UNPACK) makes 2147483647 tensors; the limit is 100000.',
    );
  });

  it('of a result larger than a constant may be', () => {
    const sizes: TfliteFixtureTensor = { shape: [2], type: 'int32', values: [2 ** 16, 2 ** 16] };
    expect(refusal(oneOperator('BROADCAST_TO', { shape: [1, 1] }, { sizes }, { shape: [1, 1] }))).toThrow(
      'Node "y" (BROADCAST_TO) makes 4294967296 elements; the limit is 2147483648.',
    );
  });

  it('of sparse constants that take too much memory in all', () => {
    const none = flatTable(numbers('uint8', [0, 0]));
    const sparsity = flatTable(numbers('int32', [0, 1]), undefined, [
      flatTable(number('int8', 0), number('int32', 1)),
      flatTable(number('int8', 1), undefined, number('uint8', 3), none, number('uint8', 3), flatTable(numbers('uint8', []))),
    ]);
    const sparse: TfliteFixtureTensor = { shape: [1, 2 ** 25], values: [1], sparsity };
    const names = ['a', 'b', 'c'];
    const adding: TfliteFixtureGraph = {
      tensors: { x: { shape: [1, 1] }, ...Object.fromEntries(names.map((name) => [name, sparse])), y: { shape: [1, 2 ** 25] } },
      inputs: ['x'],
      outputs: ['y'],
      operators: names.map((name) => ({ op: 'ADD', inputs: ['x', name], outputs: ['y'] })),
    };
    expect(refusal(adding)).toThrow(/^With tensor "c", the model's constants become more than \d+ bytes in memory; that is the limit\./);
  });

  it('of cut files say so, wherever they are cut', () => {
    const bytes = tfliteModel([oneOperator('ABS', { shape: [1] }, {}, { shape: [1] })]);
    for (let length = 0; length < bytes.length - 8; length += 4)
      expect(() => readTflite(parseTflite(bytes.subarray(0, length), 'cut.tflite'), undefined, 'cut.tflite')).toThrow(/^cut\.tflite /);
  });

  it('of offsets that lead to the same bytes over and over', () => {
    const small = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`${index}`, Uint8Array.of(1)]));
    const bytes = tfliteModel([oneOperator('ABS', { shape: [1] }, {}, { shape: [1] })], [], { ...small, long: new Uint8Array(2 ** 12) });
    const view = new DataView(bytes.buffer);
    const follow = (at: number): number => at + view.getUint32(at, true);
    // All buffers become the last one, which is long.
    const vector = follow(follow(0) + 8 + 8 * 4);
    const count = view.getUint32(vector, true);
    const last = follow(vector + 4 * count);
    for (let at = vector + 4; at <= vector + 4 * count; at += 4) view.setUint32(at, last - at, true);
    expect(() => parseTflite(bytes, 'loop.tflite')).toThrow(
      'loop.tflite is no TensorFlow Lite model, or is cut: its offsets lead to the same bytes over and over.',
    );
  });
});

describe('signatures', () => {
  it('name the inputs and outputs of their graph', () => {
    const graph = oneOperator('ABS', { shape: [1] }, {}, { shape: [1] });
    const bytes = tfliteModel(
      [graph, { ...graph, operators: [{ op: 'NEG', inputs: ['x'], outputs: ['y'] }] }],
      [{ key: 'minus', graph: 1, inputs: { value: 'x' }, outputs: { result: 'y' } }],
    );
    const model = parseTflite(bytes, 'two.tflite');
    const { graph: made, ends } = readTflite(model, model.signatures[0], 'two.tflite');
    expect(made.nodes.map(({ op }) => op)).toEqual(['neg']);
    expect([ends.inputs[0]?.key, ends.outputs[0]?.key]).toEqual(['value', 'result']);
  });
});

it('knows the operators of the schema by their numbers', () =>
  expect([0, 32, 127, 206, 207, 208, 209, 210].map(builtinName)).toEqual([
    ...['ADD', 'CUSTOM', 'PLACEHOLDER_FOR_GREATER_OP_CODES', 'STABLEHLO_COMPOSITE'],
    ...['STABLEHLO_SHIFT_LEFT', 'STABLEHLO_CBRT', 'STABLEHLO_CASE', 'operator 210'],
  ]));

it('reads the operators that docs/formats.md lists', () => {
  const [, list = ''] = /<!-- tflite-ops -->\n([\s\S]*?)<!-- \/tflite-ops -->/.exec(readFileSync('docs/formats.md', 'utf8')) ?? [];
  // These need no importer: they become sizes, or say how numbers are stored.
  const others = ['BROADCAST_ARGS', 'DENSIFY', 'DEQUANTIZE', 'QUANTIZE', 'RANK', 'SHAPE'];
  expect(list.match(/\w+/g)).toEqual([...new Set([...Object.keys(IMPORTERS), ...others])].sort());
});
