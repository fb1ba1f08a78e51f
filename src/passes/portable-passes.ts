/** The passes that hold for every engine, in the order in which they run. */
import { dropIdentities } from './drop-identities.js';
import { mergeReshapes } from './merge-reshapes.js';
import type { Pass } from './pass.js';
import { removeDeadCode } from './remove-dead-code.js';

export const PORTABLE_PASSES: readonly Pass[] = [removeDeadCode, dropIdentities, mergeReshapes];
