/** Graph files of our own: JSON and bytes that a packed folder or a cache may hold changed. */
import fc from 'fast-check';
import { sizeOf } from '../../../src/base/dtype.js';
import { isComputable, openReference } from '../../../src/engines/reference/interpreter.js';
import { type GraphFile, readGraph, writeGraph } from '../../../src/graph/file.js';
import type { Graph } from '../../../src/graph/graph.js';
import { OPS } from '../../../src/graph/ops/index.js';
import { evaluate, namesIn } from '../../../src/graph/size.js';
import { graphText } from '../../../src/graph/text.js';
import { randomFeeds, randomGraph } from '../../fixtures/random-graph.js';
import { changed, jsonPoison, stained } from '../mutation.js';
import { type Outcome, refusable, surface } from '../surface.js';

/** Larger values than this are not computed: that takes as long as it must. */
const MAX_ELEMENTS = 20_000;

const sound = fc.nat(2_000).map((seed) => writeGraph(randomGraph(seed)));

/** What belongs in a graph file, in the wrong places, besides everything else. */
const graphPoison: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: jsonPoison },
  { weight: 1, arbitrary: fc.constantFrom(...Object.keys(OPS), 'tfjsGraph', 'float16', 'int64', 'bool') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['batch', '2*batch', 'floor(batch/width)', 'max(batch, 3)', 'batch - width', 'ceil((batch + 1)/3)', '-7', '-0', 'Infinity'],
      ...[`${'(a+b)*'.repeat(90)}1`, `${'floor('.repeat(31)}a${'/2)'.repeat(31)}`, '9007199254740991*batch', 'floor(1/(batch - batch))'],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      [0],
      [1, 0],
      [-1],
      [2 ** 31],
      ['batch'],
      [[0]],
      { kind: 'uint8', scale: 1e300, min: 0 },
      { kind: 'int8', axis: 0 },
      { kind: 'int8', axis: 7 },
    ),
  },
);

/** Whether all values of a graph are small for these feeds, as far as that is known before it runs. */
function isSmall({ inputs, constants, nodes }: Graph): boolean {
  const names = new Set(
    [...inputs, ...nodes.flatMap(({ outputs }) => outputs)].flatMap(({ type }) => type?.shape ?? []).flatMap((size) => [...namesIn(size)]),
  );
  const sizes = new Map([...names].map((name) => [name, 6]));
  const values = [...inputs, ...constants.map(({ value }) => value), ...nodes.flatMap(({ outputs }) => outputs)];
  try {
    return values.every(({ type }) => sizeOf((type?.shape ?? []).map((size) => Math.max(evaluate(size, sizes), 1))) <= MAX_ELEMENTS);
  } catch {
    return false;
  }
}

/** Reads a graph; what is read is written as the same graph, and is computed. */
const read = (file: GraphFile): Promise<Outcome> =>
  refusable(() => {
    const graph = readGraph(file);
    const again = readGraph(writeGraph(graph));
    if (graphText(again) !== graphText(graph)) throw new Error('A graph that was read is written as another one.');
    if (isComputable(graph) && isSmall(graph)) openReference(graph).run(randomFeeds(graph, 1));
  });

export const graphFileJson = surface({
  name: 'graph-file-json',
  share: 100,
  inputs: sound.chain(({ json, bytes }) => changed(fc.constant(json), graphPoison).map((broken) => ({ json: broken, bytes }))),
  feed: read,
});

export const graphFileBytes = surface({
  name: 'graph-file-bytes',
  share: 30,
  inputs: stained(sound, ({ bytes }) => bytes).map(({ of, bytes }) => ({ json: of.json, bytes })),
  feed: read,
});
