/** The passes that hold for every engine, in the order in which they run. */
import { dropIdentities } from './drop-identities.js';
import { dropNeutralOperands } from './drop-neutral-operands.js';
import { foldConstants } from './fold-constants.js';
import { foldSizes } from './fold-sizes.js';
import { mergeCasts } from './merge-casts.js';
import { mergeConcats } from './merge-concats.js';
import { mergeEqualConstants } from './merge-equal-constants.js';
import { mergeEqualNodes } from './merge-equal-nodes.js';
import { mergeReshapes } from './merge-reshapes.js';
import { mergeSlices } from './merge-slices.js';
import type { Pass } from './pass.js';
import { removeDeadCode } from './remove-dead-code.js';
import { reshapeUnmoved } from './reshape-unmoved.js';

export const PORTABLE_PASSES: readonly Pass[] = [
  // What is computed of constants and sizes is no pattern of the others.
  removeDeadCode,
  foldConstants,
  foldSizes,
  dropIdentities,
  dropNeutralOperands,
  reshapeUnmoved,
  mergeReshapes,
  mergeCasts,
  mergeSlices,
  mergeConcats,
  // Nodes are equal only where their constants are the same.
  mergeEqualConstants,
  mergeEqualNodes,
];
