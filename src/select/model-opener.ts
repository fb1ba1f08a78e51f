/** Opens one model: at its load, and again whenever its target is lost or retired. */

import { isSameTarget, type Target, type TargetId } from '../api/candidate.js';
import { messageOf } from '../base/errors.js';
import { now } from '../base/timing.js';
import type { ModelDownload } from '../download/download-model.js';
import type { Opened, ServedModel } from '../runtime/served-model.js';
import type { OpenContext } from './attempt.js';
import { BackendRetries } from './backend-retries.js';
import { isEligible, startingWith } from './eligible.js';
import { openModel } from './open-model.js';

export class ModelOpener {
  readonly context: OpenContext;
  readonly #targets: readonly Target[];
  readonly #retired: (TargetId & { readonly reason: string })[] = [];
  #served: ServedModel | undefined;
  #returns: BackendRetries | undefined;

  /** @param targets in the order of the options */
  constructor(targets: readonly Target[], given: Omit<OpenContext, 'retired' | 'retire'>) {
    this.#targets = targets;
    this.context = { ...given, retired: this.#retired, retire: this.#retire };
  }

  /**
   * Opens the model for the first time.
   * @param order which targets, in the order in which they are tried
   * @param download the download that is already under way, if any is
   * @throws {PannierError} as {@link openModel}
   */
  open(order: readonly Target[], download: ModelDownload | undefined, beganMs: number, signal: AbortSignal): Promise<Opened> {
    return openModel(order, this.context, { role: 'first', download, beganMs, signal });
  }

  /** Opens the model again; with `backend: 'auto'` the target that was lost comes first. */
  readonly reopen = async (lost: TargetId, signal: AbortSignal): Promise<Opened> => {
    const { manifest, resolved, downloads } = this.context;
    const beganMs = now();
    const order = resolved.auto ? startingWith(lost, this.#targets) : this.#targets;
    const first = order.find((target) => isEligible(target, manifest, resolved));
    const download = first && downloads.start(first, signal);
    const opened = await openModel(order, this.context, { role: 'rebuild', download, beganMs, signal });
    this.#returns?.watch(opened);
    return opened;
  };

  /** From now on targets that are retired are left at once, and targets that were left alone come back. */
  keepWatching(served: ServedModel, opened: Opened): BackendRetries {
    this.#served = served;
    this.#returns = new BackendRetries(served, this.context);
    this.#returns.watch(opened);
    return this.#returns;
  }

  readonly #retire = (target: TargetId, reason: string): void => {
    const { backend, engine } = target;
    this.#retired.push({ engine, backend, reason });
    if (this.#served === undefined || !isSameTarget(target, this.#served.current)) return;
    const reopening = this.#served.reopen(`${backend} is used no more: ${reason}`);
    void reopening.catch((thrown) => this.context.note('reopen-failed', messageOf(thrown)));
  };
}
