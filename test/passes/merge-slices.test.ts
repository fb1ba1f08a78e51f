/** The pass that takes a part of a part at once. */
import { expect, it } from 'vitest';
import { openSize, subtract } from '../../src/graph/size.js';
import { mergeSlices } from '../../src/passes/merge-slices.js';
import { rewrittenLines, TestGraph } from '../fixtures/rewritten.js';

const batch = openSize('batch');

function parts(stride: number, isTakenTwice = false): string[] {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'float32', shape: [batch, 9] });
  const sizes = [subtract(batch, 1), 6];
  const inner = graph.node('inner', 'slice', [x], { starts: [1, 2], sizes, strides: [1, stride] });
  const y = graph.node('y', 'slice', [inner], { starts: [0, 1], sizes: [subtract(batch, 1), 2], strides: [1, 1] });
  return rewrittenLines(graph.build(isTakenTwice ? [y, inner] : [y]), mergeSlices).filter((line) => line.includes('slice'));
}

it('adds the starts', () => {
  expect(parts(1)).toEqual(['y: float32[batch - 1, 2] = slice(x, starts=[1,3], sizes=["batch - 1",2], strides=[1,1])']);
});

it('keeps a part that is taken twice, and one with a stride', () => {
  expect(parts(1, true)).toHaveLength(2);
  expect(parts(2)).toHaveLength(2);
});
