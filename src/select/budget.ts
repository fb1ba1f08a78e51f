/** Whether a model fits into the memory that it may take. */

import type { ResolvedOptions } from '../api/resolve-options.js';
import type { Manifest } from '../manifest/manifest.js';

/** So many copies of the weights, one of which predicts. Two are there as long as two backends are compared. */
export const bytesOf = ({ residentBytes, intermediateBytes }: Manifest, copies = 1): number => copies * residentBytes + intermediateBytes;

export const fits = (manifest: Manifest, { memoryBudgetBytes }: ResolvedOptions, copies = 1): boolean =>
  bytesOf(manifest, copies) <= memoryBudgetBytes;
