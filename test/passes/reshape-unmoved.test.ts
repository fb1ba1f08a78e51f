/** The pass that reshapes where another op would keep the order of the elements. */
import { expect, it } from 'vitest';
import type { OpAttributes, OpName } from '../../src/graph/ops/index.js';
import { openSize } from '../../src/graph/size.js';
import type { Shape } from '../../src/graph/tensor.js';
import { reshapeUnmoved } from '../../src/passes/reshape-unmoved.js';
import { rewrittenLines, TestGraph } from '../fixtures/rewritten.js';

/** The only node after the pass. */
function node<Name extends OpName>(op: Name, shape: Shape, attributes: OpAttributes[Name]): string | undefined {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'float32', shape });
  return rewrittenLines(graph.build([graph.node('y', op, [x], attributes)]), reshapeUnmoved)[1];
}

const batch = openSize('batch');

it('reshapes where axes of one element change places', () => {
  expect(node('transpose', [batch, 1, 3], { permutation: [1, 0, 2] })).toBe('y: float32[1, batch, 3] = reshape(x, newShape=[1,"batch",3])');
  expect(node('transpose', [2, 1, 3], { permutation: [2, 0, 1] })).toBe('y: float32[3, 2, 1] = transpose(x, permutation=[2,0,1])');
});

it('reshapes where axes of one element come', () => {
  expect(node('expand', [batch, 3], { newShape: [1, batch, 3] })).toBe('y: float32[1, batch, 3] = reshape(x, newShape=[1,"batch",3])');
  expect(node('expand', [3], { newShape: [2, 3] })).toBe('y: float32[2, 3] = expand(x, newShape=[2,3])');
});

it('reshapes where axes of one element are reduced', () => {
  expect(node('reduceMean', [batch, 1, 1, 3], { axes: [1, 2], keepDimensions: false })).toBe(
    'y: float32[batch, 3] = reshape(x, newShape=["batch",3])',
  );
  expect(node('reduceMean', [batch, 1, 2, 3], { axes: [1, 2], keepDimensions: false })).toContain('reduceMean');
  expect(node('reduceL2', [batch, 1, 3], { axes: [1], keepDimensions: false })).toContain('reduceL2');
});
