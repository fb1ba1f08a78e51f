/** Loading, step by step: from a packed model to a `Model` that answers. */
import type { WeightsCache } from './api/cache.js';
import type { Target } from './api/candidate.js';
import type { Model } from './api/model.js';
import type { LoadOptions, LoadProgress } from './api/options.js';
import { type ResolvedOptions, resolveOptions } from './api/resolve-options.js';
import { lazily } from './base/lazily.js';
import { Notes } from './base/notes.js';
import { abortable } from './base/promise.js';
import { type Lease, Shared } from './base/shared.js';
import { now } from './base/timing.js';
import { ModelDownloads } from './download/model-downloads.js';
import { targetsOn } from './engines/registry.js';
import { type Manifest, type ModelSource, readManifest } from './manifest/manifest.js';
import type { AnyInputs, AnyOutputs } from './manifest/signature.js';
import { acquireEngine } from './runtime/engine-pool.js';
import type { ServedModel } from './runtime/served-model.js';
import { isEligible, startingWith } from './select/eligible.js';
import type { Choice } from './select/remembered.js';
import { cacheFor } from './storage/cache-for.js';

/** Loads that are under way and models that are open. Twenty parallel loads of one model are one load. */
const servedModels = new Shared<ServedModel, LoadProgress>((served) => served.dispose());

/**
 * Loads a packed model: its bytes come from the cache or the network and are verified, and the first
 * backend that is ready and agrees with the golden sample (stored inputs with known outputs) runs it. Which backend is fastest is measured
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
  const modelModule = lazily(() => import('./model.js'));
  // It is awaited below; without this an early failure would be an unhandled rejection.
  modelModule.catch(() => undefined);
  const signal = options.signal as AbortSignal | undefined;
  const start = (starting: AbortSignal, report: (progress: LoadProgress) => void) => serve(manifest, resolved, starting, report);
  const lease = await servedModels.acquire(`${manifest.hash} ${resolved.key}`, start, { signal, onReport: options.onProgress });
  try {
    const { LoadedModel } = await abortable(modelModule, signal);
    return new LoadedModel<I, O>(lease, resolved);
  } catch (thrown) {
    lease.release();
    throw thrown;
  }
}

/** The part of the code that is downloaded beside the model's bytes, since a load needs it only by the time they are there. */
const importOpening = async () => {
  const [details, held, opener, served, tuning] = await Promise.all([
    import('./manifest/details.js'),
    import('./storage/held.js'),
    import('./select/model-opener.js'),
    import('./runtime/served-model.js'),
    import('./select/autotune.js'),
  ]);
  return { ...details, ...held, ...opener, ...served, ...tuning };
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
  const targets = targetsOn(resolved.backends, manifest);

  // The bytes, the engine and the rest of the code come side by side.
  const openingModules = lazily(importOpening);
  openingModules.catch(() => undefined);
  const choice = resolved.autotune ? await earlierChoice(await caching, manifest, targets) : undefined;
  const order = startingWith(choice?.chosen, targets);
  const first = order.find((target) => isEligible(target, manifest, resolved));
  const download = first && downloads.start(first, signal, report);
  const stopWaiting = new AbortController();
  const engineStart = startEngine(first, resolved, AbortSignal.any([signal, stopWaiting.signal]));
  let releaseHold = () => {};
  try {
    const { checkDetails, holdModel, ModelOpener, ServedModel, autotune } = await openingModules;
    // While the model is held, no tab evicts it from the cache.
    releaseHold = holdModel(manifest.hash);
    // The longer checks, which `readManifest` leaves to the code that comes later.
    checkDetails(manifest);
    const opener = new ModelOpener(targets, { manifest, resolved, caching, downloads, note: notes.add });
    // An instance is opened while the bytes come, and serves once it agrees with the golden sample.
    const opened = await opener.open(order, download, startedAtMs, signal);
    const served = new ServedModel(manifest, opened, notes, downloads.transfers, opener.reopen);
    const retries = opener.keepWatching(served, opened);
    if (resolved.autotune) served.autotune = autotune(served, opener.context, choice, retries);
    return served;
  } finally {
    // By now the served model has an engine lease and a hold of its own, or the load has failed.
    stopWaiting.abort();
    releaseHold();
    void engineStart.then((lease) => lease?.release());
  }
}

/** What an earlier visit chose. The code comes with that of the cache. */
const earlierChoice = async (cache: WeightsCache | null, manifest: Manifest, targets: readonly Target[]): Promise<Choice | undefined> =>
  cache === null ? undefined : (await lazily(() => import('./select/remembered.js'))).readChoice(cache, manifest.hash, targets);

/** Starts the likeliest engine before anything can use it, since a worker takes its time to start. */
async function startEngine(
  target: Target | undefined,
  resolved: ResolvedOptions,
  signal: AbortSignal,
): Promise<Lease<unknown> | undefined> {
  // `ModelOpener` asks for this engine again and reports its failure.
  return target && acquireEngine(target, resolved, signal).catch(() => undefined);
}
