/** The pass that joins at once what is joined in several steps. */
import { expect, it } from 'vitest';
import { mergeConcats } from '../../src/passes/merge-concats.js';
import { rewrittenLines, TestGraph } from '../fixtures/rewritten.js';

/** A concat of x, y and x, of which the first two are joined before. */
function joined(axis: number, outer: readonly ('inner' | 'x')[], isOutput = false): string[] {
  const graph = new TestGraph();
  const [x, y] = ['x', 'y'].map((name) => graph.input(name, { dataType: 'float32', shape: [2, 2] }));
  const inner = graph.node('inner', 'concat', [x!, y!], { axis });
  const z = graph.node(
    'z',
    'concat',
    outer.map((name) => (name === 'x' ? x! : inner)),
    { axis: 0 },
  );
  return rewrittenLines(graph.build(isOutput ? [z, inner] : [z]), mergeConcats).filter((line) => line.includes('concat'));
}

it('joins along one axis in the order of the parts', () => {
  expect(joined(0, ['x', 'inner', 'x'])).toEqual(['z: float32[8, 2] = concat(x, x, y, x, axis=0)']);
});

it('keeps what is joined along another axis or taken twice', () => {
  expect(joined(1, ['inner'])).toHaveLength(2);
  expect(joined(0, ['inner', 'inner'])).toHaveLength(2);
  expect(joined(0, ['x', 'inner'], true)).toHaveLength(2);
});
