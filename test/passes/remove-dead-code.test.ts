/** The pass that removes nodes on which no output depends. */
import { expect, it } from 'vitest';
import { openSize } from '../../src/graph/size.js';
import { removeDeadCode } from '../../src/passes/remove-dead-code.js';
import { rewrite, rewrittenLines, TestGraph } from '../fixtures/rewritten.js';

const float32 = (...shape: number[]) => ({ dataType: 'float32', shape }) as const;

it('removes what no output needs, with its constants, and keeps inputs', () => {
  const graph = new TestGraph();
  const [x, unused] = [graph.input('x', float32(2)), graph.input('unused', float32(2))];
  const weight = graph.numbers('float32', [1, 2]);
  const sum = graph.node('sum', 'add', [unused, weight], {});
  graph.node('dead', 'exp', [sum], {});
  const y = graph.node('y', 'exp', [x], {});
  const { graph: result, rewrites } = rewrite(graph.build([y]), removeDeadCode);
  expect(result.nodes.map(({ op }) => op)).toEqual(['exp']);
  expect(result.inputs.map(({ name }) => name)).toEqual(['x', 'unused']);
  expect(result.constants).toEqual([]);
  // One rewrite: what the dead node alone needed goes with it.
  expect(rewrites.map(({ removed }) => removed.map(({ op }) => op))).toEqual([['exp', 'add']]);
});

it('keeps a node whose values decide a size that something has', () => {
  const graph = new TestGraph();
  const x = graph.input('x', float32(4));
  const places = graph.node('places', 'nonzero', [x], { countName: 'count' });
  const dead = graph.node('dead', 'nonzero', [x], { countName: 'other' });
  graph.node('alsoDead', 'neg', [dead], {});
  graph.node('placesToo', 'identity', [places], {});
  const y = graph.node('y', 'sizes', [], { values: [openSize('count')], dataType: 'int32' });
  expect(rewrittenLines(graph.build([y]), removeDeadCode)).toEqual([
    'input x: float32[4]',
    'places: int32[count, 1] = nonzero(x, countName="count")',
    'y: int32[1] = sizes(values=["count"], dataType="int32")',
    'output y',
  ]);
});
