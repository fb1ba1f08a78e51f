/** Triangles of matrices. */
import type { NodeOf, Value } from '../../../graph/graph.js';
import { triangle } from '../kernels/triangle.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { elementCount, shapeOf } from './values.js';

export function lowerTriangular(node: NodeOf<'triangular'>, { kernels }: Lowering): Step {
  const [input] = node.inputs as readonly [Value];
  const [rows, columns] = shapeOf(input).slice(-2) as [number, number];
  const { upper, diagonal } = node.attributes;
  const run = triangle(kernels, { matrices: elementCount(input) / (rows * columns), rows, columns, isUpper: upper, diagonal });
  return plainStep(node, { mayReplace: [input], write: ({ body }, [from], [to]) => body.call(run, from, to) });
}
