/** Texts in ONNX models: columns of categories become one input of rows, and texts that a model gives become places in a list. */
import { describe, expect, it } from 'vitest';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { parseModel } from '../../src/formats/onnx/proto.js';
import { readOnnx } from '../../src/formats/onnx/read/read.js';
import { typeText } from '../../src/graph/tensor.js';
import { verify } from '../../src/graph/verify.js';
import { type OnnxAttribute, type OnnxGraph, type OnnxNode, type OnnxValue, onnxModel } from '../fixtures/onnx.js';
import { floats } from '../fixtures/tensors.js';

const read = (graph: OnnxGraph, isClassical = true) => {
  const model = readOnnx(parseModel(onnxModel(graph, isClassical ? { ml: 3 } : {}), 'model.onnx'), new Map(), 'model.onnx');
  verify(model.graph);
  return model;
};

const node = (op: string, inputs: string, outputs: string, attributes: Readonly<Record<string, OnnxAttribute>> = {}): OnnxNode => {
  const domain = ['OneHotEncoder', 'LabelEncoder', 'ArrayFeatureExtractor', 'Scaler'].includes(op) ? 'ai.onnx.ml' : '';
  return { op, domain, inputs: inputs.split(' '), outputs: [outputs], name: outputs, attributes };
};

const column = (name: string, type: OnnxValue['type'] = 'string'): OnnxValue => ({ name, type, shape: ['', 1] });
const Y: readonly OnnxValue[] = [{ name: 'y' }];
const places = (...values: number[]) => ({ dims: [values.length], values, type: 'int64' as const });

describe('columns', () => {
  const graph: OnnxGraph = {
    inputs: [column('city'), column('colour'), column('size', 'float32'), column('isNew', 'bool')],
    nodes: [
      node('Concat', 'city colour', 'both', { axis: 1n }),
      node('ArrayFeatureExtractor', 'both second', 'colours'),
      node('Gather', 'both first', 'cities', { axis: 1n }),
      node('OneHotEncoder', 'colours', 'c', { cats_strings: ['red', 'blue'] }),
      node('LabelEncoder', 'cities', 'n', { keys_strings: ['Thun', 'Bern'], values_floats: [10, 20], default_float: -1 }),
      node('Reshape', 'c shape', 'flat'),
      node('Cast', 'isNew', 'new', { to: 1n }),
      node('Concat', 'n flat size new', 'y', { axis: 1n }),
    ],
    outputs: Y,
    initializers: { first: places(0), second: places(1), shape: places(-1, 2) },
  };

  it('become one input, with the categories that nodes look for', () => {
    const { graph: made, ends, columns } = read(graph);
    expect(ends.inputs.map(({ key, shape }) => [key, shape])).toEqual([['features', [null, 4]]]);
    expect(columns.get('features')).toEqual([
      { name: 'city', categories: ['Thun', 'Bern'] },
      { name: 'colour', categories: ['red', 'blue'] },
      { name: 'size' },
      { name: 'isNew', categories: [false, true] },
    ]);
    const rows = floats([1, 0, 0.5, 1, 0, 1, -2, 0], [2, 4]);
    const [answer] = openReference(made)
      .run(new Map([['features', rows]]))
      .values();
    expect([...(answer?.data ?? [])]).toEqual([20, 1, 0, 0.5, 1, 10, 0, 1, -2, 0]);
  });

  it('of whole numbers alone are whole numbers', () => {
    const { graph: made } = read({
      inputs: [column('a', 'int64'), column('b', 'bool')],
      nodes: [node('Scaler', 'a', 'y', { offset: [1], scale: [2] })],
      outputs: Y,
    });
    expect(made.inputs.map(({ type }) => type && typeText(type))).toEqual(['int32[batch, 2]']);
  });

  it('are inputs of their own in a model that is no classical one', () => {
    const { ends } = read(
      { inputs: [column('a', 'float32'), column('b', 'float32')], nodes: [node('Add', 'a b', 'y')], outputs: Y },
      false,
    );
    expect(ends.inputs.map(({ key }) => key)).toEqual(['a', 'b']);
  });
});

describe('texts that a model gives', () => {
  it('are places among the texts of the file', () => {
    const { graph } = read({
      inputs: [{ name: 'scores', shape: ['n', 3] }],
      nodes: [
        node('ArgMax', 'scores', 'top', { axis: 1n }),
        node('ArrayFeatureExtractor', 'classes top', 'taken'),
        node('Reshape', 'taken shape', 'y'),
      ],
      outputs: [{ name: 'y', type: 'string' }],
      initializers: { classes: { dims: [3], values: [], texts: ['cat', 'dog', 'owl'], type: 'string' }, shape: places(-1) },
    });
    const [answer] = openReference(graph)
      .run(new Map([['scores', floats([1, 3, 2, 9, 0, 0], [2, 3])]]))
      .values();
    expect([answer?.dataType, answer?.shape, [...(answer?.data ?? [])]]).toEqual(['int32', [2], [1, 0]]);
  });
});

describe('refusals', () => {
  const encode = node('OneHotEncoder', 'city', 'y', { cats_strings: ['Bern'] });
  it.each<[string, OnnxGraph, string]>([
    [
      'several columns of texts',
      { inputs: [{ name: 'city', type: 'string', shape: ['', 2] }], nodes: [encode], outputs: Y },
      'Convert the model with one input for each column',
    ],
    [
      'texts without categories',
      { inputs: [column('city'), column('x', 'float32')], nodes: [node('Neg', 'x', 'y')], outputs: Y },
      'Input "city" has texts, for which no node has categories',
    ],
    [
      'another op',
      { inputs: [column('city')], nodes: [node('Equal', 'city city', 'y')], outputs: Y },
      'Node "y" (Equal) takes texts, of which numbers are made by OneHotEncoder and LabelEncoder alone',
    ],
    [
      'numbers of texts',
      { inputs: [column('city')], nodes: [node('Cast', 'city', 'y', { to: 1n })], outputs: Y },
      'Node "y" (Cast) makes numbers of texts',
    ],
    [
      'keys that are no texts',
      { inputs: [column('city')], nodes: [node('LabelEncoder', 'city', 'y', { keys_int64s: [1n], values_int64s: [2n] })], outputs: Y },
      'takes texts, which its keys are not',
    ],
    [
      'a key twice',
      {
        inputs: [column('city')],
        nodes: [node('LabelEncoder', 'city', 'y', { keys_strings: ['a', 'a'], values_int64s: [2n, 3n] })],
        outputs: Y,
      },
      'has a key twice',
    ],
  ])('%s', (_, graph, told) => expect(() => read(graph)).toThrow(told));
});
