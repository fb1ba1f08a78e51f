/** Parts of TF.js graphs that no op of ours expresses: written as they were read, they run on TF.js. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/engines/engine.js';
import { start } from '../../src/engines/tfjs/cpu.js';
import { attr } from '../../src/formats/tfjs/write/attributes.js';
import { writeTfjs } from '../../src/formats/tfjs/write/write.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { type GraphParts, readParts } from '../fixtures/graph-def.js';
import { floats, ints } from '../fixtures/tensors.js';
import { answersOn, modelOf } from '../kernels/run.js';

let cpu: Engine;
beforeAll(async () => {
  cpu = await start({});
});
afterAll(() => cpu.dispose());

/** The values of the outputs of a GraphDef that was read and written, on TF.js's cpu backend. */
async function valuesOf(parts: GraphParts, feeds: Readonly<Record<string, Tensor>>): Promise<readonly number[][]> {
  const { graph, inexpressible } = readParts(parts);
  expect(inexpressible).not.toEqual([]);
  const outputs = await answersOn(cpu, modelOf(graph), feeds);
  return outputs.map(({ data }) => [...data]);
}

const int = { T: attr.type('int32') };
const float = { T: attr.type('float32') };
const constant = (name: string) => ({ name, op: 'Const', attr: {} });
const pair = (i: string, v: string) => [
  { name: i, type: 'DT_INT32' },
  { name: v, type: 'DT_FLOAT' },
];

/** Runs `twice` while i is below the weight `limit`: i grows by the weight `one`, and v doubles. */
const LIBRARY = {
  function: [
    {
      signature: { name: 'under', inputArg: pair('i', 'v'), outputArg: [{ name: 'go', type: 'DT_BOOL' }] },
      nodeDef: [constant('limit'), { name: 'less', op: 'Less', input: ['i', 'limit:output:0'], attr: int }],
      ret: { go: 'less:z:0' },
    },
    {
      signature: { name: 'twice', inputArg: pair('i', 'v'), outputArg: pair('iOut', 'vOut') },
      nodeDef: [
        constant('one'),
        { name: 'next', op: 'AddV2', input: ['i', 'one:output:0'], attr: int },
        { name: 'double', op: 'AddV2', input: ['v', 'v'], attr: float },
      ],
      ret: { iOut: 'next:z:0', vOut: 'double:z:0' },
    },
  ],
};

test('a loop whose body is a function of the library, with weights of its own', async () => {
  const values = await valuesOf(
    {
      inputs: { x: ['float32', [1, 2]] },
      // The name of a node of the body: a weight of that name would stand for the node.
      weights: { start: ints([0], []), double: floats([10], []) },
      nodes: {
        less: ['Mul', ['x', 'double']],
        loop: ['StatelessWhile', ['start', 'less'], { cond: { func: { name: 'under' } }, body: { func: { name: 'twice' } } }],
        y: ['Neg', ['loop:1']],
      },
      outputs: ['y', 'loop'],
      library: LIBRARY,
      libraryWeights: { limit: ints([3], []), one: ints([1], []) },
    },
    { x: floats([1, 2.5], [1, 2]) },
  );
  expect(values).toEqual([[-80, -200], [3]]);
});

test('a loop of TensorFlow 1, whose first node takes what its last one gives', async () => {
  const parts: GraphParts = {
    inputs: { x: ['float32', [1]] },
    weights: { limit: floats([100], []), two: floats([2], []) },
    nodes: {
      before: ['Neg', ['x']],
      enter: ['Enter', ['before'], { frame_name: attr.text('loop') }],
      merge: ['Merge', ['enter', 'next']],
      bound: ['Enter', ['limit'], { frame_name: attr.text('loop'), is_constant: attr.flag(true) }],
      factor: ['Enter', ['two'], { frame_name: attr.text('loop'), is_constant: attr.flag(true) }],
      sum: ['Sum', ['merge', 'axis']],
      axis: ['Enter', ['zero'], { frame_name: attr.text('loop'), is_constant: attr.flag(true) }],
      less: ['Less', ['sum', 'bound']],
      go: ['LoopCond', ['less']],
      switch: ['Switch', ['merge', 'go']],
      body: ['Mul', ['switch:1', 'factor']],
      next: ['NextIteration', ['body']],
      y: ['Exit', ['switch']],
    },
    outputs: ['y'],
  };
  expect(await valuesOf({ ...parts, weights: { ...parts.weights, zero: ints([0]) } }, { x: floats([-7], [1]) })).toEqual([[112]]);
});

test('a node with several outputs, between nodes of ours', async () => {
  const values = await valuesOf(
    {
      inputs: { x: ['float32', [5]] },
      weights: { two: floats([2], []) },
      nodes: { before: ['Mul', ['x', 'two']], unique: ['Unique', ['before:0']], after: ['Neg', ['unique:0']] },
      outputs: ['after', 'unique:1'],
    },
    { x: floats([3, 1, 3, 2, 1]) },
  );
  expect(values).toEqual([
    [-6, -2, -4],
    [0, 1, 0, 2, 1],
  ]);
});

test('an input of unknown rank', async () => {
  const values = await valuesOf({ inputs: { x: ['float32', null] }, nodes: { y: ['Neg', ['x']] } }, { x: floats([1, 2, 3, 4], [2, 2]) });
  expect(values).toEqual([[-1, -2, -3, -4]]);
});

test('a weight of a function must be a constant, and the inputs of nodes must be there', () => {
  const parts = (inputName: string, library: object | null) => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dataType: 'float32', shape: [2] });
    const nodes = [{ name: 'y', op: 'Neg', input: ['x'], attr: {} }];
    const origin = { format: 'tfjs', op: 'Neg', name: 'y' } as const;
    return builder.build(builder.opaque([x], { nodes, library, inputNames: [inputName], outputNames: ['y'] }, origin, ['y']));
  };
  expect(() => writeTfjs(parts('x', null))).not.toThrow();
  expect(() => writeTfjs(parts('one', LIBRARY))).toThrow('Node "y" (Neg) cannot run in TF.js: it computes the weight "one" of a function.');
  expect(() => writeTfjs(parts('z', null))).toThrow('Node "y" (Neg) cannot run in TF.js: it takes "x", which is not there.');
});
