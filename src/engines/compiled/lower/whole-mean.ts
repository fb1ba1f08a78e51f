/** Exact means of whole numbers: the halves of their bits are added up apart, since a sum may not fit into 32 bits. */
import type { NodeOf, Value } from '../../../graph/graph.js';
import { i32 } from '../asm/scalar.js';
import { elementwise } from '../kernels/elementwise.js';
import { lowerHalf, MAX_EXACT_TERMS, meanOfHalves, upperHalf } from '../kernels/float64.js';
import { reduce } from '../kernels/reduce.js';
import { WHOLE_SUM } from '../kernels/reductions.js';
import { plainStep } from './plain-step.js';
import { reducedAxes } from './reduced-axes.js';
import type { Lowering, Step } from './step.js';
import { ELEMENT_BYTES, roomFor, shapeOf } from './values.js';

export function lowerWholeMean(node: NodeOf<'reduceMean'>, { kernels, weights }: Lowering): Step {
  const [input] = node.inputs as readonly [Value];
  const { kept, gone, count, results } = reducedAxes(shapeOf(input), node.attributes.axes);
  if (count === 0 || count > MAX_EXACT_TERMS) throw new RangeError(`takes the mean of ${count} whole numbers`);
  const [upper, lower] = [
    reduce(kernels, kept, gone, { ...WHOLE_SUM, name: 'upper halves', before: (_, element) => upperHalf(element) }),
    reduce(kernels, kept, gone, { ...WHOLE_SUM, name: 'lower halves', before: (_, element) => lowerHalf(element) }),
  ];
  const mean = elementwise(kernels, { sizes: [results], strides: [[1], [1], [0], [1]] }, { name: 'mean of halves', write: meanOfHalves });
  const divisor = i32.const(weights.table(Int32Array.of(count)));
  const resultBytes = roomFor(results * ELEMENT_BYTES);
  return plainStep(node, {
    scratchBytes: 2 * resultBytes,
    write: ({ body, scratch }, [from], [to]) => {
      const second = body.let(i32.offset(scratch, resultBytes));
      body.call(upper, from, scratch);
      body.call(lower, from, second);
      body.call(mean, scratch, second, divisor, to);
    },
  });
}
