/** Which pair begins. */
import { isSameTarget, type Target, type TargetId } from '../api/candidate.js';

/** `pairs`, with one of them before all others. */
export const startingWith = (first: TargetId | undefined, pairs: readonly Target[]): readonly Target[] =>
  first === undefined
    ? pairs
    : [...pairs.filter((pair) => isSameTarget(pair, first)), ...pairs.filter((pair) => !isSameTarget(pair, first))];
