/** Packs a model that exceeds its budget, so that it can be examined. */
import { PannierError } from '../../src/base/errors.js';
import type { BudgetOptions, PackOptions } from '../../src/pack/options.js';
import { pack } from '../../src/pack/pack.js';

/** The packer's report. */
export interface PackedAnyway {
  readonly warnings: readonly string[];
  /** The packer's message for each limit that the model exceeds. */
  readonly overBudget: readonly string[];
}

/**
 * Packs without the limits of `budget` that the model exceeds, without `check`, `verify` and the samples of `drift`.
 * @throws {PannierError} the errors of packing, except `budget` and `output-stale`
 */
export async function packUnlimited(options: PackOptions): Promise<PackedAnyway> {
  const overBudget: string[] = [];
  // Both take runs, and no command shows their results.
  let { budget, drift: _samples, verify: _runtime, ...rest } = options;
  for (;;) {
    try {
      const { warnings } = await pack({ ...rest, ...(budget !== undefined && { budget }), check: false });
      return { warnings, overBudget };
    } catch (thrown) {
      const raised = raise(budget, thrown);
      if (raised === undefined) throw thrown;
      overBudget.push((thrown as PannierError).message);
      budget = raised;
    }
  }
}

/** The budget without the limit that an error is about; undefined for another error, or a second one about the same limit. */
function raise(budget: BudgetOptions | undefined, thrown: unknown): BudgetOptions | undefined {
  if (!(thrown instanceof PannierError && thrown.code === 'budget')) return undefined;
  const { mflop, bytes, outputs } = thrown.detail;
  // Quantised weights have a limit even without `budget.goldenError`: what a backend may be off.
  const key = mflop !== undefined ? 'mflop' : bytes !== undefined ? 'bytes' : outputs !== undefined ? 'goldenError' : undefined;
  if (key === undefined || budget?.[key] === Number.MAX_VALUE) return undefined;
  return { ...budget, [key]: Number.MAX_VALUE };
}
