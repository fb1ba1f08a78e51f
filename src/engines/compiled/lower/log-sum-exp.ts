/** Logarithms of sums of powers along axes, from which the greatest exponent is taken out, so that nothing overflows. */
import type { NodeOf, Value } from '../../../graph/graph.js';
import type { V128 } from '../asm/code.js';
import type { FunctionBuilder } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { f32x4, v128 } from '../asm/vector.js';
import { elementwise, type NamedFormula } from '../kernels/elementwise.js';
import { exp } from '../kernels/exponential.js';
import type { Kernels } from '../kernels/kernel.js';
import { log } from '../kernels/logarithm.js';
import { type Reduction, reduce } from '../kernels/reduce.js';
import { FLOAT_MAX, FLOAT_SUM } from '../kernels/reductions.js';
import { plainStep } from './plain-step.js';
import { MINUS, reducedAxes, withResults } from './reduced-axes.js';
import { ofNothing } from './reduction.js';
import type { Lowering, Step } from './step.js';
import { ELEMENT_BYTES, memoryBytes, roomFor, shapeOf } from './values.js';

/** A greatest exponent that is not finite is not taken out. */
const finite = (body: FunctionBuilder, given: V128): V128 => {
  const x = body.let(given);
  return v128.and(x, f32x4.lt(f32x4.abs(x), f32x4.const(Number.POSITIVE_INFINITY)));
};
const MINUS_FINITE: NamedFormula = { name: 'minus finite', write: (body, [x, y]) => f32x4.sub(x as V128, finite(body, y as V128)) };
const PLUS_FINITE: NamedFormula = { name: 'plus finite', write: (body, [x, y]) => f32x4.add(x as V128, finite(body, y as V128)) };

/** ln Σe^x of elements that are not great. */
const logOfPowers = (kernels: Kernels): Reduction => ({
  ...{ ...FLOAT_SUM, name: 'log of powers' },
  before: (body, element) => exp(kernels, body, element),
  after: (body, sum) => log(kernels, body, sum),
});

/** (x - peak) - ln Σe^(x - peak) along an axis. */
export function lowerLogSoftmax(node: NodeOf<'logSoftmax'>, { kernels }: Lowering): Step {
  const [input] = node.inputs as readonly [Value];
  const axes = reducedAxes(shapeOf(input), [node.attributes.axis]);
  const peaks = reduce(kernels, axes.kept, axes.gone, FLOAT_MAX);
  const minus = withResults(kernels, axes, MINUS);
  const logarithms = reduce(kernels, axes.kept, axes.gone, logOfPowers(kernels));
  return plainStep(node, {
    mayReplace: [input],
    scratchBytes: roomFor(axes.results * ELEMENT_BYTES),
    write: ({ body, scratch }, [from], [to]) => {
      body.call(peaks, from, scratch);
      body.call(minus, from, scratch, to);
      body.call(logarithms, to, scratch);
      body.call(minus, to, scratch, to);
    },
  });
}

/** peak + ln Σe^(x - peak) along axes. */
export function lowerLogSumExp(node: NodeOf<'reduceLogSumExp'>, lowering: Lowering): Step {
  const { kernels } = lowering;
  const [input] = node.inputs as readonly [Value];
  const axes = reducedAxes(shapeOf(input), node.attributes.axes);
  if (axes.count === 0) return ofNothing(node, lowering, logOfPowers(kernels));
  const peaks = reduce(kernels, axes.kept, axes.gone, FLOAT_MAX);
  const minus = withResults(kernels, axes, MINUS_FINITE);
  const logarithms = reduce(kernels, axes.kept, axes.gone, logOfPowers(kernels));
  const plus = elementwise(kernels, { sizes: [axes.results], strides: [[1], [1], [1]] }, PLUS_FINITE);
  const resultBytes = roomFor(axes.results * ELEMENT_BYTES);
  return plainStep(node, {
    scratchBytes: resultBytes + memoryBytes(input),
    write: ({ body, scratch }, [from], [to]) => {
      const moved = body.let(i32.offset(scratch, resultBytes));
      body.call(peaks, from, scratch);
      body.call(minus, from, scratch, moved);
      body.call(logarithms, moved, to);
      body.call(plus, to, scratch, to);
    },
  });
}
