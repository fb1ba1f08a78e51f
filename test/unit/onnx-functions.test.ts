/** Functions that an ONNX file defines itself, as PyTorch's exporter writes them, against onnxruntime. */
import { describe, expect, it } from 'vitest';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { parseModel } from '../../src/formats/onnx/proto.js';
import { readOnnx } from '../../src/formats/onnx/read/read.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { verify } from '../../src/graph/verify.js';
import { type OnnxFunction, type OnnxGraph, type OnnxModelOptions, type OnnxNode, onnxModel } from '../fixtures/onnx.js';
import { onnxAnswers } from '../fixtures/onnxruntime.js';
import { floats } from '../fixtures/tensors.js';

const DOMAIN = 'pkg.onnxscript.torch_lib';

const node = (op: string, inputs: string, outputs: string, attributes: OnnxNode['attributes'] = {}, domain?: string): OnnxNode => ({
  ...{
    op,
    inputs: inputs
      .split(' ')
      .filter(Boolean)
      .map((name) => (name === '_' ? '' : name)),
    outputs: outputs.split(' '),
    attributes,
  },
  ...(domain !== undefined && { domain }),
});

const made = (
  name: string,
  inputs: string,
  outputs: string,
  nodes: readonly OnnxNode[],
  more: Partial<OnnxFunction> = {},
): OnnxFunction => ({
  ...{ name, domain: DOMAIN, inputs: inputs.split(' '), outputs: outputs.split(' '), nodes },
  ...more,
});

const X = floats([-2, -1, 0.5, 1, 2, 3], [2, 3]);

function read(graph: OnnxGraph, options: OnnxModelOptions) {
  const bytes = onnxModel(graph, options);
  const model = readOnnx(parseModel(bytes, 'model.onnx'), new Map(), 'model.onnx');
  verify(model.graph);
  return { ...model, bytes };
}

const graphOf = (nodes: readonly OnnxNode[], ...outputs: readonly string[]): OnnxGraph => ({
  ...{ nodes, inputs: [{ name: 'x', shape: [2, 3] }], outputs: outputs.map((name) => ({ name, shape: ['a', 'b'] })) },
});

/** Expects the outputs on the reference that onnxruntime gives. */
async function expectAnswers(graph: OnnxGraph, functions: readonly OnnxFunction[]): Promise<void> {
  const { graph: ours, bytes } = read(graph, { functions, domains: [DOMAIN] });
  const answers = openReference(ours).run(new Map([['x', X]]));
  const wanted = await onnxAnswers(bytes, new Map([['x', X]]));
  for (const [index, { name }] of graph.outputs.entries()) {
    const [got, value] = [answers.get(ours.outputs[index]?.name as string) as Tensor, wanted.get(name) as Tensor];
    expect(got.shape, name).toEqual(value.shape);
    for (const [at, each] of value.data.entries()) expect(got.data[at], name).toBeCloseTo(each, 5);
  }
}

describe('a function', () => {
  const leaky = made('leaky', 'a', 'r', [node('LeakyRelu', 'a', 'h', { alpha: { reference: 'slope', like: 1 } }), node('Neg', 'h', 'r')]);

  it('has the attributes of its call, under its own names for them', () =>
    expectAnswers(graphOf([node('leaky', 'x', 'y', { slope: 0.5 }, DOMAIN), node('leaky', 'y', 'z', { slope: 0.25 }, DOMAIN)], 'y', 'z'), [
      { ...leaky, attributes: ['slope'] },
    ]));

  it('has default attributes, and those of an op where neither has one', () =>
    expectAnswers(graphOf([node('leaky', 'x', 'y', {}, DOMAIN), node('leaky', 'x', 'z', { slope: 1 }, DOMAIN)], 'y', 'z'), [
      { ...leaky, defaults: { slope: 0.125 } },
    ]));

  it('calls others, whose names are their own', () => {
    const twice = made('twice', 'a', 'r', [node('Add', 'a a', 'h'), node('Identity', 'h', 'r')]);
    const calls = [node('twice', 'a', 'h', {}, DOMAIN), node('twice', 'h', 'g', {}, DOMAIN)];
    const sixfold = made('sixfold', 'a', 'r', [...calls, node('Add', 'g h', 'r')]);
    const nodes = [node('sixfold', 'x', 'h', {}, DOMAIN), node('Neg', 'h', 'y')];
    return expectAnswers(graphOf(nodes, 'y'), [twice, sixfold]);
  });

  it('has graphs of its own, which see its inputs', () => {
    const branches = {
      then_branch: { nodes: [node('Mul', 'a factor', 't')], outputs: [{ name: 't', shape: [2, 3] }] },
      else_branch: { nodes: [node('Neg', 'a', 'e')], outputs: [{ name: 'e', shape: [2, 3] }] },
    };
    const choose = made('choose', 'a', 'r', [
      node('Constant', '', 'factor', { value_float: 3 }),
      ...[node('ReduceSum', 'a', 'sum', { keepdims: 0n }), node('Constant', '', 'zero', { value_float: 0 })],
      ...[node('Greater', 'sum zero', 'c'), node('If', 'c', 'r', branches)],
    ]);
    const nodes = [node('choose', 'x', 'y', {}, DOMAIN), node('Neg', 'x', 'n'), node('choose', 'n', 'z', {}, DOMAIN)];
    return expectAnswers(graphOf(nodes, 'y', 'z'), [choose]);
  });

  it('hands on its inputs, lacks those that a call leaves out, and gives the outputs that a call names', () => {
    const clip = made('clip', 'a low high', 'r same', [node('Clip', 'a low high', 'r'), node('Identity', 'a', 'same')]);
    const nodes = [node('Constant', '', 'one', { value_float: 1 }), node('clip', 'x _ one', 'y z', {}, DOMAIN)];
    return expectAnswers(graphOf(nodes, 'y', 'z'), [clip]);
  });

  it('has ops of the versions that it names', () => {
    // Before opset 13, the axes from 1 on are one together.
    const softmax = (opset: number) => {
      const x = { name: 'x', shape: [1, 2, 2] };
      const functions = [made('rows', 'a', 'r', [node('Softmax', 'a', 'r')], { opset })];
      const { graph } = read({ nodes: [node('rows', 'x', 'y', {}, DOMAIN)], inputs: [x], outputs: [{ name: 'y' }] }, { functions });
      const [answer] = openReference(graph)
        .run(new Map([['x', floats([0, 0, 0, 0], [1, 2, 2])]]))
        .values();
      return [...(answer as Tensor).data];
    };
    expect(softmax(11)).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect(softmax(17)).toEqual([0.5, 0.5, 0.5, 0.5]);
  });

  it('gives its values the names that the call has for them', () => {
    const { graph } = read(graphOf([node('leaky', 'x', 'h', {}, DOMAIN), node('Relu', 'h', 'y')], 'y'), { functions: [leaky] });
    expect(graph.nodes.map(({ outputs, origin }) => [outputs[0]?.name, origin.op])).toEqual([
      [expect.stringMatching(/^leaky.*\/h$/), 'LeakyRelu'],
      ['h', 'Neg'],
      ['y', 'Relu'],
    ]);
  });
});

describe('refusals', () => {
  const refusal = (functions: readonly OnnxFunction[]) => () => read(graphOf([node('f', 'x', 'y', {}, DOMAIN)], 'y'), { functions });

  it('name the node in the function', () =>
    expect(refusal([made('f', 'a', 'r', [node('NoSuchOp', 'a', 'r')])])).toThrow(
      /^Node "f.*\/r" \(NoSuchOp\) is an op that Pannier does not read/,
    ));

  it('of a function that calls itself', () =>
    expect(refusal([made('f', 'a', 'r', [node('f', 'a', 'r', {}, DOMAIN)])])).toThrow(/calls functions more than 64 deep/));

  it('of functions that call others over and over', () => {
    const doubling = Array.from({ length: 30 }, (_, level) => {
      const name = level === 0 ? 'f' : `f${level}`;
      const next = (from: string, to: string) => (level === 29 ? node('Neg', from, to) : node(`f${level + 1}`, from, to, {}, DOMAIN));
      return made(name, 'a', 'r', [next('a', 'h'), next('h', 'r')]);
    });
    expect(refusal(doubling)).toThrow(/is one of more than 100000 nodes/);
  });

  it('of calls of a long function, of which little is needed', () => {
    const idle = Array.from({ length: 3_000 }, (_, index) => node('Relu', 'a', `idle${index}`));
    const calls = Array.from({ length: 40 }, (_, index) =>
      node('f', index === 0 ? 'x' : `h${index}`, index === 39 ? 'y' : `h${index + 1}`, {}, DOMAIN),
    );
    const functions = [made('f', 'a', 'r', [...idle, node('Neg', 'a', 'r')])];
    expect(() => read(graphOf(calls, 'y'), { functions })).toThrow(/is one of more than 100000 nodes/);
  });

  it('of an output that the function does not make', () =>
    expect(refusal([made('f', 'a', 'r', [node('Neg', 'a', 'other')])])).toThrow(/calls a function that does not give its output 0/));

  it('of a version of ops that is not known', () =>
    expect(refusal([made('f', 'a', 'r', [node('Neg', 'a', 'r')], { opset: 6 })])).toThrow(/calls a function of ONNX opset 6; 7 to 24/));
});
