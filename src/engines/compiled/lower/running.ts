/** Running sums and products. */
import { sizeOf } from '../../../base/dtype.js';
import { type DataType, isFloat } from '../../../graph/element-type.js';
import type { NodeOf, Value } from '../../../graph/graph.js';
import { FLOAT_PRODUCT, FLOAT_SUM, WHOLE_PRODUCT, WHOLE_SUM } from '../kernels/reductions.js';
import { running } from '../kernels/running.js';
import { plainStep } from './plain-step.js';
import { inType } from './reduction.js';
import type { Lowering, Step } from './step.js';
import { shapeOf } from './values.js';

const REDUCTIONS = {
  cumulativeSum: { ofFloats: FLOAT_SUM, ofWhole: WHOLE_SUM },
  cumulativeProduct: { ofFloats: FLOAT_PRODUCT, ofWhole: WHOLE_PRODUCT },
} as const;

export function lowerRunning(node: NodeOf<'cumulativeSum'> | NodeOf<'cumulativeProduct'>, { kernels }: Lowering): Step {
  const [input] = node.inputs as readonly [Value];
  const shape = shapeOf(input);
  const { axis, exclusive, reversed } = node.attributes;
  const { ofFloats, ofWhole } = REDUCTIONS[node.op];
  const type = input.type?.dataType as DataType;
  const run = running(
    kernels,
    {
      ...{ outer: sizeOf(shape.slice(0, axis)), length: shape[axis] as number, inner: sizeOf(shape.slice(axis + 1)) },
      ...{ isExclusive: exclusive, isReversed: reversed },
    },
    isFloat(type) ? ofFloats : inType(ofWhole, type),
  );
  return plainStep(node, { mayReplace: [input], write: ({ body }, [from], [to]) => body.call(run, from, to) });
}
