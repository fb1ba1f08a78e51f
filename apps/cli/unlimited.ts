/** Packs what `pannier pack` would refuse for its cost: a model is examined because it is too large. */
import { PannierError } from '../../src/base/errors.js';
import type { BudgetOptions, PackOptions } from '../../src/pack/options.js';
import { pack } from '../../src/pack/pack.js';

/** What the packer said on the way. */
export interface PackedAnyway {
  readonly warnings: readonly string[];
  /** Its words on each limit that the model is over. */
  readonly overBudget: readonly string[];
}

/**
 * Packs with as much of the budget as the model is within, whether the folder is up to date or not, and without the samples of `drift`.
 * @throws {PannierError} what the packer says, but for `budget` and `output-stale`
 */
export async function packUnlimited(options: PackOptions): Promise<PackedAnyway> {
  const overBudget: string[] = [];
  // Many runs, of which nobody here reads anything.
  let { budget, drift: _samples, ...rest } = options;
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

/** The same budget without the limit that was passed; undefined where none was, or not for the first time. */
function raise(budget: BudgetOptions | undefined, thrown: unknown): BudgetOptions | undefined {
  if (!(thrown instanceof PannierError && thrown.code === 'budget')) return undefined;
  const { mflop, bytes, outputs } = thrown.detail;
  // Without a limit of its own, quantising has that of a backend.
  const key = mflop !== undefined ? 'mflop' : bytes !== undefined ? 'bytes' : outputs !== undefined ? 'goldenError' : undefined;
  if (key === undefined || budget?.[key] === Number.MAX_VALUE) return undefined;
  return { ...budget, [key]: Number.MAX_VALUE };
}
