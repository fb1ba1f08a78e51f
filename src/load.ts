/** The first trip: from a packed model to a `Model` that answers. This file alone knows the order. */
import { type Attempt, choose } from './backend/choose.js';
import type { BackendName } from './backend-name.js';
import { asPannierError, messageOf, PannierError } from './errors.js';
import { type Asset, assetsOf, type Manifest, type ModelSource, readManifest } from './manifest.js';
import type { LoadOptions, LoadProgress } from './options.js';
import type { Model, Note } from './prediction.js';
import { abortable, withDeadline } from './promise.js';
import { OpenedModel, type Opening, type Place } from './serving/opened.js';
import { acquireEngine, type PooledEngine } from './serving/pool.js';
import { type Lease, Shared } from './serving/shared.js';
import { type Settled, settleOptions } from './settled.js';
import type { AnyInputs, AnyOutputs } from './signature.js';
import { now } from './timing.js';
import type { WeightsCache } from './weights/cache.js';
import { cacheFor } from './weights/guarded.js';
import { loadWeights, type ModelBytes } from './weights/weights.js';

/** Twenty parallel loads of one model are one load; the model closes with its last handle. */
const loads = new Shared<OpenedModel, LoadProgress>((opened) => opened.close());

/**
 * Loads a packed model: its bytes from the cache or the network, verified; the first backend that
 * runs here and agrees with the golden sample.
 * @param source the default export of a packed folder's `model.js`
 * @throws {PannierError} by `code`; an abort rejects with `signal.reason`
 */
export async function loadModel<I = AnyInputs, O = AnyOutputs>(source: ModelSource<I, O>, options: LoadOptions = {}): Promise<Model<I, O>> {
  const manifest = readManifest(source);
  const settled = settleOptions(options);
  const rest = restOfPannier();
  rest.catch(() => undefined);
  const signal = options.signal as AbortSignal | undefined;
  const lease = await loads.acquire(`${manifest.hash} ${settled.key}`, (stop, report) => open(manifest, settled, stop, report), {
    signal,
    onReport: options.onProgress,
  });
  try {
    const { LoadedModel } = await abortable(rest, signal);
    return new LoadedModel<I, O>(lease, { deadlineMs: settled.deadlineMs, trace: options.trace ?? false });
  } catch (thrown) {
    lease.release();
    throw thrown;
  }
}

/** What a load needs only when its bytes are there. */
async function restOfPannier(): Promise<typeof import('./lazy.js')> {
  try {
    return await import('./lazy.js');
  } catch (thrown) {
    throw asPannierError(thrown, 'offline', 'A part of Pannier did not arrive');
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
  const retired = new Map<BackendName, string>();
  const openOnce = (stop: AbortSignal, onProgress: (progress: LoadProgress) => void) =>
    openModel(manifest, settled, { note, signal: stop, report: onProgress, retired, retire });
  const retire = (backend: BackendName, reason: string) => {
    retired.set(backend, reason);
    void opened?.reopen(`${backend} is used no more: ${reason}`).catch((thrown) => note('reopen-failed', messageOf(thrown)));
  };
  const opening = await openOnce(signal, report);
  opened = new OpenedModel(manifest, opening, () => openOnce(new AbortController().signal, () => undefined));
  opened.notes.push(...early);
  return opened;
}

interface Surroundings {
  readonly note: (code: string, message: string) => void;
  readonly signal: AbortSignal;
  readonly report: (progress: LoadProgress) => void;
  /** Backends that passed once and have disagreed since, and why. */
  readonly retired: ReadonlyMap<BackendName, string>;
  readonly retire: (backend: BackendName, reason: string) => void;
}

async function openModel(manifest: Manifest, settled: Settled, { report, retired, ...around }: Surroundings): Promise<Opening> {
  const startMs = now();
  const { note, signal } = around;
  const caching = cacheFor(settled.cache, note);
  const totalBytes = assetsOf(manifest).reduce((sum, { bytes }) => sum + bytes, 0);
  const gathered = { bytesDownloaded: 0, bytesFromCache: 0 };
  const gather = async (onBytes: (loadedBytes: number) => void) => {
    const urlOf = ({ name, url }: Asset) => settled.assetUrl(name, url());
    const bytes = await loadWeights(manifest, { cache: await caching, fetch: settled.fetch, signal, note, urlOf, onBytes });
    gathered.bytesDownloaded += bytes.bytesDownloaded;
    gathered.bytesFromCache += bytes.bytesFromCache;
    return bytes;
  };
  // Bytes and backend come at the same time; the first candidate takes the bytes, a later one gathers again, unseen.
  const first = gather((loadedBytes) => report({ loadedBytes, totalBytes, fraction: loadedBytes / totalBytes }));
  first.catch(() => undefined);
  const heap = [first];
  const takeBytes = () => heap.pop() ?? gather(() => undefined);

  const { accepted: place, selection } = await choose(settled.backends, async (backend): Promise<Attempt<Place>> => {
    const missing = manifest.missingKernels[backend];
    const veto = missing === undefined ? retired.get(backend) : `it lacks the kernels ${missing.join(', ')}`;
    if (veto !== undefined) return { refused: veto, measured: {} };
    return attempt(backend, manifest, settled, { ...around, takeBytes, caching });
  });
  const slower = (await restOfPannier()).slowerReason(selection);
  if (slower !== undefined) note('wasm-refused', slower);
  const { totalMs: weightsMs, hashMs, cache } = await first;
  const { startMs: backendMs = 0, openMs = 0, goldenMs = 0 } = selection.find(({ state }) => state === 'chosen') ?? {};
  const loadTiming = { totalMs: now() - startMs, weightsMs, hashMs, startMs: backendMs, openMs, goldenMs, cache };
  return { place, selection, ...gathered, loadTiming };
}

interface Supplies extends Pick<Surroundings, 'note' | 'signal' | 'retire'> {
  readonly takeBytes: () => Promise<ModelBytes>;
  readonly caching: Promise<WeightsCache | null>;
}

/** One backend: start it, open the model on it, hold it against the golden sample. */
async function attempt(
  backend: BackendName,
  manifest: Manifest,
  settled: Settled,
  { takeBytes, caching, note, signal, retire }: Supplies,
): Promise<Attempt<Place>> {
  const measured: { startMs?: number; openMs?: number; goldenMs?: number; goldenShareOff?: number } = {};
  const failed = new AbortController();
  let release = () => {};
  const timed = async <T>(name: 'startMs' | 'openMs' | 'goldenMs', step: Promise<T>): Promise<T> => {
    const beginMs = now();
    const result = await withDeadline(step, settled.backendDeadlineMs, `${name.slice(0, -2)} of ${backend}`, (error) =>
      failed.abort(error),
    );
    measured[name] = now() - beginMs;
    return result;
  };
  const refuse = (thrown: unknown): Attempt<Place> => {
    release();
    signal.throwIfAborted();
    return { refused: messageOf(thrown), measured };
  };

  let lease: Lease<PooledEngine>;
  try {
    lease = await timed('startMs', acquireEngine(backend, settled, AbortSignal.any([signal, failed.signal])));
    release = lease.release;
    const { maxBufferBytes } = lease.value.engine;
    if (manifest.largestWeightBytes > maxBufferBytes)
      return refuse(`one weight has ${manifest.largestWeightBytes} bytes, its largest buffer ${maxBufferBytes}`);
  } catch (thrown) {
    return refuse(thrown);
  }

  // Outside of the deadline and of the refusals: no other backend could do without the bytes, or the code.
  const checked = restOfPannier().then(({ Agreement, checkDetails }) => {
    checkDetails(manifest);
    return Agreement;
  });
  const [{ graph, weights, golden, cache }, Agreement] = await Promise.all([takeBytes(), checked]).catch((thrown) => {
    release();
    throw thrown;
  });

  try {
    const { engine } = lease.value;
    const agreement = new Agreement(manifest, golden, lease.value, await caching, settled.backendDeadlineMs);
    // What was not all in the cache has not been tested here, and its writes would hold up the question.
    const remembering = cache === 'hit' ? agreement.isRemembered() : Promise.resolve(false);
    const opening = engine.open({ name: manifest.name, graph, weights, controlFlow: manifest.controlFlow });
    const session = await timed('openMs', opening).catch((thrown) => {
      // One that comes too late is closed when it comes.
      void opening.then((late) => late.dispose()).catch(() => undefined);
      throw thrown;
    });
    const close = () => {
      session.dispose();
      lease.release();
    };
    release = close;
    if (await remembering) {
      agreement.testWhenIdle(session, (reason) => retire(backend, reason));
    } else {
      const { agrees, shareOff, reason } = await timed('goldenMs', agreement.test(session, 'user', signal));
      measured.goldenShareOff = shareOff;
      if (!agrees) throw new PannierError('backend-rejected', `it disagrees with the golden sample: ${reason}`);
    }
    for (const { code, message } of lease.value.notes) note(code, message);
    return { accepted: { backend, pooled: lease.value, session, close }, measured };
  } catch (thrown) {
    return refuse(thrown);
  }
}
