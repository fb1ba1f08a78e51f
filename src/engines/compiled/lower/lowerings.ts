/** The table of lowerings: which ops become kernels, and how. */

import { isFloat } from '../../../graph/element-type.js';
import type { Node, NodeOf, Value } from '../../../graph/graph.js';
import type { OpName } from '../../../graph/ops/index.js';
import { argExtreme } from '../kernels/arg-extreme.js';
import { topK } from '../kernels/top-k.js';
import { lowerBatchToSpace, lowerSpaceToBatch } from './blocks.js';
import { CREATION } from './creation.js';
import { GATHERING } from './gathering.js';
import { lowerLogSoftmax, lowerLogSumExp } from './log-sum-exp.js';
import { MOVEMENT } from './movement.js';
import { lowerBatchNormalization, lowerLayerNormalization } from './normalization.js';
import { lowerPad } from './padding.js';
import { plainStep } from './plain-step.js';
import { lowerPool } from './pooling.js';
import { lowerReduction } from './reduction.js';
import { lowerResample } from './resampling.js';
import { SCATTERING } from './scattering.js';
import { lowerSoftmax } from './softmax.js';
import type { Lower, Lowering, Step } from './step.js';
import { lowerTransposedConvolution } from './transposed-convolution.js';
import { elementCount, shapeOf } from './values.js';

type LowerOf<Name extends OpName> = (node: NodeOf<Name>, lowering: Lowering) => Step;

const place =
  (isGreatest: boolean) =>
  (node: NodeOf<'argMax'> | NodeOf<'argMin'>, lowering: Lowering): Step => {
    const input = node.inputs[0] as Value;
    const shape = shapeOf(input);
    const { axis } = node.attributes;
    const size = (sizes: readonly number[]): number => sizes.reduce((product, each) => product * each, 1);
    const run = argExtreme(lowering.kernels, {
      ...{ isGreatest, isFloat: isFloat(input.type?.dataType ?? 'float32') },
      ...{ outer: size(shape.slice(0, axis)), length: shape[axis] as number, inner: size(shape.slice(axis + 1)) },
    });
    return plainStep(node, { write: ({ body }, [from], [to]) => body.call(run, from, to) });
  };

/** The greatest elements along the last axis. */
function lowerTopK(node: NodeOf<'topK'>, { kernels }: Lowering): Step {
  const input = node.inputs[0] as Value;
  const shape = shapeOf(input);
  const { axis, k, largest } = node.attributes;
  const length = shape[axis] as number;
  if (axis !== shape.length - 1 || k === 0) throw new RangeError('takes elements along another axis, or none');
  const type = input.type?.dataType ?? 'float32';
  const run = topK(kernels, {
    ...{ rows: elementCount(input) / length, length, k: k as number },
    ...{ isLargest: largest, isFloat: isFloat(type) },
  });
  return plainStep(node, { write: ({ body }, [from], [values, places]) => body.call(run, from, values, places as typeof values) });
}

const LOWERINGS: { readonly [Name in OpName]?: LowerOf<Name> } = {
  ...MOVEMENT,
  ...GATHERING,
  ...SCATTERING,
  ...CREATION,
  pad: lowerPad,
  spaceToBatch: lowerSpaceToBatch,
  batchToSpace: lowerBatchToSpace,
  maxPool2d: lowerPool,
  averagePool2d: lowerPool,
  l2Pool2d: lowerPool,
  resample2d: lowerResample,
  convTranspose2d: lowerTransposedConvolution,
  batchNormalization: lowerBatchNormalization,
  layerNormalization: lowerLayerNormalization,
  softmax: lowerSoftmax,
  logSoftmax: lowerLogSoftmax,
  topK: lowerTopK,
  argMax: place(true),
  argMin: place(false),
  reduceSum: lowerReduction,
  reduceMean: lowerReduction,
  reduceMax: lowerReduction,
  reduceMin: lowerReduction,
  reduceProduct: lowerReduction,
  reduceL1: lowerReduction,
  reduceL2: lowerReduction,
  reduceSumSquare: lowerReduction,
  reduceLogSum: lowerReduction,
  reduceLogSumExp: lowerLogSumExp,
  reduceAll: lowerReduction,
  reduceAny: lowerReduction,
};

/** How a node that stands alone is lowered; undefined if no kernel computes its op. */
export const loweringOf = ({ op }: Node): Lower | undefined => LOWERINGS[op] as Lower | undefined;
