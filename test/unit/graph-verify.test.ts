/** What the verifier refuses, one broken graph for each rule. */
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/graph/builder.js';
import type { Graph, Node, TypedValue, Value } from '../../src/graph/graph.js';
import { openSize } from '../../src/graph/size.js';
import { verify } from '../../src/graph/verify.js';
import { refusalOf } from '../fixtures/refusal.js';

const origin = { format: 'onnx', op: 'Add', name: 'sum' } as const;

/** x + w, where w is a constant. */
function sound(): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dataType: 'float32', shape: [openSize('batch'), 2] });
  const weights = builder.numbers('float32', [1, 2]);
  return builder.build([builder.op('add', [x, weights], {}, origin, 'y')]);
}

/** The sound graph with its node changed. */
const withNode = (change: Partial<Node>): Graph => {
  const graph = sound();
  return { ...graph, nodes: [{ ...graph.nodes[0], ...change } as Node] };
};

const refusal = (graph: Graph) => refusalOf(() => verify(graph)).message;
const value = (name: string, type: Value['type'] = { dataType: 'float32', shape: [2] }): TypedValue => ({ name, type }) as TypedValue;

it('passes what the builder builds, and graphs of inputs and constants alone', () => {
  verify(sound());
  const builder = new GraphBuilder();
  const x = builder.input('x', { dataType: 'float32', shape: [] });
  verify(builder.build([x, x, builder.number('int64', 3)]));
  verify(new GraphBuilder().build([]));
});

describe('values', () => {
  it('are made once', () => {
    const graph = sound();
    const x = graph.inputs[0] as Value;
    expect(refusal({ ...graph, inputs: [x, x] })).toBe('Value "x" is made twice; names must be unique.');
    const [constant] = graph.constants;
    expect(refusal({ ...graph, constants: [constant!, constant!] })).toBe('Value "constant_0" is made twice; names must be unique.');
    expect(refusal({ ...graph, nodes: [...graph.nodes, ...graph.nodes] })).toBe('Value "y" is made twice; names must be unique.');
  });

  it('are made before they are taken, and are the same objects', () => {
    const graph = sound();
    expect(refusal({ ...graph, inputs: [] })).toBe('Node "sum" (Add) takes "x", which is not made before it.');
    const [node] = graph.nodes;
    expect(refusal({ ...graph, nodes: [{ ...node, inputs: [node!.outputs[0], node!.inputs[1]] } as Node] })).toBe(
      'Node "sum" (Add) takes "y", which is not made before it.',
    );
    expect(refusal(withNode({ inputs: [value('x'), value('constant_0')] }))).toBe(
      'Node "sum" (Add) takes "x", which is not made before it.',
    );
    expect(refusal({ ...graph, outputs: [value('y')] })).toBe('Output "y" is no value of the graph.');
    expect(refusal({ ...graph, outputs: [value('z')] })).toBe('Output "z" is no value of the graph.');
  });

  it('have sizes', () => {
    for (const size of [-1, 0.5, Number.NaN, 2 ** 60]) {
      const type = { dataType: 'float32', shape: [2, size] } as const;
      expect(refusal({ inputs: [value('x', type)], constants: [], nodes: [], outputs: [] })).toBe(
        `Value "x" has a size that is none: float32[2, ${size}].`,
      );
    }
    const [constant] = sound().constants;
    const negative = { ...constant!, value: value('w', { dataType: 'float32', shape: [-1, -2] }) };
    expect(refusal({ inputs: [], constants: [negative], nodes: [], outputs: [] })).toBe(
      'Value "w" has a size that is none: float32[-1, -2].',
    );
  });
});

describe('constants', () => {
  const refusalOfConstant = (change: object): string => {
    const [constant] = sound().constants;
    return refusal({ inputs: [], constants: [{ ...constant!, ...change }], nodes: [], outputs: [] });
  };

  it('are closed, have their bytes, and a storage of their type', () => {
    expect(refusalOfConstant({ value: value('w', { dataType: 'float32', shape: [openSize('n')] }) })).toBe(
      'Constant "w" has an open size: float32[n].',
    );
    expect(refusalOfConstant({ bytes: new Uint8Array(7) })).toBe('Constant "constant_0" has 7 bytes; float32[2] takes 8.');
    expect(refusalOfConstant({ storage: { kind: 'int8', axis: 0 } })).toBe('Constant "constant_0" has 8 bytes; float32[2] takes 10.');
    expect(refusalOfConstant({ storage: { kind: 'int8', axis: 1 } })).toBe(
      'Constant "constant_0" is float32[2], stored as int8 with scales along axis 1.',
    );
    expect(refusalOfConstant({ storage: { kind: 'float16' } })).toBe('Constant "constant_0" has 8 bytes; float32[2] takes 4.');
    expect(refusalOfConstant({ value: value('w', { dataType: 'bool', shape: [2] }), storage: { kind: 'uint8', scale: 1, min: 0 } })).toBe(
      'Constant "w" is bool[2], stored as uint8 * 1 + 0.',
    );
  });
});

describe('nodes', () => {
  it('have the inputs of their op', () => {
    const { inputs } = sound().nodes[0] as Node;
    expect(refusal(withNode({ inputs: [] }))).toBe('Node "sum" (Add) takes a, b, but got 0 inputs.');
    const graph = sound();
    const node = graph.nodes[0] as Node;
    const three = { ...node, inputs: [...node.inputs, ...node.inputs] } as Node;
    expect(refusal({ ...graph, nodes: [three] })).toBe('Node "sum" (Add) takes a, b, but got 4 inputs.');
    expect(refusal({ ...graph, nodes: [{ ...node, inputs: [node.inputs[0], null] } as Node] })).toBe('Node "sum" (Add) lacks its input b.');
    expect(inputs).toHaveLength(2);
  });

  it('have the attributes of their op', () => {
    const graph = sound();
    const node = graph.nodes[0] as Node;
    const change = (op: string, attributes: object) =>
      refusal({ ...graph, nodes: [{ ...node, op, attributes, inputs: [node.inputs[0]] } as unknown as Node] });
    expect(change('relu', { alpha: 1 })).toBe('Node "sum" (Add) becomes relu, which has no attribute "alpha".');
    expect(change('elu', {})).toBe('Node "sum" (Add) becomes elu, which takes a number as alpha.');
    expect(change('elu', { alpha: Number.NaN })).toBe('Node "sum" (Add) becomes elu, which takes a number as alpha.');
    expect(change('elu', { alpha: '1' })).toBe('Node "sum" (Add) becomes elu, which takes a number as alpha.');
    expect(change('softmax', { axis: 0.5 })).toBe('Node "sum" (Add) becomes softmax, which takes a whole number as axis.');
    expect(change('softmax', { axis: -0 })).toBe('Node "sum" (Add) becomes softmax, which takes a whole number as axis.');
    expect(change('cast', { to: 'float64' })).toBe('Node "sum" (Add) becomes cast, which takes an element type as to.');
    expect(change('gelu', { approximation: 'exact' })).toBe(
      'Node "sum" (Add) becomes gelu, which takes "none" or "tanh" as approximation.',
    );
    expect(change('reverse', { axes: [0, '1'] })).toBe(
      'Node "sum" (Add) becomes reverse, which takes a list of any number, each a whole number as axes.',
    );
    expect(change('reshape', { newShape: ['batch', 2] })).toBe(
      'Node "sum" (Add) becomes reshape, which takes a list of any number, each a size as newShape.',
    );
    expect(change('reduceSum', { axes: [0], keepDimensions: 1 })).toBe(
      'Node "sum" (Add) becomes reduceSum, which takes true or false as keepDimensions.',
    );
  });

  it('give what their op gives', () => {
    const type = { dataType: 'float32', shape: [openSize('batch'), 3] } as const;
    expect(refusal(withNode({ outputs: [value('y', type)] }))).toBe(
      'Node "sum" (Add) gives float32[batch, 2], but its outputs are said to be float32[batch, 3].',
    );
    expect(refusal(withNode({ outputs: [] }))).toBe('Node "sum" (Add) gives float32[batch, 2], but its outputs are said to be none.');
    expect(refusal(withNode({ outputs: [value('y', null)] }))).toBe(
      'Node "sum" (Add) gives float32[batch, 2], but its outputs are said to be ?.',
    );
  });

  it('take no value whose type only TF.js knows, but for TF.js itself', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', null);
    expect(refusalOf(() => builder.op('relu', [x], {}, origin)).message).toBe('Node "sum" (Add) takes "x", whose type only TF.js knows.');
    const attributes = { nodes: [{ any: 'thing' }], library: null, inputNames: ['x'], outputNames: ['y'] };
    const graph = builder.build(builder.opaque([x], attributes, origin, ['y']));
    verify(graph);
    const broken = { ...graph, nodes: [{ ...graph.nodes[0], attributes: { ...attributes, inputNames: 'x' } } as unknown as Node] };
    expect(refusal(broken)).toContain('becomes tfjsGraph, which takes a list of any number, each a text as inputNames');
  });

  it('have open sizes of the inputs only, or of the one node that decides them', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dataType: 'float32', shape: [openSize('batch')] });
    const reshaped = builder.op('reshape', [x], { newShape: [openSize('other')] }, origin);
    expect(refusal(builder.build([reshaped]))).toBe('Node "sum" (Add) has the open size "other", which no input has.');
    const second = new GraphBuilder();
    const y = second.input('y', { dataType: 'float32', shape: [openSize('batch')] });
    const places = second.op('nonzero', [y], { countName: 'hits' }, origin);
    verify(second.build([second.op('reshape', [places], { newShape: [openSize('hits')] }, origin)]));
    second.op('nonzero', [y], { countName: 'hits' }, origin);
    expect(refusal(second.build([]))).toBe('Node "sum" (Add) names the open size "hits", which there is already.');
    const third = new GraphBuilder();
    const z = third.input('z', { dataType: 'float32', shape: [openSize('batch')] });
    third.op('nonzero', [z], { countName: 'batch' }, origin);
    expect(refusal(third.build([]))).toBe('Node "sum" (Add) names the open size "batch", which there is already.');
  });
});
