/** Operators of TensorFlow Lite whose meaning is not that of one of our ops, with values worked out by hand. */
import { expect, it } from 'vitest';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { parseTflite } from '../../src/formats/tflite/model.js';
import { readTflite } from '../../src/formats/tflite/read/read.js';
import { DATA_TYPES, type DataType } from '../../src/graph/element-type.js';
import { isClosed, type Tensor } from '../../src/graph/tensor.js';
import { verify } from '../../src/graph/verify.js';
import { expectClose } from '../fixtures/expect-close.js';
import { type FlatField, number, numbers } from '../fixtures/flatbuffer.js';
import { type TfliteFixtureTensor, tfliteModel } from '../fixtures/tflite.js';

type Given = TfliteFixtureTensor & { readonly type?: DataType };

interface Case {
  readonly title: string;
  readonly op: string;
  /** The first is fed with its values, the others are constants. */
  readonly inputs: readonly Given[];
  readonly options?: readonly FlatField[];
  readonly outputs: readonly (Given & { readonly wanted: readonly number[] })[];
}

const floats = (shape: readonly number[], values: readonly number[]): Given => ({ shape, values });
const wholes = (shape: readonly number[], values: readonly number[]): Given => ({ shape, values, type: 'int32' });
const wanted = (shape: readonly number[], values: readonly number[], type: DataType = 'float32') => ({ shape, type, wanted: values });

const SAME = number('int8', 0);
const VALID = number('int8', 1);
const int = (value: number) => number('int32', value);

const CASES: readonly Case[] = [
  {
    title: 'a transposed convolution of SAME padding cuts what goes beyond its output',
    op: 'TRANSPOSE_CONV',
    inputs: [floats([1, 1, 2, 1], [1, 2]), wholes([4], [1, 1, 4, 1]), floats([1, 1, 3, 1], [1, 10, 100])],
    options: [SAME, int(2), int(1)],
    outputs: [wanted([1, 1, 4, 1], [1, 10, 102, 20])],
  },
  {
    title: 'a transposed convolution of VALID padding cuts what goes beyond its output behind',
    op: 'TRANSPOSE_CONV',
    inputs: [floats([1, 1, 2, 1], [1, 2]), wholes([4], [1, 1, 3, 1]), floats([1, 1, 3, 1], [1, 10, 100])],
    options: [VALID, int(2), int(1)],
    outputs: [wanted([1, 1, 3, 1], [1, 10, 102])],
  },
  {
    title: 'an L2 pool is the root of the mean square',
    op: 'L2_POOL_2D',
    inputs: [floats([1, 1, 2, 1], [1, 7])],
    options: [VALID, int(1), int(1), int(2), int(1)],
    outputs: [wanted([1, 1, 1, 1], [5])],
  },
  {
    title: 'an average pool counts no padding',
    op: 'AVERAGE_POOL_2D',
    inputs: [floats([1, 1, 3, 1], [2, 4, 9])],
    options: [SAME, int(2), int(1), int(2), int(1)],
    outputs: [wanted([1, 1, 2, 1], [3, 9])],
  },
  {
    title: 'a length below 1e-6 is taken for 1e-6',
    op: 'L2_NORMALIZATION',
    inputs: [floats([2, 2], [3, 4, 0, 0])],
    outputs: [wanted([2, 2], [Math.fround(0.6), Math.fround(0.8), 0, 0])],
  },
  {
    title: 'a softmax has a factor',
    op: 'SOFTMAX',
    inputs: [floats([1, 2], [0, Math.log(3)])],
    options: [number('float32', 2)],
    outputs: [wanted([1, 2], [0.1, 0.9])],
  },
  {
    title: 'an activation is fused into a sum',
    op: 'ADD',
    inputs: [floats([3], [-4, 0.5, 9]), floats([3], [1, 1, 1])],
    options: [number('int8', 3)],
    outputs: [wanted([3], [0, 1.5, 6])],
  },
  {
    title: 'indices of a batch name rows of their own picture',
    op: 'GATHER',
    inputs: [floats([2, 2], [1, 2, 3, 4]), wholes([2, 1], [1, 0])],
    options: [int(1), int(1)],
    outputs: [wanted([2, 1], [2, 3])],
  },
  {
    title: 'a part that would reach beyond the tensor is moved inside',
    op: 'DYNAMIC_UPDATE_SLICE',
    inputs: [floats([4], [1, 2, 3, 4]), floats([2], [8, 9]), wholes([1], [3])],
    outputs: [wanted([4], [1, 2, 8, 9])],
  },
  {
    title: 'whole numbers are shifted with their sign',
    op: 'RIGHT_SHIFT',
    inputs: [
      { shape: [3], type: 'int8', values: [-5, 12, 7] },
      { shape: [3], type: 'int8', values: [1, 2, 9] },
    ],
    outputs: [wanted([3], [-3, 3, 0], 'int8')],
  },
  {
    title: 'bits of one number alone',
    op: 'BITWISE_XOR',
    inputs: [wholes([2], [12, -1]), wholes([2], [10, 5])],
    outputs: [wanted([2], [6, -6], 'int32')],
  },
  {
    title: 'chosen boxes are filled up with zeros',
    op: 'NON_MAX_SUPPRESSION_V4',
    inputs: [
      floats([3, 4], [0, 0, 1, 1, 0, 0, 1, 0.9, 2, 2, 3, 3]),
      floats([3], [0.5, 0.9, 0.7]),
      wholes([], [3]),
      floats([], [0.5]),
      floats([], [0.1]),
    ],
    outputs: [wanted([3], [1, 2, 0], 'int32'), wanted([], [2], 'int32')],
  },
  {
    title: 'the element type of a place is that of the output',
    op: 'ARG_MAX',
    inputs: [floats([2, 3], [1, 5, 2, 7, 0, 7]), wholes([], [1])],
    options: [number('int8', 4)],
    outputs: [wanted([2], [1, 0], 'int64')],
  },
  {
    title: 'a shape may be an option',
    op: 'RESHAPE',
    inputs: [floats([2, 2], [1, 2, 3, 4])],
    options: [numbers('int32', [1, -1])],
    outputs: [wanted([1, 4], [1, 2, 3, 4])],
  },
  {
    title: 'an axis of a concatenation may count from the end',
    op: 'CONCATENATION',
    inputs: [floats([1, 2], [1, 2]), floats([1, 1], [3])],
    options: [int(-1)],
    outputs: [wanted([1, 3], [1, 2, 3])],
  },
  {
    title: 'each row turns as many elements as its length says',
    op: 'REVERSE_SEQUENCE',
    inputs: [floats([2, 3], [1, 2, 3, 4, 5, 6]), wholes([2], [2, 3])],
    options: [int(1), int(0)],
    outputs: [wanted([2, 3], [2, 1, 3, 6, 5, 4])],
  },
  {
    title: 'an element has the number of the bounds that it is not below',
    op: 'BUCKETIZE',
    inputs: [floats([4], [-1, 0, 9, 10])],
    options: [numbers('float32', [0, 10])],
    outputs: [wanted([4], [0, 1, 1, 2], 'int32')],
  },
  {
    title: 'floats are rounded to steps between its bounds',
    op: 'FAKE_QUANT',
    inputs: [floats([4], [-1, 0.4, 1.6, 9])],
    options: [number('float32', 0), number('float32', 3), int(2)],
    outputs: [wanted([4], [0, 0, 2, 3])],
  },
  {
    title: 'half pixels of a nearest resize are rounded down',
    op: 'RESIZE_NEAREST_NEIGHBOR',
    inputs: [floats([1, 1, 2, 1], [1, 2]), wholes([2], [1, 4])],
    options: [number('bool', 0), number('bool', 1)],
    outputs: [wanted([1, 1, 4, 1], [1, 1, 2, 2])],
  },
];

it.each(CASES)('$op: $title', ({ op, inputs, options = [], outputs }) => {
  const isBehindItsShape = op === 'TRANSPOSE_CONV';
  const names = inputs.map((_, index) => (index === 0 ? 'x' : `c${index}`));
  const [first, ...constants] = inputs as [Given, ...Given[]];
  const results = outputs.map((_, index) => `y${index}`);
  const model = tfliteModel([
    {
      tensors: {
        x: { shape: first.shape, type: first.type ?? 'float32' },
        ...Object.fromEntries(constants.map((constant, index) => [`c${index + 1}`, constant])),
        ...Object.fromEntries(outputs.map(({ shape, type = 'float32' }, index) => [`y${index}`, { shape, type }])),
      },
      ...{ inputs: ['x'], outputs: results },
      operators: [{ op, inputs: isBehindItsShape ? [...names.slice(1), 'x'] : names, outputs: results, options }],
    },
  ]);
  const { graph } = readTflite(parseTflite(model, 'model.tflite'), undefined, 'model.tflite');
  verify(graph);
  const dataType = first.type ?? 'float32';
  const fed: Tensor = { dataType, shape: first.shape, data: DATA_TYPES[dataType].from([...(first.values ?? [])]) };
  const answers = [
    ...openReference(graph)
      .run(new Map([['x', fed]]))
      .values(),
  ];
  for (const [index, { type, wanted: values }] of outputs.entries()) {
    expect(answers[index]?.dataType).toBe(type);
    expectClose([...(answers[index] as Tensor).data], values);
  }
  for (const [index, { type }] of graph.outputs.entries())
    if (type !== null && isClosed(type.shape)) expect(type.shape).toEqual(outputs[index]?.shape);
});
