/**
 * The reader of quantised .tflite files. Each answer is worked out by hand from TensorFlow Lite's 8-bit quantisation specification: a
 * number stands for scale · (number - zero point), products are added in whole numbers, and a sum is rounded where it gets a new scale.
 */
import { expect, it } from 'vitest';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { parseTflite } from '../../src/formats/tflite/model.js';
import { readTflite } from '../../src/formats/tflite/read/read.js';
import type { DataType } from '../../src/graph/element-type.js';
import type { Graph } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { verify } from '../../src/graph/verify.js';
import { type FlatField, number } from '../fixtures/flatbuffer.js';
import { tensor } from '../fixtures/tensors.js';
import { type TfliteFixtureTensor, tfliteModel } from '../fixtures/tflite.js';

type Type = NonNullable<TfliteFixtureTensor['type']>;

/** A tensor of whole numbers that stand for floats. */
const quantized = (
  type: Type,
  shape: readonly number[],
  scale: number,
  zeroPoint = 0,
  values?: readonly number[],
): TfliteFixtureTensor => ({
  ...{ type, shape, scales: [scale], zeroPoints: [zeroPoint] },
  ...(values && { values }),
});
const int8 = (shape: readonly number[], scale: number, zeroPoint = 0, values?: readonly number[]) =>
  quantized('int8', shape, scale, zeroPoint, values);

function readGraph(file: Uint8Array): Graph {
  const { graph } = readTflite(parseTflite(file, 'model.tflite'), undefined, 'model.tflite');
  verify(graph);
  return graph;
}

/** The first output of a graph. */
const run = (graph: Graph, x: Tensor): Tensor =>
  [
    ...openReference(graph)
      .run(new Map([['x', x]]))
      .values(),
  ][0] as Tensor;

/** The answer of one operator that takes x, and constants behind it. */
function answer(
  op: string,
  x: TfliteFixtureTensor,
  given: readonly number[],
  y: TfliteFixtureTensor,
  constants: readonly TfliteFixtureTensor[] = [],
  options: readonly FlatField[] = [],
): readonly number[] {
  const named = Object.fromEntries(constants.map((each, index) => [`c${index}`, each]));
  const inputs = ['x', ...Object.keys(named)];
  const file = tfliteModel([
    { tensors: { x, ...named, y }, inputs: ['x'], outputs: ['y'], operators: [{ op, inputs, outputs: ['y'], options }] },
  ]);
  const output = run(readGraph(file), tensor((x.type ?? 'float32') as DataType, given, x.shape));
  expect(output.dataType).toBe(y.type ?? 'float32');
  return [...output.data];
}

const VALID = number('int8', 1);
const SAME = number('int8', 0);
const NONE = number('int8', 0);
const RELU = number('int8', 1);
const RELU6 = number('int8', 3);
const one = number('int32', 1);

// (3 + 1) · 4 + (-5 + 1) · 2 + 8 = 16 and 4 · -2 - 4 · 6 = -32, times 0.5 · 0.25 / 0.25, plus 10.
const dense = (activation: FlatField) =>
  answer(
    'FULLY_CONNECTED',
    ...([int8([1, 2], 0.5, -1), [3, -5], int8([1, 2], 0.25, 10)] as const),
    [int8([2, 2], 0.25, 0, [4, 2, -2, 6]), { type: 'int32', shape: [2], scales: [0.125], zeroPoints: [0], values: [8, 0] }],
    [activation],
  );
it('multiplies matrices in whole numbers', () => expect(dense(NONE)).toEqual([18, -6]));
it('bounds by an activation at the zero point', () => expect(dense(RELU)).toEqual([18, 10]));

it('gives an input without rows an output without them, if an option keeps the axes', () => {
  const tensors = { x: int8([2], 1), weights: int8([1, 2], 1, 0, [2, 3]), y: int8([1], 1) };
  const options = [NONE, undefined, number('bool', 1)];
  const operators = [{ op: 'FULLY_CONNECTED', inputs: ['x', 'weights'], outputs: ['y'], options }];
  const output = run(readGraph(tfliteModel([{ tensors, inputs: ['x'], outputs: ['y'], operators }])), tensor('int8', [4, 5], [2]));
  expect([output.shape, ...output.data]).toEqual([[1], 23]);
});

it('has a scale for each channel of a filter', () => {
  const filter: TfliteFixtureTensor = {
    type: 'int8',
    shape: [2, 1, 2, 1],
    scales: [1, 0.5],
    zeroPoints: [0, 0],
    axis: 0,
    values: [1, -1, 2, 2],
  };
  // 3 - 5 by 1, and 2 · 3 + 2 · 5 by 0.5.
  expect(answer('CONV_2D', int8([1, 1, 2, 1], 1), [3, 5], int8([1, 1, 1, 2], 1), [filter], [VALID, one, one, NONE])).toEqual([-2, 8]);
});

it('pads with the zero point', () => {
  const ones = int8([1, 1, 3, 1], 1, 0, [1, 1, 1]);
  expect(answer('CONV_2D', int8([1, 1, 2, 1], 1, 5), [6, 7], int8([1, 1, 2, 1], 1), [ones], [SAME, one, one, NONE])).toEqual([3, 3]);
});

it('takes the zero point of a filter away', () => {
  const filter = quantized('uint8', [1, 1, 2, 1], 1, 100, [101, 99]);
  const y = quantized('uint8', [1, 1, 1, 1], 1, 128);
  // 2 · 1 + -2 · -1.
  expect(answer('CONV_2D', quantized('uint8', [1, 1, 2, 1], 1, 128), [130, 126], y, [filter], [VALID, one, one, NONE])).toEqual([132]);
});

it('convolves channels by themselves, and bounds by 6', () => {
  const filter: TfliteFixtureTensor = { type: 'int8', shape: [1, 1, 1, 2], scales: [1, 1], zeroPoints: [0, 0], axis: 3, values: [2, -3] };
  const options = [VALID, one, one, one, RELU6];
  expect(answer('DEPTHWISE_CONV_2D', int8([1, 1, 2, 2], 1), [5, 1, 1, 2], int8([1, 1, 2, 2], 1), [filter], options)).toEqual([6, 0, 2, 0]);
});

it('adds products of 16 bits in 64', () => {
  const bias: TfliteFixtureTensor = { type: 'int64', shape: [1], scales: [1], zeroPoints: [0], values: [5] };
  const weights = int8([1, 1], 1, 0, [100]);
  // 100005 / 4.
  expect(answer('FULLY_CONNECTED', quantized('int16', [1, 1], 1), [1000], quantized('int16', [1, 1], 4), [weights, bias], [NONE])).toEqual([
    25_001,
  ]);
});

// 1.5 + 1 = 2.5 is 5 steps of 0.5; 1.5 + 0.25 is 3.5 steps, which becomes 4; both less 3.
it('adds numbers of two scales', () =>
  expect(answer('ADD', int8([2], 0.5), [3, 3], int8([2], 0.5, -3), [int8([2], 0.25, 2, [6, 3])], [NONE])).toEqual([2, 1]));
it('subtracts them', () => expect(answer('SUB', int8([1], 0.5), [3], int8([1], 0.5), [int8([1], 0.25, 2, [6])], [NONE])).toEqual([1]));
it('multiplies them', () =>
  expect(answer('MUL', int8([2], 0.5), [2, 4], int8([2], 0.25), [int8([2], 0.5, 1, [-2, 2])], [NONE])).toEqual([-6, 4]));

// Halves go away from zero.
it('takes the mean of a window', () => {
  const options = [VALID, one, one, number('int32', 2), one, NONE];
  expect(answer('AVERAGE_POOL_2D', int8([1, 1, 5, 1], 1, 3), [0, 1, 2, -3, -4], int8([1, 1, 4, 1], 1, 3), [], options)).toEqual([
    1, 2, -1, -4,
  ]);
});
it('takes the greatest of a window', () => {
  const options = [VALID, one, one, number('int32', 2), one, RELU];
  expect(answer('MAX_POOL_2D', int8([1, 1, 4, 1], 1, -2), [-9, -5, 1, 0], int8([1, 1, 3, 1], 1, -2), [], options)).toEqual([-2, 1, 1]);
});
// 1 + 2 + 4 is 7, and a third of it 2.33.
it('takes the mean of an axis', () =>
  expect(answer('MEAN', int8([1, 3], 1, 1), [2, 3, 5], int8([1], 1, -10), [{ type: 'int32', shape: [1], values: [1] }])).toEqual([-8]));
it('adds along an axis', () =>
  expect(answer('SUM', int8([1, 3], 1, 1), [2, 3, 5], int8([1], 0.5), [{ type: 'int32', shape: [1], values: [1] }])).toEqual([14]));

// -3 · 0.5 is rounded to -1, as a product of whole numbers is.
it('has a slope below 0', () =>
  expect(answer('LEAKY_RELU', int8([3], 1), [4, -4, -3], int8([3], 1), [], [number('float32', 0.5)])).toEqual([4, -2, -1]));
it('cuts below 0', () => expect(answer('RELU', int8([3], 0.5, 2), [4, 2, -4], int8([3], 1, -1))).toEqual([0, -1, -1]));

it('rounds floats away from zero', () =>
  expect(answer('QUANTIZE', { shape: [4] }, [0.25, -0.25, 0.75, 100], int8([4], 0.5, 1))).toEqual([2, 0, 3, 127]));
it('brings numbers to another scale', () =>
  expect(answer('QUANTIZE', int8([3], 0.5, 1), [5, 3, -7], quantized('uint8', [3], 1, 100))).toEqual([102, 101, 96]));
it('gives sums of 32 bits, which have a scale, too', () =>
  expect(
    answer('QUANTIZE', quantized('int16', [2], 0.5), [-7, 32_000], { type: 'int32', shape: [2], scales: [0.25], zeroPoints: [1] }),
  ).toEqual([-13, 64_001]));
it('gives the floats', () => expect(answer('DEQUANTIZE', int8([3], 0.5, 1), [5, 1, -1], { shape: [3] })).toEqual([2, 0, -1]));

// 1 / (1 + e^0) is 128 steps of 1 / 256 above -128; 1 / (1 + e^-2) is 225.49 steps.
it('takes the functions that have tables through floats', () =>
  expect(answer('LOGISTIC', int8([2], 0.5), [0, 4], int8([2], 1 / 256, -128))).toEqual([0, 97]));

it('pads with what stands for zero, and moves numbers as they are', () => {
  const paddings: TfliteFixtureTensor = { type: 'int32', shape: [1, 2], values: [1, 2] };
  expect(answer('PAD', int8([2], 0.5, -7), [1, 2], int8([5], 0.5, -7), [paddings])).toEqual([-7, 1, 2, -7, -7]);
  const shape: TfliteFixtureTensor = { type: 'int32', shape: [2], values: [2, 1] };
  expect(answer('RESHAPE', int8([2], 0.5, -7), [1, 2], int8([2, 1], 0.5, -7), [shape])).toEqual([1, 2]);
});

it('joins numbers of two scales by those of the output', () =>
  expect(answer('CONCATENATION', int8([2], 0.5), [1, -3], int8([4], 0.25, 1), [int8([2], 0.25, 0, [9, -9])], [number('int32', 0)])).toEqual(
    [3, -5, 10, -8],
  ));

it.each([
  ['scales that are none', int8([2], Number.NaN), int8([2], 1), 'the scale NaN'],
  ['an input with several scales', { type: 'int8', shape: [2], scales: [1, 2] }, int8([2], 1), 'has "x" with 2 scales; one is wanted'],
] as const)('refuses %s', (_, x, y, problem) => expect(() => answer('RELU', x, [1, 2], y)).toThrow(problem));

it('turns a convolution around with a scale for each channel of the filter and of the bias', () => {
  const sizes: TfliteFixtureTensor = { type: 'int32', shape: [4], values: [1, 1, 2, 2] };
  const filter: TfliteFixtureTensor = { ...int8([2, 1, 1, 1], 1, 0, [3, 4]), scales: [1, 0.5], zeroPoints: [0, 0], axis: 0 };
  const bias: TfliteFixtureTensor = { type: 'int32', shape: [2], scales: [1, 0.5], zeroPoints: [0, 0], values: [10, 10] };
  const file = tfliteModel([
    {
      tensors: { sizes, filter, x: int8([1, 1, 2, 1], 1), bias, y: int8([1, 1, 2, 2], 1) },
      ...{ inputs: ['x'], outputs: ['y'] },
      operators: [{ op: 'TRANSPOSE_CONV', inputs: ['sizes', 'filter', 'x', 'bias'], outputs: ['y'], options: [VALID, one, one] }],
    },
  ]);
  const graph = readGraph(file);
  // The filter is put into the order of the op when it is read.
  expect(graph.nodes.map(({ op }) => op)).not.toContain('transpose');
  expect([...run(graph, tensor('int8', [1, 2], [1, 1, 2, 1])).data]).toEqual([13, 7, 16, 9]);
});
