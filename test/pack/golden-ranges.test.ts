/** The whole numbers that a graph's inputs may hold, by what the graph does with them. */
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/graph/builder.js';
import type { DataType } from '../../src/graph/element-type.js';
import type { Origin, TypedValue, Value } from '../../src/graph/graph.js';
import { openSize, type Size } from '../../src/graph/size.js';
import { verify } from '../../src/graph/verify.js';
import { integerRange } from '../../src/pack/golden/ranges.js';

const origin: Origin = { format: 'pannier', op: 'Test', name: 'node' };

/** The range of the input of a graph that `use` builds. */
function rangeOf(
  use: (graph: GraphBuilder, input: TypedValue) => Value | readonly Value[],
  { dataType = 'int32' as DataType, shape = [1, 4] as readonly Size[], sizes = {} as Readonly<Record<string, number>> } = {},
) {
  const builder = new GraphBuilder();
  const input = builder.input('ids', { dataType, shape });
  const graph = builder.build([use(builder, input)].flat());
  verify(graph);
  return integerRange(graph, input, new Map(Object.entries(sizes)));
}

const tableOf = (graph: GraphBuilder, ...shape: number[]) =>
  graph.numbers('float32', Array<number>(shape.reduce((size, each) => size * each, 1)).fill(0.5), shape);
const gather = (graph: GraphBuilder, indices: Value, length = 10) =>
  graph.op('gather', [tableOf(graph, length, 2), indices], { axis: 0, batchDimensions: 0 }, origin);
const clamp = (graph: GraphBuilder, value: Value, min: number, max: number) => graph.op('clamp', [value], { min, max }, origin);
const cast = (graph: GraphBuilder, value: Value, to: DataType) => graph.op('cast', [value], { to }, origin);

describe('an index lies within its table', () => {
  it.each<[string, Parameters<typeof rangeOf>[0], number]>([
    ['gather', (graph, ids) => gather(graph, ids), 10],
    [
      'gather along another axis',
      (graph, ids) => graph.op('gather', [tableOf(graph, 3, 7), ids], { axis: 1, batchDimensions: 0 }, origin),
      7,
    ],
    ['gatherElements', (graph, ids) => graph.op('gatherElements', [tableOf(graph, 3, 7), ids], { axis: 1 }, origin), 7],
    // Rows of four indices: the shortest axis bounds them all.
    ['gatherND', (graph, ids) => graph.op('gatherND', [tableOf(graph, 5, 4, 3, 6), ids], { batchDimensions: 0 }, origin), 3],
    [
      'oneHot',
      (graph, ids) => graph.op('oneHot', [ids, graph.number('float32', 1), graph.number('float32', 0)], { axis: 2, depth: 9 }, origin),
      9,
    ],
    [
      'scatterND',
      (graph, ids) => graph.op('scatterND', [tableOf(graph, 5, 4, 3, 6), ids, tableOf(graph, 1)], { reduction: 'none' }, origin),
      3,
    ],
    [
      'scatterElements',
      (graph, ids) => graph.op('scatterElements', [tableOf(graph, 8, 4), ids, tableOf(graph, 1, 4)], { axis: 0, reduction: 'add' }, origin),
      8,
    ],
  ])('%s', (_op, use, length) => expect(rangeOf(use)).toEqual([0, length - 1]));

  it('of cropAndResize: the pictures', () => {
    const crop = (graph: GraphBuilder, ids: Value) =>
      graph.op(
        'cropAndResize',
        [tableOf(graph, 6, 2, 2, 1), tableOf(graph, 2, 4), ids],
        { cropSize: [1, 1], mode: 'linear', extrapolationValue: 0 },
        origin,
      );
    expect(rangeOf(crop, { shape: [2] })).toEqual([0, 5]);
  });

  it('whatever carries it there', () => {
    const carried = (graph: GraphBuilder, ids: Value) => {
      const wide = cast(graph, graph.op('identity', [ids], {}, origin), 'int64');
      const column = graph.op('transpose', [graph.op('reshape', [wide], { newShape: [2, 2] }, origin)], { permutation: [1, 0] }, origin);
      const more = graph.op('expand', [column], { newShape: [3, 2, 2] }, origin);
      const part = graph.op('slice', [more], { starts: [0, 0, 0], sizes: [2, 2, 1], strides: [1, 1, 1] }, origin);
      return gather(graph, graph.op('concat', [graph.numbers('int64', [0, 1], [1, 2, 1]), part], { axis: 0 }, origin), 30_522);
    };
    expect(rangeOf(carried)).toEqual([0, 30_521]);
  });

  it('of each table that it is used in', () => {
    expect(rangeOf((graph, ids) => [gather(graph, ids, 10), gather(graph, ids, 6), gather(graph, ids, 8)])).toEqual([0, 5]);
  });

  it('also where it is compared and returned, too', () => {
    const masked = (graph: GraphBuilder, ids: Value) => {
      const isPadding = graph.op('equal', [ids, graph.number('int32', 0)], {}, origin);
      return [gather(graph, ids), cast(graph, isPadding, 'float32'), ids];
    };
    expect(rangeOf(masked)).toEqual([0, 9]);
  });

  it('or counts from the end, as ONNX has it', () => {
    const wrapped = (graph: GraphBuilder, ids: Value) => {
      const isNegative = graph.op('lesser', [ids, graph.number('int32', 0)], {}, origin);
      const fromEnd = graph.op('add', [ids, graph.number('int32', 10)], {}, origin);
      return gather(graph, graph.op('where', [isNegative, fromEnd, ids], {}, origin));
    };
    expect(rangeOf(wrapped)).toEqual([0, 9]);
  });

  it('though it comes as a float', () => {
    expect(rangeOf((graph, ids) => gather(graph, cast(graph, ids, 'int32')), { dataType: 'float32' })).toEqual([0, 9]);
  });

  it('of an open size, which the sample decides', () => {
    const inBatch = (graph: GraphBuilder, ids: Value) => {
      const rows = graph.input('rows', { dataType: 'float32', shape: [openSize('rows'), 2] });
      return graph.op('gather', [rows, ids], { axis: 0, batchDimensions: 0 }, origin);
    };
    expect(rangeOf(inBatch, { sizes: { rows: 12 } })).toEqual([0, 11]);
    expect(rangeOf(inBatch)).toEqual([0, 0]);
  });
});

describe('a clip and a remainder have bounds', () => {
  it('of their own', () => {
    expect(rangeOf((graph, ids) => clamp(graph, ids, -3, 12))).toEqual([-3, 12]);
    expect(rangeOf((graph, ids) => graph.op('mod', [ids, graph.numbers('int32', [7, 5, 9, 8])], {}, origin))).toEqual([0, 4]);
  });
  it('and those of the table behind them', () => {
    expect(rangeOf((graph, ids) => gather(graph, clamp(graph, ids, 0, Number.POSITIVE_INFINITY)))).toEqual([0, 9]);
    expect(rangeOf((graph, ids) => gather(graph, clamp(graph, ids, 2, 99)))).toEqual([2, 9]);
    expect(rangeOf((graph, ids) => gather(graph, graph.op('mod', [ids, graph.number('int32', 4)], {}, origin)))).toEqual([0, 3]);
    const clipped = (graph: GraphBuilder, ids: Value) => gather(graph, cast(graph, clamp(graph, ids, -0.5, 4.5), 'int32'));
    expect(rangeOf(clipped, { dataType: 'float32' })).toEqual([0, 4]);
  });
});

describe('nothing bounds', () => {
  it.each<[string, Parameters<typeof rangeOf>[0], DataType?]>([
    ['a number that is added and multiplied', (graph, ids) => graph.op('mul', [ids, graph.op('add', [ids, ids], {}, origin)], {}, origin)],
    ['a number that is returned', (_graph, ids) => ids],
    ['a truth', (graph, ids) => cast(graph, ids, 'bool')],
    ['a clip of one side', (graph, ids) => clamp(graph, ids, 0, Number.POSITIVE_INFINITY)],
    ['bounds that contradict each other', (graph, ids) => gather(graph, clamp(graph, ids, 50, 60))],
    [
      'a remainder of another input',
      (graph, ids) => graph.op('mod', [ids, graph.input('by', { dataType: 'int32', shape: [] })], {}, origin),
    ],
    ['the divisor', (graph, ids) => graph.op('mod', [graph.number('int32', 7), ids], {}, origin)],
    ['the table', (graph, ids) => graph.op('gather', [ids, graph.numbers('int32', [0])], { axis: 0, batchDimensions: 0 }, origin)],
    ['a float that is clipped as activations are', (graph, x) => clamp(graph, x, 0, 6), 'float32'],
    ['a part that only TF.js knows', (graph, ids) => [gather(graph, ids), ...opaque(graph, ids)]],
  ])('%s', (_what, use, dataType = 'int32') => expect(rangeOf(use, { dataType })).toBeUndefined());

  it('an input of a graph as long as the packer takes it, however long that is', () => {
    const long = (graph: GraphBuilder, ids: Value) => {
      let value = ids;
      for (let count = 0; count < 20_000; count++) value = graph.op('identity', [value], {}, { ...origin, name: `step ${count}` });
      return [value, gather(graph, value)];
    };
    expect(rangeOf(long)).toEqual([0, 9]);
  });
});

const opaque = (graph: GraphBuilder, value: Value): readonly Value[] =>
  graph.opaque([value], { nodes: [], library: {}, inputNames: ['ids'], outputNames: ['size'] }, origin, ['size']);
