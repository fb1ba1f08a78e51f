/** The first trip: from a packed model to a `Model` that answers. This file tells its steps in their order. */
import { isSameTarget, type Target, type TargetId } from './api/candidate.js';
import type { Model } from './api/model.js';
import type { LoadOptions, LoadProgress } from './api/options.js';
import { type ResolvedOptions, resolveOptions } from './api/resolve-options.js';
import { messageOf } from './base/errors.js';
import { lazily } from './base/lazily.js';
import { Notes } from './base/notes.js';
import { abortable } from './base/promise.js';
import { type Lease, Shared } from './base/shared.js';
import { now } from './base/timing.js';
import { ModelDownloads } from './download/model-downloads.js';
import { type Manifest, type ModelSource, readManifest } from './manifest/manifest.js';
import type { AnyInputs, AnyOutputs } from './manifest/signature.js';
import { acquireEngine } from './runtime/engine-pool.js';
import type { ServedModel } from './runtime/served-model.js';
import { fits } from './select/budget.js';
import { startingWith } from './select/order.js';
import { readChoice } from './select/remembered.js';
import { cacheFor } from './storage/cache-for.js';

/** Loads that are under way and models that are open. Twenty parallel loads of one model are one load. */
const servedModels = new Shared<ServedModel, LoadProgress>((served) => served.dispose());

/**
 * Loads a packed model: its bytes come from the cache or the network and are verified, and the first
 * backend that is ready and agrees with the golden sample runs it. Which backend is fastest is measured
 * later, in idle time.
 * @param source the default export of a packed folder's `model.js`
 * @throws {PannierError} by `code`; an abort rejects with `signal.reason`
 */
export async function loadModel<I = AnyInputs, O = AnyOutputs>(
  source: ModelSource<I, O>,
  options: NoInfer<LoadOptions<I, O>> = {},
): Promise<Model<I, O>> {
  const manifest = readManifest(source);
  const resolved = resolveOptions(options);
  const code = lazily(() => import('./model.js'));
  code.catch(() => undefined);
  const signal = options.signal as AbortSignal | undefined;
  const start = (starting: AbortSignal, report: (progress: LoadProgress) => void) => serve(manifest, resolved, starting, report);
  const lease = await servedModels.acquire(`${manifest.hash} ${resolved.key}`, start, { signal, onReport: options.onProgress });
  try {
    const { LoadedModel } = await abortable(code, signal);
    return new LoadedModel<I, O>(lease, resolved);
  } catch (thrown) {
    lease.release();
    throw thrown;
  }
}

/** The part of the code that is downloaded beside the model's bytes, since a load needs it only by the time they are there. */
const importOpening = async () => {
  const [details, held, opening, served, autotune] = await Promise.all([
    import('./manifest/details.js'),
    import('./storage/held.js'),
    import('./select/open-model.js'),
    import('./runtime/served-model.js'),
    import('./select/autotune.js'),
  ]);
  return { ...details, ...held, ...opening, ...served, ...autotune };
};

/** Loads the model once, for all handles that will share it. */
async function serve(
  manifest: Manifest,
  resolved: ResolvedOptions,
  signal: AbortSignal,
  report: (progress: LoadProgress) => void,
): Promise<ServedModel> {
  const startedAtMs = now();
  const notes = new Notes();
  const caching = cacheFor(resolved.cache, notes.add);
  const downloads = new ModelDownloads(manifest, resolved, caching, notes.add);
  const targets = resolved.backends.map((backend): Target => ({ engine: 'tfjs', backend }));
  const isEligible = ({ backend }: Target) => manifest.missingKernels[backend] === undefined && fits(manifest, resolved);
  const startDownload = (...given: Parameters<ModelDownloads['start']>) =>
    targets.some(isEligible) ? downloads.start(...given) : undefined;

  // The bytes, the engine and the rest of the code come side by side.
  const download = startDownload(signal, report);
  const code = lazily(importOpening);
  code.catch(() => undefined);
  const choice = resolved.autotune ? await readChoice(await caching, manifest.hash, targets) : undefined;
  const order = startingWith(choice?.chosen, targets);
  const decided = new AbortController();
  const engineStart = startEngine(order.find(isEligible), resolved, AbortSignal.any([signal, decided.signal]));
  let releaseHold = () => {};
  try {
    const { checkDetails, holdModel, openModel, ServedModel, Autotune } = await code;
    releaseHold = holdModel(manifest.hash);
    checkDetails(manifest);
    let served: ServedModel | undefined;
    const retired: (TargetId & { readonly reason: string })[] = [];
    const retire = ({ backend, engine }: TargetId, reason: string) => {
      retired.push({ engine, backend, reason });
      if (served !== undefined && isSameTarget({ backend, engine }, served.current))
        void served.reopen(`${backend} is used no more: ${reason}`).catch((thrown) => notes.add('reopen-failed', messageOf(thrown)));
    };
    const context = { manifest, resolved, caching, startDownload: downloads.start.bind(downloads), note: notes.add, retired, retire };
    const opened = await openModel(order, context, download, startedAtMs, signal, 'first');
    const reopen = async (lost: TargetId, stop: AbortSignal) => {
      const again = await openModel(
        resolved.auto ? startingWith(lost, targets) : targets,
        context,
        startDownload(stop),
        now(),
        stop,
        'rebuild',
      );
      autotune.awaitReturns(again);
      return again;
    };
    served = new ServedModel(manifest, opened, notes, downloads.transfers, reopen);
    const autotune = new Autotune(served, context, choice);
    autotune.awaitReturns(opened);
    if (resolved.autotune) served.autotune = autotune.begin();
    return served;
  } finally {
    // By now the served model has a lease and a hold of its own, or the load has failed.
    decided.abort();
    releaseHold();
    void engineStart.then((lease) => lease?.release());
  }
}

/** Starts the likeliest engine before anything can use it, since a worker takes its time to start. */
async function startEngine(
  target: Target | undefined,
  resolved: ResolvedOptions,
  signal: AbortSignal,
): Promise<Lease<unknown> | undefined> {
  // A failure is reported by the attempt that asks for the same engine.
  return target && acquireEngine(target.backend, resolved, signal).catch(() => undefined);
}
