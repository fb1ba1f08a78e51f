/** The pass that reshapes at once what is reshaped twice. */
import { expect, it } from 'vitest';
import { multiply, openSize } from '../../src/graph/size.js';
import { mergeReshapes } from '../../src/passes/merge-reshapes.js';
import { rewrittenLines, TestGraph } from '../fixtures/rewritten.js';

it('merges reshapes, also where another node takes what is between', () => {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'float32', shape: [2, 6] });
  const between = graph.node('between', 'reshape', [x], { newShape: [12] });
  const flat = graph.node('flat', 'reshape', [between], { newShape: [1, 12] });
  const y = graph.node('y', 'reshape', [flat], { newShape: [3, 4] });
  const z = graph.node('z', 'exp', [between], {});
  expect(rewrittenLines(graph.build([y, z]), mergeReshapes)).toEqual([
    'input x: float32[2, 6]',
    'between: float32[12] = reshape(x, newShape=[12])',
    'y: float32[3, 4] = reshape(x, newShape=[3,4])',
    'z: float32[12] = exp(between)',
    'output y, z',
  ]);
});

it('merges reshapes to open sizes', () => {
  const graph = new TestGraph();
  const batch = openSize('batch');
  const x = graph.input('x', { dataType: 'int32', shape: [batch, 4] });
  const flat = graph.node('flat', 'reshape', [x], { newShape: [multiply(batch, 4)] });
  const y = graph.node('y', 'reshape', [flat], { newShape: [batch, 2, 2] });
  expect(rewrittenLines(graph.build([y]), mergeReshapes)).toEqual([
    'input x: int32[batch, 4]',
    'y: int32[batch, 2, 2] = reshape(x, newShape=["batch",2,2])',
    'output y',
  ]);
});
