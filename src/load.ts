/** The first trip: from a packed model to a `Model` that answers. This file alone knows the order. */

import { fits } from './select/budget.js';
import { startingWith } from './select/order.js';
import { recall } from './select/remembered.js';
import { messageOf } from './base/errors.js';
import { type Asset, assetsOf, type Manifest, type ModelSource, readManifest } from './manifest/manifest.js';
import type { LoadOptions, LoadProgress } from './api/options.js';
import type { Model, Note } from './api/model.js';
import { abortable } from './base/promise.js';
import { restOfPannier } from './rest.js';
import { isPair, type Named, type Pair } from './api/candidate.js';
import type { OpenedModel } from './runtime/served-model.js';
import { acquireEngine } from './runtime/engine-pool.js';
import { type Lease, Shared } from './base/shared.js';
import { type Settled, settleOptions } from './api/resolve-options.js';
import type { AnyInputs, AnyOutputs } from './manifest/signature.js';
import { now } from './base/timing.js';
import { cacheFor } from './storage/cache-for.js';
import { gatherWeights } from './download/download-model.js';

/** Twenty parallel loads of one model are one load; the model closes with its last handle. */
const loads = new Shared<OpenedModel, LoadProgress>((opened) => opened.close());

/**
 * Loads a packed model: its bytes from the cache or the network, verified; the first backend that
 * is ready and agrees with the golden sample. A faster one is found out later.
 * @param source the default export of a packed folder's `model.js`
 * @throws {PannierError} by `code`; an abort rejects with `signal.reason`
 */
export async function loadModel<I = AnyInputs, O = AnyOutputs>(
  source: ModelSource<I, O>,
  options: NoInfer<LoadOptions<I, O>> = {},
): Promise<Model<I, O>> {
  const manifest = readManifest(source);
  const settled = settleOptions(options, restOfPannier);
  const rest = restOfPannier();
  rest.catch(() => undefined);
  const signal = options.signal as AbortSignal | undefined;
  const lease = await loads.acquire(`${manifest.hash} ${settled.key}`, (stop, report) => open(manifest, settled, stop, report), {
    signal,
    onReport: options.onProgress,
  });
  try {
    const { LoadedModel } = await abortable(rest, signal);
    const { deadlineMs, nonFinite } = settled;
    return new LoadedModel<I, O>(lease, { deadlineMs, nonFinite, trace: options.trace ?? false, drift: options.drift ?? false });
  } catch (thrown) {
    lease.release();
    throw thrown;
  }
}

async function open(
  manifest: Manifest,
  settled: Settled,
  signal: AbortSignal,
  report: (progress: LoadProgress) => void,
): Promise<OpenedModel> {
  const early: Note[] = [];
  let opened: OpenedModel | undefined;
  const note = (code: string, message: string) => (opened === undefined ? early.push({ code, message }) : opened.note(code, message));
  const beganMs = now();
  const caching = cacheFor(settled.cache, note);
  const taken = { bytesDownloaded: 0, bytesFromCache: 0 };
  const gather = (stop: AbortSignal, onBytes: (loadedBytes: number) => void) => {
    const urlOf = ({ name, url }: Asset) => settled.assetUrl(name, url());
    const refuse = async () => (await restOfPannier()).refuseNetwork(manifest, caching);
    const cacheOnly = settled.network === 'cache-only';
    const fetch = cacheOnly ? refuse : settled.fetch;
    const budgetBytes = settled.cacheBudgetBytes;
    const options = { caching, fetch, cacheOnly, signal: stop, note, urlOf, onBytes, rest: restOfPannier, budgetBytes };
    const bytes = gatherWeights(manifest, options);
    void bytes.whole.then(
      ({ bytesDownloaded, bytesFromCache }) => {
        taken.bytesDownloaded += bytesDownloaded;
        taken.bytesFromCache += bytesFromCache;
      },
      () => undefined,
    );
    return bytes;
  };
  const totalBytes = assetsOf(manifest).reduce((sum, { bytes }) => sum + bytes, 0);

  const all = settled.backends.map((backend): Pair => ({ engine: 'tfjs', backend }));
  const mayRun = ({ backend }: Pair) => manifest.missingKernels[backend] === undefined && fits(manifest, settled);
  const begin = (stop: AbortSignal, onBytes: (loadedBytes: number) => void) => {
    if (!all.some(mayRun)) return undefined;
    const unneeded = new AbortController();
    return { bytes: gather(AbortSignal.any([stop, unneeded.signal]), onBytes), stop: () => unneeded.abort() };
  };

  // Bytes, engine and the rest of the code come at the same time.
  const coming = begin(signal, (loadedBytes) => report({ loadedBytes, totalBytes, fraction: loadedBytes / totalBytes }));
  const choice = settled.trial ? await recall(await caching, manifest.hash, all) : undefined;
  const pairs = startingWith(choice?.chosen, all);
  const decided = new AbortController();
  let letGo = () => {};
  const headStart = beginEngine(pairs.find(mayRun), settled, AbortSignal.any([signal, decided.signal]));
  try {
    const { checkDetails, holdModel, openFirst, OpenedModel, Trial } = await restOfPannier();
    // Until the opened one holds itself.
    letGo = holdModel(manifest.hash);
    checkDetails(manifest);
    const retired: (Named & { readonly reason: string })[] = [];
    const retire = (pair: Named, reason: string) => {
      const { engine, backend } = pair;
      retired.push({ engine, backend, reason });
      if (opened !== undefined && isPair(pair, opened.present))
        void opened.reopen(`${backend} is used no more: ${reason}`).catch((thrown) => note('reopen-failed', messageOf(thrown)));
    };
    const takeBytes = (stop: AbortSignal) => gather(stop, () => undefined);
    const supplies = { manifest, settled, caching, takeBytes, note, retired, retire };
    const first = await openFirst(pairs, supplies, coming, beganMs, signal, 'first');
    const openAgain = async (lost: Named, stop: AbortSignal) => {
      const order = settled.auto ? startingWith(lost, all) : all;
      const again = begin(stop, () => undefined);
      const opening = await openFirst(order, supplies, again, now(), stop, 'rebuild');
      trial.awaitReturns(opening);
      return opening;
    };
    opened = new OpenedModel(manifest, first, taken, openAgain);
    opened.notes.push(...early);
    const trial = new Trial(opened, supplies, choice);
    trial.awaitReturns(first);
    if (settled.trial) opened.trial = trial.begin();
    return opened;
  } finally {
    // Whoever it was for holds it by now, or has given it up, as one that never comes up.
    decided.abort();
    letGo();
    void headStart.then((lease) => lease?.release());
  }
}

/** A worker takes its time to boot: the likeliest one begins before anybody can use it. */
async function beginEngine(pair: Pair | undefined, settled: Settled, signal: AbortSignal): Promise<Lease<unknown> | undefined> {
  // Whoever needs it is told what it failed with.
  return pair && acquireEngine(pair.backend, settled, signal).catch(() => undefined);
}
