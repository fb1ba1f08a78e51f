/** Ops that compute element by element, without a kernel before them. */
import type { Node, Value } from '../../../graph/graph.js';
import { elementwise } from '../kernels/elementwise.js';
import { broadcastStrides, rowMajor } from '../kernels/loops.js';
import type { Lowering, Step } from './step.js';
import { operandsOf, type Term, termName, writeTerm } from './term.js';
import { isSameShape, shapeOf } from './values.js';

export function lowerElementwise(root: Node, term: Term, { kernels }: Lowering): Step {
  const output = root.outputs[0] as Value;
  const operands = operandsOf(term);
  const shape = shapeOf(output);
  const strides = [...operands.map((each) => broadcastStrides(shapeOf(each), shape)), rowMajor(shape)];
  const run = elementwise(
    kernels,
    { sizes: shape, strides },
    {
      name: termName(term, (value) => `o${operands.indexOf(value)}`),
      write: (body, loaded) => writeTerm(kernels, body, term, undefined, (value) => loaded[operands.indexOf(value)] as never),
    },
  );
  return {
    node: root,
    reads: operands,
    writes: [output],
    scratchBytes: 0,
    mayReplace: operands.filter((each) => isSameShape(each, output)),
    write: ({ body, of }) => body.call(run, ...operands.map(of), of(output)),
  };
}
