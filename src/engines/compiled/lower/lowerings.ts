/** The table of lowerings: which ops become kernels, and how. */

import { isFloat } from '../../../graph/element-type.js';
import type { Node, NodeOf, Value } from '../../../graph/graph.js';
import type { OpName } from '../../../graph/ops/index.js';
import { lowerBatchToSpace, lowerSpaceToBatch } from './blocks.js';
import { withComputedWeights } from './computed-weights.js';
import { lowerConvolution } from './convolution.js';
import { CREATION } from './creation.js';
import { lowerCrop } from './cropping.js';
import { GATHERING } from './gathering.js';
import { noEpilogue } from './group-epilogue.js';
import { lowerOnHost } from './host-op.js';
import { lowerLogSoftmax, lowerLogSumExp } from './log-sum-exp.js';
import { MOVEMENT } from './movement.js';
import { lowerBatchNormalization, lowerInstanceNormalization, lowerLayerNormalization, lowerLocalResponse } from './normalization.js';
import { lowerPad } from './padding.js';
import { lowerPool } from './pooling.js';
import { lowerReduction } from './reduction.js';
import { lowerResample } from './resampling.js';
import { lowerRunning } from './running.js';
import { SCATTERING } from './scattering.js';
import { SELECTION } from './selection.js';
import { lowerSoftmax } from './softmax.js';
import type { Lower, Lowering, Step } from './step.js';
import { lowerTransposedConvolution } from './transposed-convolution.js';
import { lowerTriangular } from './triangular.js';
import { lowerWholeMatmul } from './whole-matmul.js';
import { lowerWholeMean } from './whole-mean.js';

type LowerOf<Name extends OpName> = (node: NodeOf<Name>, lowering: Lowering) => Step;

const isOfFloats = ({ inputs }: Node): boolean => isFloat(inputs[0]?.type?.dataType ?? 'bool');

const convolutionOfFloats = withComputedWeights<NodeOf<'conv2d'>>((node, lowering) =>
  lowerConvolution(node, noEpilogue(node.outputs[0] as Value), lowering),
);

const LOWERINGS: { readonly [Name in OpName]?: LowerOf<Name> } = {
  ...MOVEMENT,
  ...GATHERING,
  ...SCATTERING,
  ...SELECTION,
  ...CREATION,
  pad: lowerPad,
  triangular: lowerTriangular,
  spaceToBatch: lowerSpaceToBatch,
  batchToSpace: lowerBatchToSpace,
  maxPool2d: lowerPool,
  averagePool2d: lowerPool,
  l2Pool2d: lowerPool,
  // Products of floats are anchors of groups.
  matmul: lowerWholeMatmul,
  resample2d: lowerResample,
  cropAndResize: lowerCrop,
  // Convolutions by constants are anchors of groups, too.
  conv2d: (node, lowering) => (isOfFloats(node) ? convolutionOfFloats(node, lowering) : lowerOnHost(node as unknown as Node, lowering)),
  convTranspose2d: withComputedWeights(lowerTransposedConvolution),
  batchNormalization: lowerBatchNormalization,
  layerNormalization: lowerLayerNormalization,
  localResponseNormalization: lowerLocalResponse,
  instanceNormalization: lowerInstanceNormalization,
  softmax: lowerSoftmax,
  logSoftmax: lowerLogSoftmax,
  cumulativeSum: lowerRunning,
  cumulativeProduct: lowerRunning,
  reduceSum: lowerReduction,
  reduceMean: (node, lowering) => (isOfFloats(node) ? lowerReduction(node, lowering) : lowerWholeMean(node, lowering)),
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
