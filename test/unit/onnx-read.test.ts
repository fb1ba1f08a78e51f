/** The reader of ONNX models: what is not an op's arithmetic, which ONNX's own tests hold (onnx-conformance.test.ts). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { parseModel } from '../../src/formats/onnx/proto.js';
import { IMPORTERS } from '../../src/formats/onnx/read/importers.js';
import { type OnnxModel, readOnnx } from '../../src/formats/onnx/read/read.js';
import type { ExternalFiles } from '../../src/formats/onnx/tensor.js';
import { nodeError } from '../../src/graph/node-error.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { typeText } from '../../src/graph/tensor.js';
import { graphText } from '../../src/graph/text.js';
import { verify } from '../../src/graph/verify.js';
import { bytesOf, type OnnxGraph, type OnnxNode, onnxModel } from '../fixtures/onnx.js';
import { floats } from '../fixtures/tensors.js';

const read = (graph: OnnxGraph, { opset = 17, files = new Map() }: { opset?: number; files?: ExternalFiles } = {}): OnnxModel => {
  const model = readOnnx(parseModel(onnxModel(graph, { opset }), 'model.onnx'), files, 'model.onnx');
  verify(model.graph);
  return model;
};

const node = (op: string, inputs: string, outputs: string, attributes: OnnxNode['attributes'] = {}): OnnxNode => ({
  op,
  inputs: inputs === '' ? [] : inputs.split(' '),
  outputs: outputs.split(' '),
  name: `${outputs.split(' ')[0]}/${op}`,
  attributes,
});

const ops = ({ graph }: OnnxModel): readonly string[] => graph.nodes.map(({ op }) => op);

function answer({ graph }: OnnxModel, feeds: Readonly<Record<string, Tensor>>): readonly number[] {
  const [output] = openReference(graph)
    .run(new Map(Object.entries(feeds)))
    .values();
  return [...(output as Tensor).data];
}

const X = { name: 'x', shape: [2, 3] };
const Y = { name: 'y' };

describe('values', () => {
  it('have the names of their tensors, and nodes say where they come from', () => {
    const { graph } = read({ nodes: [node('Relu', 'x', 'h'), node('Neg', 'h', 'y')], inputs: [X], outputs: [Y] });
    expect(graph.nodes.map(({ outputs: [value], origin }) => [value?.name, origin])).toEqual([
      ['h', { format: 'onnx', op: 'Relu', name: 'h/Relu' }],
      ['y', { format: 'onnx', op: 'Neg', name: 'y/Neg' }],
    ]);
  });

  it('are weights of the file, of a file beside it, and of nodes', () => {
    const nodes = [
      node('Constant', '', 'c', { value: { dims: [], values: [7], type: 'int64' } }),
      node('Cast', 'c', 'f', { to: 1n }),
      node('Add', 'x a', 's'),
      node('Add', 's b', 't'),
      node('Mul', 't f', 'y'),
    ];
    const initializers = {
      a: { dims: [3], values: [1, 2, 3] },
      b: { dims: [1], values: [], external: { location: 'weights.bin', offset: 4, length: 4 } },
    };
    const files = new Map([['weights.bin', bytesOf([100, 10], 'float32')]]);
    const model = read({ nodes, inputs: [{ name: 'x', shape: [3] }], outputs: [Y], initializers }, { files });
    expect(answer(model, { x: floats([0, 0, 0], [3]) })).toEqual([77, 84, 91]);
  });

  it('of float16 and of int64 up to the end', () => {
    const initializers = {
      half: { dims: [3], values: [0x3c00, 0xc000, 0x3555], type: 'float16' as const },
      start: { dims: [1], values: [-2], type: 'int64' as const },
      // Exporters write the greatest int64 for the end, which float64 does not hold.
      end: { dims: [1], values: [2 ** 62], type: 'int64' as const },
    };
    const nodes = [node('Slice', 'half start end', 's'), node('Cast', 's', 'y', { to: 1n })];
    const model = read({ nodes, outputs: [Y], initializers });
    expect(answer(model, {})).toEqual([-2, 0.333251953125]);
  });

  it('of which nothing is needed are not read', () => {
    const nodes = [node('Relu', 'x', 'y'), node('NoSuchOp', 'x', 'z')];
    expect(ops(read({ nodes, inputs: [X], outputs: [Y] }))).toEqual(['relu']);
  });
});

describe('sizes', () => {
  it('keep their names, and chains from a shape to a reshape leave no node', () => {
    const nodes = [
      node('Shape', 'x', 'shape'),
      node('Gather', 'shape zero', 'batch'),
      node('Unsqueeze', 'batch axes', 'list'),
      node('Mul', 'list two', 'twice'),
      node('Concat', 'twice rest', 'sizes', { axis: 0n }),
      node('Reshape', 'x sizes', 'y'),
    ];
    const whole = (dims: readonly number[], values: readonly number[]) => ({ dims, values, type: 'int64' as const });
    const initializers = { zero: whole([], [0]), axes: whole([1], [0]), two: whole([1], [2]), rest: whole([1], [-1]) };
    const model = read({ nodes, inputs: [{ name: 'x', shape: ['N', 8, 'seq.len'] }], outputs: [Y], initializers });
    expect(ops(model)).toEqual(['reshape']);
    expect(typeText(model.graph.inputs[0]?.type ?? null)).toBe('float32[N, 8, seq_len]');
    expect(typeText(model.graph.outputs[0]?.type ?? null)).toBe('float32[2*N, 4*seq_len]');
    expect(model.ends.inputs[0]?.shape).toEqual([null, 8, null]);
  });

  it('that a comparison chooses are followed, as torch.expand is exported', () => {
    const whole = (values: readonly number[]) => ({ dims: [values.length], values, type: 'int64' as const });
    const nodes = [
      node('Shape', 'x', 'shape'),
      node('ConstantOfShape', 'rank', 'ones', { value: whole([1]) }),
      node('Mul', 'ones minus', 'minus1'),
      node('Equal', 'wanted minus1', 'open'),
      node('Where', 'open ones wanted', 'sizes'),
      node('Expand', 'x sizes', 'y'),
    ];
    const initializers = { rank: whole([2]), minus: whole([-1]), wanted: whole([-1, 5]) };
    const model = read({ nodes, inputs: [{ name: 'x', shape: ['N', 1] }], outputs: [Y], initializers });
    expect(ops(model)).toEqual(['expand']);
    expect(typeText(model.graph.outputs[0]?.type ?? null)).toBe('float32[N, 5]');
  });
});

describe('paddings', () => {
  it('are turned as torch.nn.functional.pad is exported', () => {
    const whole = (values: readonly number[], dims: readonly number[] = [values.length]) => ({ dims, values, type: 'int64' as const });
    const nodes = [
      node('ConstantOfShape', 'missing', 'zeros', { value: whole([0]) }),
      node('Concat', 'given zeros', 'all', { axis: 0n }),
      node('Reshape', 'all table', 'pairs'),
      node('Slice', 'pairs last before first back', 'turned'),
      node('Transpose', 'turned', 'sides', { perm: [1n, 0n] }),
      node('Reshape', 'sides list', 'pads'),
      node('Pad', 'x pads', 'y'),
    ];
    const initializers = {
      ...{ missing: whole([2]), given: whole([1, 2]), table: whole([-1, 2]), list: whole([-1]) },
      ...{ last: whole([-1]), before: whole([-(2 ** 62)]), first: whole([0]), back: whole([-1]) },
    };
    const model = read({ nodes, inputs: [X], outputs: [Y], initializers });
    expect(ops(model)).toEqual(['pad']);
    expect(typeText(model.graph.outputs[0]?.type ?? null)).toBe('float32[2, 6]');
    expect(answer(model, { x: floats([1, 2, 3, 4, 5, 6], [2, 3]) })).toEqual([0, 1, 2, 3, 0, 0, 0, 4, 5, 6, 0, 0]);
  });
});

describe('convolutions', () => {
  it('have channels last between two transposes, and a filter that was turned when it was read', () => {
    const initializers = { w: { dims: [1, 2, 1, 1], values: [1, 10] } };
    const model = read({
      nodes: [node('Conv', 'x w', 'y')],
      inputs: [{ name: 'x', shape: ['N', 2, 'H', 'W'] }],
      outputs: [Y],
      initializers,
    });
    expect(ops(model)).toEqual(['transpose', 'conv2d', 'transpose']);
    expect(model.graph.constants.map(({ value }) => typeText(value.type))).toEqual(['float32[1, 1, 2, 1]']);
    expect(answer(model, { x: floats([1, 2, 3, 4], [1, 2, 1, 2]) })).toEqual([31, 42]);
  });

  it('keep a filter that an Identity hands on', () => {
    const nodes = [node('Identity', 'w', 'shared'), node('Conv', 'x shared', 'y')];
    const initializers = { w: { dims: [1, 2, 1, 1], values: [1, 10] } };
    const model = read({ nodes, inputs: [{ name: 'x', shape: [1, 2, 1, 2] }], outputs: [Y], initializers });
    expect(ops(model)).toEqual(['transpose', 'conv2d', 'transpose']);
  });
});

describe('branches', () => {
  const branches = {
    then_branch: { nodes: [node('Relu', 'x', 'r')], outputs: [{ name: 'r' }] },
    else_branch: { nodes: [node('Neg', 'x', 'r')], outputs: [{ name: 'r' }] },
  };

  it('that a constant chooses stand in the graph', () => {
    const nodes = [node('Constant', '', 'c', { value: { dims: [], values: [0], type: 'bool' } }), node('If', 'c', 'y', branches)];
    expect(ops(read({ nodes, inputs: [X], outputs: [Y] }))).toEqual(['neg']);
  });

  it('that an input chooses both run', () => {
    const model = read({ nodes: [node('If', 'c', 'y', branches)], inputs: [X, { name: 'c', type: 'bool' }], outputs: [Y] });
    const x = floats([1, -2, 3, -4, 5, -6], [2, 3]);
    const feeds = (value: number) => ({ x, c: { dataType: 'bool', shape: [], data: Uint8Array.of(value) } as const });
    expect(answer(model, feeds(1))).toEqual([1, 0, 3, 0, 5, 0]);
    expect(answer(model, feeds(0))).toEqual([-1, 2, -3, 4, -5, 6]);
  });

  it('that a size chooses stand in the graph, in each other, too', () => {
    const whole = (values: readonly number[]) => ({ dims: [values.length], values, type: 'int64' as const });
    // The form in which torch exports squeeze(-1), and the question whether a state was given.
    const squeeze = {
      then_branch: { nodes: [node('Squeeze', 'x last', 's')], outputs: [{ name: 's' }] },
      else_branch: { nodes: [node('Identity', 'x', 's')], outputs: [{ name: 's' }] },
    };
    const given = {
      then_branch: {
        nodes: [node('Gather', 'shape last', 'size'), node('Equal', 'size one', 'isOne'), node('If', 'isOne', 's2', squeeze)],
        outputs: [{ name: 's2' }],
      },
      else_branch: { nodes: [node('NoSuchOp', 'x', 's2')], outputs: [{ name: 's2' }] },
    };
    const nodes = [
      ...[node('Shape', 'x', 'shape'), node('Size', 'x', 'count'), node('Equal', 'count zero', 'isEmpty'), node('Not', 'isEmpty', 'has')],
      ...[node('Cast', 'has', 'isGiven', { to: 9n }), node('If', 'isGiven', 'y', given)],
    ];
    const initializers = { last: whole([-1]), one: whole([1]), zero: { ...whole([0]), dims: [] } };
    const model = (shape: readonly number[]) => read({ nodes, inputs: [{ name: 'x', shape }], outputs: [Y], initializers }).graph;
    expect(typeText(model([2, 3, 1]).outputs[0]?.type ?? null)).toBe('float32[2, 3]');
    expect(typeText(model([2, 1, 3]).outputs[0]?.type ?? null)).toBe('float32[2, 1, 3]');
  });

  it('of other ranks are refused, by the input or the sizes that choose', () => {
    const ranks = {
      then_branch: { nodes: [node('Squeeze', 'x axes', 'r')], outputs: [{ name: 'r' }] },
      else_branch: { nodes: [node('Neg', 'x', 'r')], outputs: [{ name: 'r' }] },
    };
    const initializers = {
      axes: { dims: [1], values: [0], type: 'int64' as const },
      one: { dims: [], values: [1], type: 'int64' as const },
    };
    const x = { name: 'x', shape: [1, 'length'] };
    const byInput = {
      nodes: [node('Equal', 'mode one', 'c'), node('If', 'c', 'y', ranks)],
      ...{ inputs: [x, { name: 'mode', type: 'int64' as const }], outputs: [Y], initializers },
    };
    expect(() => read(byInput)).toThrow(
      /^Node "y\/If" \(If\) has a condition on input "mode" \(say its value, .*--constant mode=NUMBER\), and branches that give float32\[length\] and float32\[1, length\]\. /,
    );
    const bySize = {
      nodes: [node('Size', 'x', 'count'), node('Equal', 'count one', 'c'), node('If', 'c', 'y', ranks)],
      ...{ inputs: [x], outputs: [Y], initializers },
    };
    expect(() => read(bySize)).toThrow(/\(If\) has a condition on open sizes \(say them: --shape NAME=1,512\), and branches that give/);
    const unread = { ...ranks, then_branch: { nodes: [node('NoSuchOp', 'x', 'r')], outputs: [{ name: 'r' }] } };
    expect(() => read({ ...byInput, nodes: [node('Equal', 'mode one', 'c'), node('If', 'c', 'y', unread)] })).toThrow(
      /on input "mode" .*, and a branch that is refused: Node "r\/NoSuchOp" \(NoSuchOp\) is an op that Pannier does not read\. \(/,
    );
  });
});

describe('indices', () => {
  it('below 0 count from the end, constant ones and computed ones', () => {
    const initializers = { i: { dims: [2], values: [-1, 0], type: 'int64' as const } };
    const fixed = read({ nodes: [node('Gather', 'x i', 'y', { axis: 1n })], inputs: [X], outputs: [Y], initializers });
    expect(ops(fixed)).toEqual(['gather']);
    const x = floats([1, 2, 3, 4, 5, 6], [2, 3]);
    expect(answer(fixed, { x })).toEqual([3, 1, 6, 4]);
    const given = read({ nodes: [node('Gather', 'x i', 'y')], inputs: [X, { name: 'i', type: 'int64', shape: [1] }], outputs: [Y] });
    expect(answer(given, { x, i: { dataType: 'int64', shape: [1], data: Float64Array.of(-2) } })).toEqual([1, 2, 3]);
  });
});

it('the error of a node is one line, whatever an attribute holds', () => {
  const { message } = nodeError({ format: 'onnx', op: 'Resize', name: 'a' }, 'has the mode "cu\u0000b\u2028ic"');
  expect(message).toMatch(/^Node "a" \(Resize\) has the mode "cu b ic"\./);
});

describe('refusals', () => {
  const refusal = (graph: OnnxGraph, options: Parameters<typeof read>[1] = {}): string => {
    try {
      read(graph, options);
    } catch (thrown) {
      return (thrown as Error).message;
    }
    return 'nothing was refused';
  };

  it.each<[string, OnnxGraph, Parameters<typeof read>[1], RegExp]>([
    [
      'an op that is not read',
      { nodes: [node('NoSuchOp', 'x', 'y')], inputs: [X], outputs: [Y] },
      {},
      /^Node "y\/NoSuchOp" \(NoSuchOp\) is an op that Pannier does not read\./,
    ],
    [
      'an op of another domain',
      { nodes: [{ ...node('Fancy', 'x', 'y'), domain: 'com.example' }], inputs: [X], outputs: [Y] },
      {},
      /\(com\.example\.Fancy\) is an op that/,
    ],
    ['an old opset', { nodes: [node('Relu', 'x', 'y')], inputs: [X], outputs: [Y] }, { opset: 6 }, /is of ONNX opset 6; 7 to 24 are known/],
    ['a new opset', { nodes: [node('Relu', 'x', 'y')], inputs: [X], outputs: [Y] }, { opset: 25 }, /opset 25/],
    [
      'a node before the one that it takes',
      { nodes: [node('Relu', 'h', 'y'), node('Neg', 'x', 'h')], inputs: [X], outputs: [Y] },
      {},
      /takes "h", which is not made before it/,
    ],
    ['an output that no node makes', { nodes: [], inputs: [X], outputs: [Y] }, {}, /has the output "y", which no node makes/],
    [
      'float64',
      { nodes: [node('Relu', 'x', 'y')], inputs: [{ name: 'x', type: 'float64', shape: [2] }], outputs: [Y] },
      {},
      /Input "x" is float64/,
    ],
    [
      'sizes that values decide',
      { nodes: [node('Reshape', 'x s', 'y')], inputs: [X, { name: 's', type: 'int64', shape: [2] }], outputs: [Y] },
      {},
      /Node "y\/Reshape" \(Reshape\) takes sizes that are computed while the model runs/,
    ],
    [
      'a name that is more than one line',
      { nodes: [node('Re\nlu', 'x', 'y')], inputs: [X], outputs: [Y] },
      {},
      /^An ONNX model has a name or an attribute with control characters in its text\./,
    ],
    [
      'a weight with other axes than the op puts in another order',
      {
        nodes: [node('Gemm', 'x w', 'y', { transB: 1n })],
        inputs: [{ name: 'x', shape: [2, 2] }],
        outputs: [Y],
        initializers: { w: { dims: [2], values: [1, 2] } },
      },
      {},
      /^Node "y\/Gemm" \(Gemm\) becomes transpose, which has axes \[1, 0\], which do not fit the shape \[2\]/,
    ],
    [
      'a name that every object has',
      { nodes: [node('Relu', '__proto__', 'y')], inputs: [{ name: '__proto__', shape: [2] }], outputs: [Y] },
      {},
      /An input is "__proto__", which every JavaScript object has/,
    ],
    [
      'a file that is not there',
      {
        nodes: [node('Add', 'x w', 'y')],
        inputs: [X],
        outputs: [Y],
        initializers: { w: { dims: [3], values: [], external: { location: 'lost.bin' } } },
      },
      {},
      /Tensor "w" lies in the file "lost\.bin", which is not beside the model/,
    ],
    [
      'bytes beyond a file',
      {
        nodes: [node('Add', 'x w', 'y')],
        inputs: [X],
        outputs: [Y],
        initializers: { w: { dims: [3], values: [], external: { location: 'a', offset: 8, length: 12 } } },
      },
      { files: new Map([['a', new Uint8Array(16)]]) },
      /lies at 8 of "a" with 12 bytes; the file has 16/,
    ],
    [
      'bytes that are too few',
      { nodes: [node('Add', 'x w', 'y')], inputs: [X], outputs: [Y], initializers: { w: { dims: [3], values: [1] } } },
      {},
      /Tensor "w" is float32\[3\], which 3 numbers make, but has 4 bytes/,
    ],
  ])('%s', (_, graph, options, message) => {
    expect(refusal(graph, options)).toMatch(message);
  });

  it('a file that is cut, whatever is left of it', () => {
    const bytes = onnxModel({
      nodes: [node('Add', 'x w', 'y')],
      inputs: [X],
      outputs: [Y],
      initializers: { w: { dims: [3], values: [1, 2, 3] } },
    });
    for (let length = 0; length < bytes.length; length++) {
      const cut = () => readOnnx(parseModel(bytes.slice(0, length), 'cut.onnx'), new Map(), 'cut.onnx');
      expect(cut).toThrow(expect.objectContaining({ code: 'model-format' }));
    }
  });

  it('graphs that lie too deep in each other', () => {
    const nest = (depth: number): OnnxGraph =>
      depth === 0
        ? { nodes: [node('Neg', 'x', 'y')], outputs: [Y] }
        : { nodes: [node('If', 'c', 'y', { then_branch: nest(depth - 1) })], outputs: [Y] };
    expect(refusal(nest(20))).toMatch(/graphs that lie more than 16 deep in each other/);
  });
});

it('dumps as text', () => {
  const { graph } = read({ nodes: [node('Softmax', 'x', 'y')], inputs: [X], outputs: [Y] });
  expect(graphText(graph)).toContain('softmax');
});

it('reads the ops that docs/formats.md lists', () => {
  const [, list = ''] = /<!-- ops -->\n([\s\S]*?)<!-- \/ops -->/.exec(readFileSync('docs/formats.md', 'utf8')) ?? [];
  // These need no importer: a constant is no node, and a shape becomes sizes.
  const ops = [...Object.keys(IMPORTERS), 'Constant', 'Shape', 'Size'].sort();
  expect(list.match(/[\w.]+/g)).toEqual(ops);
});
