/** The checks of a target that need nothing started or downloaded. */
import { isSameTarget, type Target, type TargetId } from '../api/candidate.js';
import type { ResolvedOptions } from '../api/resolve-options.js';
import { refusalOf } from '../engines/registry.js';
import type { Manifest } from '../manifest/manifest.js';

/** `targets` with one of them before all others. */
export const startingWith = (first: TargetId | undefined, targets: readonly Target[]): readonly Target[] =>
  first === undefined
    ? targets
    : [...targets.filter((each) => isSameTarget(each, first)), ...targets.filter((each) => !isSameTarget(each, first))];

/** Bytes that a model takes with so many copies of its weights, one of which predicts. A race needs two. */
export const memoryBytes = ({ residentBytes, intermediateBytes }: Manifest, copies = 1): number =>
  copies * residentBytes + intermediateBytes;

/** Whether the memory budget allows so many copies of the model. */
export const fits = (manifest: Manifest, { memoryBudgetBytes }: ResolvedOptions, copies = 1): boolean =>
  memoryBytes(manifest, copies) <= memoryBudgetBytes;

/** Whether nothing that is known at once speaks against the target. */
export const isEligible = (target: Target, manifest: Manifest, resolved: ResolvedOptions): boolean =>
  refusalOf(target, manifest) === undefined && fits(manifest, resolved);
