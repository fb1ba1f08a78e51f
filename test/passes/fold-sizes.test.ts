/** The pass that computes with sizes when the model is packed. */
import { expect, it } from 'vitest';
import type { TypedValue } from '../../src/graph/graph.js';
import { openSize } from '../../src/graph/size.js';
import { foldSizes } from '../../src/passes/fold-sizes.js';
import { removeDeadCode } from '../../src/passes/remove-dead-code.js';
import { rewrittenLines, TestGraph } from '../fixtures/rewritten.js';

const [batch, width] = [openSize('batch'), openSize('width')];

/** The nodes of a graph that computes with the sizes `batch`, `width` and 3. */
function computed(compute: (graph: TestGraph, sizes: TypedValue) => TypedValue): string[] {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'float32', shape: [batch, width] });
  const sizes = graph.node('sizes', 'sizes', [], { values: [batch, width, 3], dataType: 'int32' });
  const outputs = [graph.node('taken', 'neg', [x], {}), compute(graph, sizes)];
  const lines = rewrittenLines(graph.build(outputs), foldSizes, removeDeadCode);
  return lines.filter((line) => !/^(input|output|taken)/.test(line));
}

const one = { starts: [1], sizes: [1], strides: [1] };

it('computes elementwise, with one number or as many as there are sizes', () => {
  expect(computed((graph, sizes) => graph.node('y', 'mul', [sizes, graph.number('int32', 2)], {}))).toEqual([
    'y: int32[3] = sizes(values=["2*batch","2*width",6], dataType="int32")',
  ]);
  expect(computed((graph, sizes) => graph.node('y', 'floorDiv', [sizes, graph.numbers('int32', [1, 2, 4])], {}))).toEqual([
    'y: int32[3] = sizes(values=["batch","floor(width/2)",0], dataType="int32")',
  ]);
});

it('has no size of an empty list and one size', () => {
  const sum = computed((graph, sizes) =>
    graph.node('y', 'add', [graph.numbers('int32', []), graph.node('part', 'slice', [sizes], one)], {}),
  );
  expect(sum).toEqual(['constant y: int32[0]']);
});

it('follows a chain to one number without axes', () => {
  const chain = computed((graph, sizes) => {
    const part = graph.node('part', 'slice', [sizes], one);
    const scalar = graph.node('scalar', 'reshape', [part], { newShape: [] });
    const more = graph.node('more', 'add', [scalar, graph.number('int32', 1)], {});
    return graph.node('y', 'cast', [more], { to: 'int64' });
  });
  expect(chain.map((line) => line.replace(/^\w+/, ''))).toEqual([
    ': int64[1] = sizes(values=["width + 1"], dataType="int64")',
    expect.stringMatching(/^: int64\[\] = reshape\(y_?\d*, newShape=\[\]\)$/),
  ]);
});

it('joins, picks, adds and multiplies', () => {
  expect(
    computed((graph, sizes) => {
      const picked = graph.node('picked', 'gather', [sizes, graph.numbers('int32', [2, 0])], { axis: 0, batchDimensions: 0 });
      const total = graph.node('total', 'reduceProduct', [sizes], { axes: [0], keepDimensions: true });
      const sum = graph.node('sum', 'reduceSum', [picked], { axes: [0], keepDimensions: true });
      return graph.node('y', 'concat', [picked, total, sum], { axis: 0 });
    }),
  ).toEqual(['y: int32[4] = sizes(values=[3,"batch","3*batch*width","batch + 3"], dataType="int32")']);
});

it('becomes a constant where no size is open', () => {
  const lines = computed((graph, sizes) => graph.node('y', 'slice', [sizes], { ...one, starts: [2] }));
  expect(lines).toEqual(['constant y: int32[1]']);
});

it('leaves what is no computation of sizes', () => {
  const isLeft = (compute: (graph: TestGraph, sizes: TypedValue) => TypedValue, op: string) =>
    expect(computed(compute).some((line) => line.includes(`= ${op}(`))).toBe(true);
  isLeft((graph, sizes) => graph.node('y', 'cast', [sizes], { to: 'float32' }), 'cast');
  isLeft((graph, sizes) => graph.node('y', 'div', [sizes, graph.number('int32', 2)], {}), 'div');
  isLeft((graph, sizes) => graph.node('y', 'mul', [sizes, graph.number('int32', 1e6)], {}), 'mul');
  isLeft((graph, sizes) => graph.node('y', 'slice', [sizes], { starts: [0], sizes: [2], strides: [2] }), 'slice');
  // Both have three elements, and their sum has nine.
  isLeft((graph, sizes) => graph.node('y', 'add', [sizes, graph.node('column', 'reshape', [sizes], { newShape: [3, 1] })], {}), 'add');
});
