/** Recurrent layers of .tflite files, whose state is an input and an output of the graph: against their formulas, step by step. */
import { expect, it } from 'vitest';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { parseTflite } from '../../src/formats/tflite/model.js';
import { readTflite } from '../../src/formats/tflite/read/read.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { verify } from '../../src/graph/verify.js';
import { type FlatField, number } from '../fixtures/flatbuffer.js';
import { floats } from '../fixtures/tensors.js';
import { type TfliteFixtureGraph, type TfliteFixtureTensor, tfliteModel } from '../fixtures/tflite.js';
import { filterModel } from '../fixtures/tflite-states.js';

function read(file: Uint8Array) {
  const model = readTflite(parseTflite(file, 'model.tflite'), undefined, 'model.tflite');
  verify(model.graph);
  return model;
}

/** The answers of a graph: its outputs, and then its states. */
function answers({ graph }: ReturnType<typeof read>, feeds: readonly Tensor[]): readonly (readonly number[])[] {
  const named = new Map(graph.inputs.map(({ name }, index) => [name, feeds[index] as Tensor]));
  const given = openReference(graph).run(named);
  // A state may be an output, too.
  return graph.outputs.map(({ name }) => [...(given.get(name) as Tensor).data]);
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Weights of one unit: of the input, of the state, and the bias; gates in the order input, forget, cell, output. */
const WEIGHTS = [
  [0.5, -0.25, 0.1],
  [0.75, 0.5, -0.2],
  [1.5, -1, 0.05],
  [-0.5, 0.25, 0.3],
] as const;

interface Unit {
  hidden: number;
  cell: number;
}

/** One step of one unit by the formulas of Hochreiter and Schmidhuber (1997) with Gers' forget gate (2000). */
function step({ hidden, cell }: Unit, x: number, isCoupled: boolean, limit: number): Unit {
  const [input, forget, update, output] = WEIGHTS.map(([ofInput, ofState, bias]) => ofInput * x + ofState * hidden + bias) as [
    number,
    number,
    number,
    number,
  ];
  const kept = sigmoid(forget);
  const opened = isCoupled ? 1 - kept : sigmoid(input);
  const next = Math.min(limit, Math.max(-limit, kept * cell + opened * Math.tanh(update)));
  return { cell: next, hidden: sigmoid(output) * Math.tanh(next) };
}

/** An LSTM of one unit over two steps. */
function lstm(
  isCoupled: boolean,
  limit: number,
  options: readonly FlatField[] = [],
  others: Record<string, TfliteFixtureTensor> = {},
): Uint8Array {
  const gates = WEIGHTS.map((_, gate) => gate).filter((gate) => !(isCoupled && gate === 0));
  const list = (name: string, part: 0 | 1 | 2, shape: readonly number[]) =>
    Object.fromEntries(gates.map((gate) => [`${name}${gate}`, { shape, values: [WEIGHTS[gate]?.[part] as number] }]));
  const names = (name: string) => [0, 1, 2, 3].map((gate) => (gates.includes(gate) ? `${name}${gate}` : ''));
  const graph: TfliteFixtureGraph = {
    tensors: {
      ...{
        x: { shape: [1, 2, 1] },
        y: { shape: [1, 2, 1] },
        hidden: { shape: [1, 1], isVariable: true },
        cell: { shape: [1, 1], isVariable: true },
      },
      ...{ ...list('w', 0, [1, 1]), ...list('r', 1, [1, 1]), ...list('b', 2, [1]), ...others },
    },
    ...{ inputs: ['x'], outputs: ['y'] },
    operators: [
      {
        op: 'UNIDIRECTIONAL_SEQUENCE_LSTM',
        inputs: [
          'x',
          ...names('w'),
          ...names('r'),
          '',
          '',
          '',
          ...names('b'),
          '',
          '',
          'hidden',
          'cell',
          ...['', '', '', ''].map((none, index) => (index === 0 && others['norm'] ? 'norm' : none)),
        ],
        outputs: ['y'],
        options: [number('int8', 4), number('float32', limit), ...options],
      },
    ],
  };
  return tfliteModel([graph]);
}

it.each([
  ['with four gates', false, 0],
  ['whose input gate is the rest of its forget gate', true, 0],
  ['whose cell is clipped', false, 0.4],
] as const)('an LSTM %s goes on from its state', (_, isCoupled, limit) => {
  const model = read(lstm(isCoupled, limit));
  expect(model.states).toEqual([
    { input: 'hidden', output: 'hidden', initial: 0 },
    { input: 'cell', output: 'cell', initial: 0 },
  ]);
  let unit = { hidden: 0, cell: 0 };
  for (const xs of [
    [1, -2],
    [3, 0.5],
  ] as const) {
    const [y, hidden, cell] = answers(model, [floats(xs, [1, 2, 1]), floats([unit.hidden], [1, 1]), floats([unit.cell], [1, 1])]);
    const wanted = xs.map((x) => {
      unit = step(unit, x, isCoupled, limit || Number.POSITIVE_INFINITY);
      return unit.hidden;
    });
    expect(y?.[0]).toBeCloseTo(wanted[0] as number, 6);
    expect(y?.[1]).toBeCloseTo(wanted[1] as number, 6);
    expect([hidden?.[0], cell?.[0]]).toEqual([expect.closeTo(unit.hidden, 6), expect.closeTo(unit.cell, 6)]);
  }
});

it('refuses gates that are normalised', () =>
  expect(() => read(lstm(false, 0, [], { norm: { shape: [1], values: [1] } }))).toThrow(
    '(UNIDIRECTIONAL_SEQUENCE_LSTM) normalises its gates',
  ));

/** A layer whose state is max(0, 2 · x + 3 · state - 1), over as many steps. */
const recurrent = (op: string, shape: readonly number[], options: readonly FlatField[]): TfliteFixtureGraph => ({
  tensors: {
    ...{ x: { shape }, y: { shape }, state: { shape: [1, 1], isVariable: true } },
    ...{ w: { shape: [1, 1], values: [2] }, r: { shape: [1, 1], values: [3] }, b: { shape: [1], values: [-1] } },
  },
  ...{ inputs: ['x'], outputs: ['y'] },
  operators: [{ op, inputs: ['x', 'w', 'r', 'b', 'state'], outputs: ['y'], options }],
});

it('a plain layer goes on from its state, in one step or in several', () => {
  const RELU = number('int8', 1);
  const one = read(tfliteModel([recurrent('RNN', [1, 1], [RELU])]));
  expect(answers(one, [floats([1], [1, 1]), floats([2], [1, 1])])).toEqual([[7], [7]]);
  const sequence = read(tfliteModel([recurrent('UNIDIRECTIONAL_SEQUENCE_RNN', [1, 3, 1], [number('bool', 0), RELU])]));
  // 2 - 1, then -10 + 3 - 1 and so 0, then 4 - 1.
  expect(answers(sequence, [floats([1, -5, 2], [1, 3, 1]), floats([0], [1, 1])])).toEqual([[1, 0, 3], [3]]);
});

// Each unit weighs the input by 1 and by -1, and adds 2 times what it remembers to 3 times what it sees.
it('a filter over the last inputs remembers them', () => {
  const model = read(filterModel());
  const first = answers(model, [floats([5], [1, 1]), floats([0, 0, 0, 0], [1, 4])]);
  expect(first).toEqual([
    [15, 0],
    [0, 5, 0, -5],
  ]);
  expect(answers(model, [floats([-1], [1, 1]), floats(first[1] as number[], [1, 4])])).toEqual([
    [7, 0],
    [5, -1, -5, 1],
  ]);
});
