/** The passes that hold for every engine, in the order in which they run. */
import { attachParameters } from './attach-parameters.js';
import { cancelTransposes } from './cancel-transposes.js';
import { dropIdentities } from './drop-identities.js';
import { dropIdleClamps } from './drop-idle-clamps.js';
import { dropNeutralOperands } from './drop-neutral-operands.js';
import { findGelu } from './find-gelu.js';
import { findHardSwish } from './find-hard-swish.js';
import { findNormalization } from './find-normalization.js';
import { findPadding } from './find-padding.js';
import { findPrelu } from './find-prelu.js';
import { findSoftmax } from './find-softmax.js';
import { foldAffine } from './fold-affine.js';
import { foldConstants } from './fold-constants.js';
import { foldIntoNext } from './fold-into-next.js';
import { foldPadding } from './fold-padding.js';
import { foldSizes } from './fold-sizes.js';
import { mergeCasts } from './merge-casts.js';
import { mergeClamps } from './merge-clamps.js';
import { mergeConcats } from './merge-concats.js';
import { mergeEqualConstants } from './merge-equal-constants.js';
import { mergeEqualNodes } from './merge-equal-nodes.js';
import { mergeReshapes } from './merge-reshapes.js';
import { mergeSlices } from './merge-slices.js';
import { moveBehindPools } from './move-behind-pools.js';
import { moveCasts } from './move-casts.js';
import { moveBeforeReshapes, moveOffsetsIntoTerms } from './move-offsets.js';
import { moveScales } from './move-scales.js';
import { moveTransposes } from './move-transposes.js';
import type { Pass } from './pass.js';
import { removeDeadCode } from './remove-dead-code.js';
import { reshapeUnmoved } from './reshape-unmoved.js';
import { roundInFloats } from './round-in-floats.js';

export const PORTABLE_PASSES: readonly Pass[] = [
  // What is computed of constants and sizes is no pattern of the others.
  removeDeadCode,
  // Weights of 8 bits would be folded into the 32 bits that they are cast to.
  roundInFloats,
  moveCasts,
  foldConstants,
  foldSizes,
  dropIdentities,
  dropNeutralOperands,
  reshapeUnmoved,
  mergeReshapes,
  mergeCasts,
  mergeSlices,
  mergeConcats,
  findPadding,
  // Nodes are equal only where their constants are the same.
  mergeEqualConstants,
  mergeEqualNodes,
  // What belongs to channels lies along the last axis once transposes have moved.
  cancelTransposes,
  moveTransposes,
  // Patterns are found before arithmetic is folded, which takes parts of them away.
  mergeClamps,
  findPrelu,
  findHardSwish,
  findGelu,
  findSoftmax,
  findNormalization,
  attachParameters,
  dropIdleClamps,
  foldAffine,
  moveScales,
  moveOffsetsIntoTerms,
  moveBeforeReshapes,
  moveBehindPools,
  foldIntoNext,
  foldPadding,
];
