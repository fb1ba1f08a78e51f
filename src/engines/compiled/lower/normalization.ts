/** Normalisations that the passes could not fold into weights. */
import { tensorOf } from '../../../graph/constant.js';
import type { NodeOf, Value } from '../../../graph/graph.js';
import type { V128 } from '../asm/code.js';
import { i32 } from '../asm/scalar.js';
import { elementwise } from '../kernels/elementwise.js';
import { layerNormalization } from '../kernels/layer-normalization.js';
import { rowMajor } from '../kernels/loops.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { elementCount, shapeOf } from './values.js';

/** Normalises along the last axes. */
export function lowerLayerNormalization(node: NodeOf<'layerNormalization'>, { kernels }: Lowering): Step {
  const [input, scale, bias] = node.inputs as readonly [Value, (Value | null)?, (Value | null)?];
  const shape = shapeOf(input);
  const { axes, epsilon } = node.attributes;
  const first = shape.length - axes.length;
  if (axes.some((axis, index) => axis !== first + index)) throw new RangeError('normalises axes before the last ones');
  const length = shape.slice(first).reduce((product, size) => product * size, 1);
  const run = layerNormalization(kernels, {
    ...{ rows: elementCount(input) / length, length, epsilon },
    ...{ hasScale: scale != null, hasBias: bias != null },
  });
  return plainStep(node, {
    mayReplace: [input],
    write: ({ body }, [from, scales, biases], [to]) => body.call(run, from, scales ?? from, biases ?? from, to),
  });
}

/** Normalises by constants: a factor and an offset for each place along the axis. */
export function lowerBatchNormalization(node: NodeOf<'batchNormalization'>, { kernels, constants, weights }: Lowering): Step {
  const [input, ...parameters] = node.inputs as readonly [Value, ...(Value | null)[]];
  const { axis, epsilon } = node.attributes;
  const [means, variances, scales, biases] = parameters.map((each) => {
    const constant = each === null ? undefined : constants.get(each.name);
    if (each !== null && constant === undefined) throw new RangeError('normalises by computed numbers');
    return constant && tensorOf(constant).data;
  });
  const shape = shapeOf(input);
  const factors = Float32Array.from({ length: shape[axis] as number }, (_, place) => {
    return (scales?.[place] ?? 1) / Math.sqrt((variances?.[place] as number) + epsilon);
  });
  const offsets = factors.map((factor, place) => (biases?.[place] ?? 0) - (means?.[place] as number) * factor);
  const tables = [factors, offsets].map((each) => i32.const(weights.table(each)));
  const along = shape.map((_, each) => (each === axis ? 1 : 0));
  const own = rowMajor(shape);
  const run = elementwise(
    kernels,
    { sizes: shape, strides: [own, along, along, own] },
    {
      name: 'factor and offset',
      write: (_, [x, factor, offset]) => kernels.multiplyAdd(x as V128, factor as V128, offset as V128),
    },
  );
  return plainStep(node, {
    mayReplace: [input],
    write: ({ body }, [from], [to]) => body.call(run, from, ...tables, to),
  });
}
