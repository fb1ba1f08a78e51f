/** Branches and loops of .tflite files, which run subgraphs. */
import { expect, it } from 'vitest';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { parseTflite } from '../../src/formats/tflite/model.js';
import { readTflite } from '../../src/formats/tflite/read/read.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { verify } from '../../src/graph/verify.js';
import { number } from '../fixtures/flatbuffer.js';
import { bools, floats } from '../fixtures/tensors.js';
import { type TfliteFixtureGraph, tfliteModel } from '../fixtures/tflite.js';

function read(...graphs: readonly TfliteFixtureGraph[]) {
  const { graph } = readTflite(parseTflite(tfliteModel(graphs), 'model.tflite'), undefined, 'model.tflite');
  verify(graph);
  return graph;
}

const run = (graph: ReturnType<typeof read>, ...feeds: readonly Tensor[]) => {
  const named = new Map(graph.inputs.map(({ name }, index) => [name, feeds[index] as Tensor]));
  return [...openReference(graph).run(named).values()].map(({ data }) => [...data]);
};

const count = { type: 'int32', shape: [] } as const;
const scalar = (value: number) => ({ ...count, values: [value] });
const x = { shape: [2] };

/** A graph of one operator of two inputs, the second a constant. @param others inputs that it takes and leaves */
const binary = (op: string, constant: number, shape: readonly number[]): TfliteFixtureGraph => ({
  tensors: { in: { shape }, c: { shape: [], values: [constant] }, out: { shape } },
  ...{ inputs: ['in'], outputs: ['out'] },
  operators: [{ op, inputs: ['in', 'c'], outputs: ['out'], options: [number('int8', 0)] }],
});

/** Goes on while the counter is below a limit, doubles x in each step, and counts. */
function doubling(limit: number, start: TfliteFixtureGraph['tensors'][string]): readonly TfliteFixtureGraph[] {
  const isInput = start.values === undefined;
  const main: TfliteFixtureGraph = {
    tensors: { x, start, end: count, y: x },
    ...{ inputs: isInput ? ['x', 'start'] : ['x'], outputs: ['y'] },
    operators: [{ op: 'WHILE', inputs: ['start', 'x'], outputs: ['end', 'y'], options: [number('int32', 1), number('int32', 2)] }],
  };
  const condition: TfliteFixtureGraph = {
    tensors: { n: count, x, limit: scalar(limit), goesOn: { type: 'bool', shape: [] } },
    ...{ inputs: ['n', 'x'], outputs: ['goesOn'] },
    operators: [{ op: 'LESS', inputs: ['n', 'limit'], outputs: ['goesOn'] }],
  };
  const body: TfliteFixtureGraph = {
    tensors: { n: count, x, one: scalar(1), next: count, y: x },
    ...{ inputs: ['n', 'x'], outputs: ['next', 'y'] },
    operators: [
      { op: 'ADD', inputs: ['n', 'one'], outputs: ['next'], options: [number('int8', 0)] },
      { op: 'ADD', inputs: ['x', 'x'], outputs: ['y'], options: [number('int8', 0)] },
    ],
  };
  return [main, condition, body];
}

it('unrolls a loop whose number of steps is known', () => {
  const graph = read(...doubling(3, scalar(0)));
  expect(graph.nodes.map(({ op }) => op)).toEqual(['add', 'add', 'add']);
  expect(run(graph, floats([1, -2]))).toEqual([[8, -16]]);
});

it('gives what it takes where a loop has no step', () => expect(run(read(...doubling(0, scalar(0))), floats([1, -2]))).toEqual([[1, -2]]));

it.each([
  [
    'a condition that is computed',
    doubling(3, count),
    'Node "end" (WHILE) runs until a condition that is computed; export the model with a loop of known length',
  ],
  ['a loop without an end', doubling(2 ** 30, scalar(0)), 'has more than 1000 steps, which are unrolled'],
] as const)('refuses %s', (_, graphs, problem) => expect(() => read(...graphs)).toThrow(problem));

it('reads a weight once for all steps of a loop', () => {
  const [main, condition, body] = doubling(3, scalar(0)) as [TfliteFixtureGraph, TfliteFixtureGraph, TfliteFixtureGraph];
  const [counting, adding] = body.operators as [TfliteFixtureGraph['operators'][number], TfliteFixtureGraph['operators'][number]];
  const weight = { shape: [2], values: [0.5, 1.5] };
  const operators = [counting, { ...adding, inputs: ['x', 'weight'] }];
  const graph = read(main, condition, { ...body, tensors: { ...body.tensors, weight }, operators });
  expect(graph.constants.map(({ value }) => value.name)).toEqual(['weight']);
  expect(run(graph, floats([1, -2]))).toEqual([[2.5, 2.5]]);
});

/** x + 10 where the condition holds, else 3 x. */
const choosing = (condition: TfliteFixtureGraph['tensors'][string]): readonly TfliteFixtureGraph[] => [
  {
    tensors: { condition, x, y: x },
    ...{ inputs: condition.values === undefined ? ['condition', 'x'] : ['x'], outputs: ['y'] },
    operators: [{ op: 'IF', inputs: ['condition', 'x'], outputs: ['y'], options: [number('int32', 1), number('int32', 2)] }],
  },
  binary('ADD', 10, [2]),
  binary('MUL', 3, [2]),
];

it('takes the branch that a known condition takes', () => {
  const [holds, fails] = [1, 0].map((value) => read(...choosing({ type: 'bool', shape: [], values: [value] })));
  expect([run(holds!, floats([1, -2])), run(fails!, floats([1, -2]))]).toEqual([[[11, 8]], [[3, -6]]]);
  expect(holds?.nodes.map(({ op }) => op)).toEqual(['add']);
});

it('computes both branches where the condition is computed', () => {
  const graph = read(...choosing({ type: 'bool', shape: [] }));
  expect(run(graph, bools([1], []), floats([1, -2]))).toEqual([[11, 8]]);
  expect(run(graph, bools([0], []), floats([1, -2]))).toEqual([[3, -6]]);
});

/** Graphs that call the second so many times. */
const calling = (calls: number, called: TfliteFixtureGraph): readonly TfliteFixtureGraph[] => [
  {
    tensors: { x, y: x },
    ...{ inputs: ['x'], outputs: ['y'] },
    operators: Array.from({ length: calls }, () => ({ op: 'CALL', inputs: ['x'], outputs: ['y'], options: [number('uint32', 1)] })),
  },
  called,
];

it('takes no time for tensors of a called graph that nothing uses', () => {
  const unused = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`unused_${index}`, x]));
  const model = parseTflite(tfliteModel(calling(2_000, { tensors: { x, ...unused }, inputs: ['x'], outputs: ['x'], operators: [] })), 'm');
  const start = performance.now();
  readTflite(model, undefined, 'm');
  expect(performance.now() - start).toBeLessThan(2_000);
});

it('refuses calls that use too many tensors in all', () => {
  const called: TfliteFixtureGraph = { tensors: { x }, inputs: ['x'], outputs: Array<string>(50_000).fill('x'), operators: [] };
  expect(() => read(...calling(20, called))).toThrow(
    'Node "y" (CALL) leads to more than 1000000 uses of tensors, calls and loops unrolled; that is the limit',
  );
});
