/** The driver of passes: order, names, what it refuses, and where it stops. */
import { describe, expect, it } from 'vitest';
import type { TypedValue, Value } from '../../src/graph/graph.js';
import type { Pass } from '../../src/passes/pass.js';
import { PatchBuilder, replacing } from '../../src/passes/patch.js';
import { rewriteText } from '../../src/passes/rewrite-text.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { refusalOf } from '../fixtures/refusal.js';
import { linesOf, TestGraph } from '../fixtures/rewritten.js';

/** x, then `count` nodes neg0, neg1, …, of which the last is the output. */
function negations(count: number) {
  const graph = new TestGraph();
  let value = graph.input('x', { dataType: 'float32', shape: [2] });
  for (let index = 0; index < count; index++) value = graph.node(`neg${index}`, 'neg', [value], {});
  return graph.build([value]);
}

/** A pass that puts the node with the other op for a node with an op of one input. */
const becoming = (from: 'neg' | 'abs', to: 'neg' | 'abs', name = `${from} becomes ${to}`): Pass => ({
  name,
  rewrite({ op, inputs, outputs: [output], origin }, graph) {
    if (op !== from) return undefined;
    const patch = new PatchBuilder(graph);
    return patch.replace(output as Value, patch.op(to, inputs, {}, origin)).build();
  },
});

/** A pass that does what it is given at every `neg`. */
const atNeg = (rewrite: Pass['rewrite']): Pass => ({
  name: 'test',
  rewrite: (node, graph) => (node.op === 'neg' ? rewrite(node, graph) : undefined),
});

it('rewrites every place, keeps names and order, and leaves the given graph alone', () => {
  const graph = negations(3);
  const before = linesOf(graph);
  const { graph: result, rewrites } = runPasses(graph, [becoming('neg', 'abs')]);
  expect(linesOf(result)).toEqual(before.map((line) => line.replace('= neg', '= abs')));
  expect(linesOf(graph)).toEqual(before);
  expect(rewrites.map(({ number, pass, origin }) => [number, pass, origin.name])).toEqual([
    [1, 'neg becomes abs', 'neg0'],
    [2, 'neg becomes abs', 'neg1'],
    [3, 'neg becomes abs', 'neg2'],
  ]);
});

it('stops after so many rewrites', () => {
  for (const [stopAfter, wanted] of [
    [0, ['neg', 'neg', 'neg']],
    [2, ['abs', 'abs', 'neg']],
    [9, ['abs', 'abs', 'abs']],
  ] as const)
    expect(runPasses(negations(3), [becoming('neg', 'abs')], stopAfter).graph.nodes.map(({ op }) => op)).toEqual(wanted);
});

it('tells each rewrite', () => {
  const [first] = runPasses(negations(1), [becoming('neg', 'abs')]).rewrites;
  expect(rewriteText(first!)).toBe(`1 neg becomes abs at pannier neg "neg0"
  - neg0: float32[2] = neg(x)  # pannier neg "neg0"
  + neg0: float32[2] = abs(x)  # pannier neg "neg0"`);
});

it('runs the passes again until none finds anything', () => {
  // The first pass finds its pattern only after the second one.
  const pair: Pass = {
    name: 'drop double abs',
    rewrite({ op, inputs: [input], outputs: [output] }, graph) {
      return op === 'abs' && graph.producerOf(input)?.op === 'abs' ? replacing(output as Value, input as Value) : undefined;
    },
  };
  const { graph, rewrites } = runPasses(negations(3), [pair, becoming('neg', 'abs')]);
  expect(linesOf(graph)).toEqual(['input x: float32[2]', 'neg2: float32[2] = abs(x)', 'output neg2']);
  expect(rewrites.map(({ pass }) => pass)).toEqual([...Array(3).fill('neg becomes abs'), ...Array(2).fill('drop double abs')]);
});

it('refuses endless rewriting, and names the passes', () => {
  const { code, message, detail } = refusalOf(() => runPasses(negations(2), [becoming('neg', 'abs'), becoming('abs', 'neg')]));
  expect(code).toBe('model-format');
  expect(message).toBe(
    'Passes do not come to an end: after 61 rewrites of 2 nodes, "neg becomes abs" and "abs becomes neg" still find what to do, last at node "neg0" (neg). The model is not at fault; please report it.',
  );
  expect(detail['passes']).toEqual(['neg becomes abs', 'abs becomes neg']);
});

describe('a pass is refused', () => {
  const refusal = (pass: Pass, count = 2) => refusalOf(() => runPasses(negations(count), [pass])).message;
  const wrong = (problem: string) =>
    `Pass "test" is wrong: its rewrite (number 1) makes no graph. ${problem} The model is not at fault; please report it.`;

  it('whose patch changes nothing', () => {
    expect(refusal(atNeg(() => ({ constants: [], nodes: [], replaced: [] })))).toBe(
      wrong('Node "neg0" (neg) is said to be rewritten, but the graph stays as it is.'),
    );
  });

  it('whose value is of another type', () => {
    const pass = atNeg(({ inputs, outputs: [output], origin }, graph) => {
      const patch = new PatchBuilder(graph);
      return patch.replace(output as Value, patch.op('cast', inputs, { to: 'int32' }, origin)).build();
    });
    expect(refusal(pass)).toBe(wrong('Node "neg0" (neg) gives float32[2] as "neg0", for which int32[2] is put.'));
  });

  it('whose node takes what is made later, or itself', () => {
    const pass = atNeg(({ outputs: [output], origin }, graph) => {
      const patch = new PatchBuilder(graph);
      return patch.replace(output as Value, patch.op('neg', [output as Value], {}, origin)).build();
    });
    expect(refusal(pass)).toBe(wrong('Node "neg0" (neg) takes "neg0", which is not made before it.'));
  });

  it('whose value is made behind one that takes it', () => {
    const pass = atNeg((node, graph) => {
      const before = graph.producerOf(node.inputs[0]);
      return before && replacing(before.outputs[0] as Value, node.outputs[0] as Value);
    });
    expect(refusal(pass)).toBe(wrong('Node "neg1" (neg) takes "neg1", which is not made before it.'));
  });

  it('whose value is none of the graph', () => {
    const pass = atNeg(({ outputs: [output] }) => replacing(output as Value, { ...(output as TypedValue), name: 'elsewhere' }));
    expect(refusal(pass)).toBe(wrong('Node "neg0" (neg) makes way for "elsewhere", which is no value of the graph.'));
  });

  it('whose node says another type than its op gives', () => {
    const pass = atNeg((node) => ({
      constants: [],
      nodes: [{ ...node, outputs: [{ name: 'made', type: { dataType: 'float32', shape: [3] } }] } as never],
      replaced: [],
    }));
    expect(refusal(pass)).toBe(wrong('Node "neg0" (neg) gives float32[2], but its outputs are said to be float32[3].'));
  });

  it('whose name is taken', () => {
    const pass = atNeg((node) => ({ constants: [], nodes: [{ ...node }], replaced: [] }));
    expect(refusal(pass)).toBe(wrong('A pass makes a second value "neg0".'));
  });

  it('whose constant has not the bytes of its type', () => {
    const value: TypedValue = { name: 'w', type: { dataType: 'float32', shape: [2] } };
    const pass = atNeg(({ outputs: [output] }) => ({
      constants: [{ value, bytes: new Uint8Array(4), storage: { kind: 'plain' } }],
      nodes: [],
      replaced: [[output as Value, value]],
    }));
    expect(refusal(pass)).toBe(wrong('Constant "w" has 4 bytes; float32[2] takes 8.'));
  });

  it('that throws', () => {
    const pass = atNeg(() => {
      throw new Error('What should I do?');
    });
    expect(refusal(pass)).toBe(wrong('What should I do?'));
  });
});

it('puts new nodes where the pattern was found, however many there are', () => {
  // Each rewrite puts a node between two others, until no number lies between their positions.
  const graph = negations(2);
  let left = 70;
  const grow: Pass = {
    name: 'grow',
    rewrite({ op, inputs, outputs: [output], origin: { name } }, view) {
      if (op !== 'neg' || name !== 'neg1' || left-- <= 0) return undefined;
      const patch = new PatchBuilder(view);
      const origin = { format: 'pannier', op: 'neg', name: 'neg1' } as const;
      const inner = patch.op('abs', inputs, {}, { ...origin, name: 'inner' });
      return patch.replace(output as Value, patch.op('neg', [inner], {}, origin)).build();
    },
  };
  const { nodes } = runPasses(graph, [grow], 55).graph;
  expect(nodes.map(({ op }) => op)).toEqual(['neg', ...Array(55).fill('abs'), 'neg']);
});
