/** Graphs as JSON and bytes: what is written is read as the same graph, and everything else is refused by name. */
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/graph/builder.js';
import { type GraphFile, readGraph, writeGraph } from '../../src/graph/file.js';
import type { Origin } from '../../src/graph/graph.js';
import { ceilDivide, max, openSize, type Size } from '../../src/graph/size.js';
import { graphText } from '../../src/graph/text.js';
import { refusalOf } from '../fixtures/refusal.js';

const origin = (op: string, name = op): Origin => ({ format: 'tflite', op, name });
const batch = openSize('batch');

/** A graph with every kind of attribute, storage, and input. */
function rich() {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dataType: 'float32', shape: [batch, openSize('width'), 4] });
  const loose = builder.input('loose', null);
  const weight = builder.constant({
    value: { name: 'w', type: { dataType: 'float32', shape: [4] } },
    bytes: Uint8Array.of(1, 2, 3, 4),
    storage: { kind: 'uint8', scale: 0.1, min: -0.3 },
  });
  const halves = builder.constant({
    value: { name: 'h', type: { dataType: 'float16', shape: [1] } },
    bytes: Uint8Array.of(0, 60),
    storage: { kind: 'plain' },
  });
  const bounded = builder.op('clamp', [x], { min: -0, max: Number.POSITIVE_INFINITY }, origin('Relu', 'bounded'));
  const normal = builder.op('batchNormalization', [bounded, weight, weight, null, weight], { axis: 2, epsilon: 1e-3 }, origin('Norm'));
  const cut = builder.op(
    'slice',
    [normal],
    { starts: [0, ceilDivide(openSize('width'), 2), 0], sizes: [batch, 1, 4], strides: [1, 1, -1].map(Math.abs) },
    origin('Slice'),
  );
  const cast = builder.op('cast', [cut], { to: 'int64' }, origin('Cast'));
  const spots = builder.op('nonzero', [cast], { countName: 'hits' }, origin('Where'));
  const top = builder.ops('topK', [spots], { axis: 1, k: 1, largest: false }, origin('TopK'), ['values', 'places']);
  const greatest = builder.op('sizes', [], { values: [max(batch, 3) as Size, -2], dataType: 'int32' }, origin('Shape'));
  const opaque = { nodes: [{ name: 'n', deep: [1, { a: null }] }], library: { function: [] }, inputNames: ['loose'], outputNames: ['o:1'] };
  const loop = builder.opaque([loose], opaque, origin('While', 'loop'), ['o']);
  return builder.build([...top, greatest, ...loop, halves, x]);
}

/** What a file that is sent somewhere arrives as. */
const sent = ({ json, bytes }: GraphFile): GraphFile => ({ json: JSON.parse(JSON.stringify(json)), bytes: bytes.slice() });

describe('a graph', () => {
  it('is read as it was written, attribute by attribute', () => {
    const graph = rich();
    const file = writeGraph(graph);
    const read = readGraph(sent(file));
    expect(graphText(read)).toBe(graphText(graph));
    expect(read).toEqual(graph);
    expect(Object.is((read.nodes[0]!.attributes as { min: number }).min, -0)).toBe(true);
    expect(writeGraph(read)).toEqual(file);
    expect(JSON.stringify(writeGraph(read).json)).toBe(JSON.stringify(file.json));
  });

  it('without anything in it is one', () => {
    const file = writeGraph(new GraphBuilder().build([]));
    expect(file).toEqual({ json: { format: 1, inputs: [], constants: [], nodes: [], outputs: [] }, bytes: new Uint8Array() });
    expect(readGraph(file)).toEqual(new GraphBuilder().build([]));
  });
});

/** A small file, whose parts the tests below break. */
function small() {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dataType: 'float32', shape: [batch, 2] });
  const y = builder.op('add', [x, builder.numbers('float32', [1, 2])], {}, origin('ADD', 'sum'), 'y');
  const file = sent(writeGraph(builder.build([builder.op('softmax', [y], { axis: 1 }, origin('SOFTMAX', 'p'))])));
  return { json: file.json as SmallJson, bytes: file.bytes };
}

interface SmallJson {
  format: number;
  inputs: { name: string; dataType: string; shape: unknown }[];
  constants: { name: string; dataType: string; shape: unknown; storage: Record<string, unknown>; offset: number }[];
  nodes: { op: string; inputs: unknown[]; outputs: unknown[]; attributes: Record<string, unknown>; origin: Record<string, unknown> }[];
  outputs: unknown[];
}

describe('a broken file is refused', () => {
  const cases: readonly (readonly [what: string, change: (json: SmallJson) => void, message: string])[] = [
    ['another format', (json) => (json.format = 2), "The graph file's format should be 1, but is 2."],
    ['no nodes', (json) => Reflect.deleteProperty(json, 'nodes'), "The graph file's nodes should be an array, but is undefined."],
    [
      'an unknown op',
      ({ nodes }) => (nodes[0]!.op = 'frobnicate'),
      'Node "sum" has the op "frobnicate", which this version of Pannier does not know.',
    ],
    [
      'an op of JavaScript',
      ({ nodes }) => (nodes[0]!.op = 'constructor'),
      'Node "sum" has the op "constructor", which this version of Pannier does not know.',
    ],
    ['a missing input', ({ nodes }) => (nodes[0]!.inputs[0] = 'z'), 'Node "sum" takes "z", which is not made before it.'],
    ['an input that comes later', ({ nodes }) => (nodes[0]!.inputs[0] = 'p'), 'Node "sum" takes "p", which is not made before it.'],
    ['an absent input', ({ nodes }) => (nodes[0]!.inputs[0] = null), 'Node "sum" (ADD) lacks its input a.'],
    ['a double input', (json) => json.inputs.push(json.inputs[0]!), 'Value "x" is made twice; names must be unique.'],
    ['a double output', ({ nodes }) => (nodes[0]!.outputs[0] = 'x'), 'Value "x" is made twice; names must be unique.'],
    [
      'a constant with the name of an input',
      ({ constants }) => (constants[0]!.name = 'x'),
      'Value "x" is made twice; names must be unique.',
    ],
    ['too many outputs', ({ nodes }) => nodes[0]!.outputs.push('q'), 'Node "sum" names 2 outputs, but add gives 1.'],
    ['too few outputs', ({ nodes }) => (nodes[1]!.outputs = []), 'Node "p" names 0 outputs, but softmax gives 1.'],
    ['a nameless output', ({ nodes }) => (nodes[0]!.outputs = ['']), `The graph file's nodes[0].outputs[0] should be a text, but is "".`],
    ['an output of the graph that is none', ({ outputs }) => (outputs[0] = 'q'), 'The output takes "q", which is not made before it.'],
    [
      'an unknown attribute',
      ({ nodes }) => (nodes[1]!.attributes['beta'] = 1),
      'Node "p" has the attribute "beta", which softmax does not have.',
    ],
    [
      'a missing attribute',
      ({ nodes }) => Reflect.deleteProperty(nodes[1]!.attributes, 'axis'),
      `The graph file's nodes[1].attributes.axis should be a whole number (node "p").`,
    ],
    [
      'NaN as an attribute',
      ({ nodes }) => (nodes[1]!.attributes['axis'] = Number.NaN),
      `The graph file's nodes[1].attributes.axis should be a whole number (node "p").`,
    ],
    [
      'a text as an attribute',
      ({ nodes }) => (nodes[1]!.attributes['axis'] = 'NaN'),
      `The graph file's nodes[1].attributes.axis should be a whole number (node "p").`,
    ],
    [
      'an axis that the shape does not have',
      ({ nodes }) => (nodes[1]!.attributes['axis'] = 2),
      'Node "p" (SOFTMAX) has axes [2], which do not fit the shape [batch, 2].',
    ],
    [
      'a shape that does not broadcast',
      ({ inputs }) => (inputs[0]!.shape = ['batch', 3]),
      'Node "sum" (ADD) cannot broadcast [batch, 3] and [2].',
    ],
    [
      'an element type that is none',
      ({ inputs }) => (inputs[0]!.dataType = 'float64'),
      `The graph file's inputs[0].dataType should be an element type, but is "float64".`,
    ],
    ['a size that is none', ({ inputs }) => (inputs[0]!.shape = ['batch/2', 2]), 'Value "x" has the size "batch/2", which is none.'],
    [
      'a negative size',
      ({ inputs }) => (inputs[0]!.shape = [-1, 2]),
      `The graph file's inputs[0].shape should be a list of at most 16 sizes, but is an array of 2.`,
    ],
    ['a negative size as text', ({ inputs }) => (inputs[0]!.shape = ['-4', 2]), 'Value "x" has a size that is none: float32[-4, 2].'],
    [
      'too high a rank',
      ({ inputs }) => (inputs[0]!.shape = Array(17).fill(1)),
      `The graph file's inputs[0].shape should be a list of at most 16 sizes`,
    ],
    ['a constant of open size', ({ constants }) => (constants[0]!.shape = ['batch']), 'Constant "constant_0" has no closed type.'],
    [
      'a constant without a type',
      ({ constants }) => Reflect.deleteProperty(constants[0]!, 'shape'),
      'Constant "constant_0" has no closed type.',
    ],
    [
      'a constant beyond the bytes',
      ({ constants }) => (constants[0]!.shape = [3]),
      'Constant "constant_0" ends at byte 12, but there are 8.',
    ],
    [
      'a constant of too many elements',
      ({ constants }) => (constants[0]!.shape = [2 ** 40, 2 ** 40]),
      'Constant "constant_0" ends at byte 4.8',
    ],
    [
      'a constant that begins behind the bytes',
      ({ constants }) => (constants[0]!.offset = 12),
      'Constant "constant_0" ends at byte 20, but there are 8.',
    ],
    [
      'a constant without a place',
      ({ constants }) => Reflect.deleteProperty(constants[0]!, 'offset'),
      "The graph file's constants[0].offset should be a place in bytes, but is undefined.",
    ],
    [
      'a storage that is none',
      ({ constants }) => (constants[0]!.storage = { kind: 'zip' }),
      `The graph file's constants[0].storage.kind should be "plain" or "float16" or "uint8" or "uint16" or "int8", but is "zip".`,
    ],
    [
      'a storage without its scale',
      ({ constants }) => (constants[0]!.storage = { kind: 'uint8', min: 0 }),
      `The graph file's constants[0].storage.scale should be a number, but is undefined.`,
    ],
    [
      'a storage that the type cannot have',
      ({ constants }) => Object.assign(constants[0]!, { dataType: 'int8', storage: { kind: 'float16' } }),
      'Constant "constant_0" is int8[2], which is not stored as float16.',
    ],
    ['an origin of no format', ({ nodes }) => (nodes[0]!.origin['format'] = 'caffe'), `The graph file's nodes[0].origin.format should be`],
    [
      'attributes that are no object',
      ({ nodes }) => (nodes[0]!.attributes = [] as never),
      `The graph file's nodes[0].attributes should be an object`,
    ],
  ];

  it.each(cases)('%s', (_, change, message) => {
    const file = small();
    change(file.json);
    const refused = refusalOf(() => readGraph(file));
    expect(refused.code).toBe('model-format');
    expect(refused.message).toContain(message);
  });

  it.each([null, undefined, 7, 'graph', [], {}, { format: 1 }, JSON.parse('{"__proto__": {"format": 1}}')].map((json) => [json]))(
    'no graph at all: %j',
    (json) => expect(refusalOf(() => readGraph({ json, bytes: new Uint8Array() })).message).toMatch(/^The graph file/),
  );

  it('too many nodes', () => {
    const { json, bytes } = small();
    const many = { ...json, nodes: Array(100_001).fill(json.nodes[0]) };
    expect(refusalOf(() => readGraph({ json: many, bytes })).message).toBe('The graph has 100001 nodes; the limit is 100000.');
  });

  it('too few bytes', () => {
    const { json, bytes } = small();
    expect(refusalOf(() => readGraph({ json, bytes: bytes.slice(1) })).message).toBe(
      'Constant "constant_0" ends at byte 8, but there are 7.',
    );
  });
});
