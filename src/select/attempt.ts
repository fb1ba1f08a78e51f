/** One attempt to run a model on one target: the engine starts, the model is opened on it and has to agree with the golden samples. */

import type { WeightsCache } from '../api/cache.js';
import { isSameTarget, type Measured, type Target, type TargetId } from '../api/candidate.js';
import type { ResolvedOptions } from '../api/resolve-options.js';
import { messageOf, PannierError } from '../base/errors.js';
import { withDeadline } from '../base/promise.js';
import type { Lease } from '../base/shared.js';
import { now } from '../base/timing.js';
import type { ModelDownload } from '../download/download-model.js';
import type { ModelDownloads } from '../download/model-downloads.js';
import type { Call, Session } from '../engines/engine.js';
import { GoldenTest } from '../golden/golden-test.js';
import type { GoldenSample, Manifest } from '../manifest/manifest.js';
import { acquireEngine, type EngineHandle } from '../runtime/engine-pool.js';
import type { Instance } from '../runtime/served-model.js';
import { circuitBreaker } from './circuit-breaker.js';
import type { CrashMark } from './crash-mark.js';
import { openSession } from './open-session.js';
import { countAbsence, ineligibleReason, precheck, type Refusal, weightTooLarge } from './precheck.js';

/** The context that all attempts at one model share. */
export interface OpenContext {
  readonly manifest: Manifest;
  readonly resolved: ResolvedOptions;
  readonly caching: Promise<WeightsCache | null>;
  /** Each attempt starts a download of its own, since engines consume the bytes. */
  readonly downloads: Pick<ModelDownloads, 'start'>;
  readonly note: (code: string, message: string) => void;
  /** Targets that agreed with the golden sample once and have disagreed since, and why. */
  readonly retired: readonly (TargetId & { readonly reason: string })[];
  /** Has a target used no more. */
  readonly retire: (target: TargetId, reason: string) => void;
}

/** How one target did: it can serve, or it is refused. */
export type Attempt = { readonly measured: Measured } & ({ readonly accepted: Instance } | Refusal);

/**
 * Why a target is tried. `first`: the model is loaded; the golden run is skipped if an earlier visit's pass is
 * remembered. `rebuild`: the model is opened again after a loss. `challenger`: another instance serves, and this one
 * must neither hold up other models' calls nor run on the page's thread; nobody waits for it, so that it passes both
 * golden samples first.
 */
export type Role = 'first' | 'rebuild' | 'challenger';

/** How a target is tried. */
export interface AttemptOptions {
  readonly role: Role;
  /** Start time of the engine before this moment does not count in `startMs`. */
  readonly wantedSinceMs: number;
  /** No other target is right, so that this one is not left alone. */
  readonly isForced?: boolean;
  readonly signal: AbortSignal;
}

/** Longest that an engine may take to start again after a loss: one that hangs then has hung before. */
const MAX_REBUILD_START_MS = 5_000;

/**
 * Longest that one stage of a challenger may take. Nobody waits for a challenger, and a GPU that is busy for so long
 * without drawing anything will not win.
 */
export const MAX_CHALLENGER_STAGE_MS = 20_000;

/** @throws what no other target could mend: the failure of the download, or the reason of an abort */
export async function attempt(target: Target, context: OpenContext, options: AttemptOptions): Promise<Attempt> {
  const { signal, role } = options;
  signal.throwIfAborted();
  const { reason = ineligibleReason(target, context.manifest, context.resolved) } =
    context.retired.find((each) => isSameTarget(each, target)) ?? {};
  if (reason !== undefined) return { refused: reason, isLeftAlone: false, measured: {} };

  const started = await startEngine(target, context, options);
  if ('refused' in started) return started;
  const download = context.downloads.start(target, signal);
  try {
    return await openInstance(target, context, options, started, download);
  } catch (thrown) {
    // Another target may succeed unless the download itself failed. Wait for it, so that the next attempt reads from the cache.
    await download.whole;
    signal.throwIfAborted();
    // The worker may have crashed with another model's call, which says nothing about this model: try once more.
    if (role === 'first' && thrown instanceof PannierError && thrown.code === 'worker-crashed')
      return attempt(target, context, { ...options, role: 'rebuild', wantedSinceMs: now() });
    return { refused: messageOf(thrown), isLeftAlone: false, measured: started.measured };
  }
}

/** Times of the stages, as far as an attempt came. */
type StageTimes = { -readonly [K in keyof Measured]: Measured[K] };

/** An engine that runs, and what belongs to it. */
interface Started {
  readonly lease: Lease<EngineHandle>;
  readonly crashMark: CrashMark;
  readonly measured: StageTimes;
}

/** The engine, unless something speaks against starting it or against this model on it. */
async function startEngine(
  target: Target,
  { manifest, resolved, caching }: OpenContext,
  { role, wantedSinceMs, isForced = false, signal }: AttemptOptions,
): Promise<Started | (Refusal & { readonly measured: Measured })> {
  const { backend } = target;
  const limitMs = Math.min(stageLimitMs(resolved, role), role === 'rebuild' && !isForced ? MAX_REBUILD_START_MS : Number.POSITIVE_INFINITY);
  const stage = `start of ${backend}`;
  const timedOut = new AbortController();
  const refuse = (reason: string, isLeftAlone = false, measured: Measured = {}) => {
    signal.throwIfAborted();
    return { refused: reason, isLeftAlone, measured };
  };
  try {
    const checked = await withDeadline(precheck(target, manifest, resolved, await caching, isForced), limitMs, stage);
    if ('refused' in checked) return refuse(checked.refused, checked.isLeftAlone);
    const acquiring = acquireEngine(target, resolved, AbortSignal.any([signal, timedOut.signal]), role !== 'challenger');
    const lease = await withDeadline(acquiring, limitMs, stage, (error) => timedOut.abort(error));
    circuitBreaker.watch(lease.value, resolved.device);
    const { engine, startedAtMs, readyAtMs } = lease.value;
    // The shared engine may have been started earlier: charge this model only for the time after it asked.
    const measured = { startMs: Math.max(0, readyAtMs - Math.max(startedAtMs, wantedSinceMs)) };
    const large = weightTooLarge(manifest, engine.maxBufferBytes);
    if (large === undefined) return { lease, crashMark: checked.crashMark, measured };
    lease.release();
    return refuse(large, false, measured);
  } catch (thrown) {
    // An engine that does not start again in time counts as lost once more.
    const hangsAgain = role === 'rebuild' && thrown instanceof PannierError && thrown.code === 'timeout';
    if (hangsAgain) circuitBreaker.fail(backend, messageOf(thrown));
    else countAbsence(backend, thrown);
    return refuse(messageOf(thrown), hangsAgain);
  }
}

/**
 * Opens the model while its bytes come, and holds it against the golden samples.
 * @throws what the engine, the golden run or the download failed with; the engine is released then
 */
async function openInstance(
  target: Target,
  { manifest, resolved, caching, note, retire }: OpenContext,
  { role, signal }: AttemptOptions,
  { lease, crashMark, measured }: Started,
  download: ModelDownload,
): Promise<Attempt> {
  const { engine, notes } = lease.value;
  const limitMs = stageLimitMs(resolved, role);
  const disposed = new AbortController();
  let session: Session | undefined;
  const dispose = () => {
    disposed.abort();
    session?.dispose();
    lease.release();
  };
  const preparing = prepareTest();
  preparing.catch(() => undefined);
  try {
    const graph = await download.graph;
    const model = {
      name: manifest.name,
      graph,
      weights: download.weights,
      controlFlow: manifest.controlFlow,
    };
    const opened = await openSession(engine, model, limitMs);
    session = opened.session;
    measured.openMs = opened.openMs;
    const { goldenTest, before, later } = await preparing;
    if (before.length > 0) await runTest(goldenTest, session, before, lease.value, measured, { role, signal, limitMs });
    // A run that fails here fails again, with a typed error, in the next predict.
    goldenTest.testWhenIdle(session, later, (reason) => retire(target, reason), disposed.signal).catch(() => undefined);
    for (const { code, message } of notes) note(code, message);
    const run = (call: Call) => opened.session.run(call);
    const testBatch = async (feeds: Call['feeds']) => {
      const reason = await goldenTest.testBatch(opened.session, feeds);
      if (reason !== undefined) retire(target, reason);
    };
    return { accepted: { ...target, handle: lease.value, run, testBatch, session, goldenTest, dispose }, measured };
  } catch (thrown) {
    dispose();
    throw thrown;
  } finally {
    void preparing.then(({ endMark }) => endMark()).catch(() => undefined);
  }

  /** Once all bytes are there; a page that ends in the middle of a long download says nothing about the backend. */
  async function prepareTest() {
    const { cache } = await download.whole;
    const goldenTest = new GoldenTest(manifest, await download.golden, lease.value, await caching, limitMs);
    // A model that was partly downloaded was never tested here, and a cache read would wait behind its writes: run the test.
    const memory = cache === 'hit' && role === 'first' ? await goldenTest.recall() : undefined;
    const { samples } = goldenTest;
    const count = memory === 'passed' ? 0 : memory === 'disagreed' || role === 'challenger' ? 2 : 1;
    const endMark = count === 0 ? () => undefined : await crashMark.begin();
    return { goldenTest, before: samples.slice(0, count), later: samples.slice(count), endMark };
  }
}

/** Runs golden samples in their turn. @throws {PannierError} `backend-rejected` if an answer is off */
async function runTest(
  goldenTest: GoldenTest,
  session: Session,
  samples: readonly GoldenSample[],
  { queue, engine }: EngineHandle,
  measured: StageTimes,
  { role, signal, limitMs }: { readonly role: Role; readonly signal: AbortSignal; readonly limitMs: number },
): Promise<void> {
  // The deadline begins with the run's turn: another model may keep the backend busy.
  const run = async () => {
    const fromMs = now();
    const verdict = await withDeadline(goldenTest.runAndRemember(session, samples), limitMs, `golden of ${engine.backend}`);
    measured.goldenMs = now() - fromMs;
    return verdict;
  };
  const { agrees, shareOff, reason } = await queue.run(run, role === 'challenger' ? 'background' : 'user', signal);
  measured.goldenShareOff = shareOff;
  if (!agrees) throw new PannierError('backend-rejected', `it disagrees with the golden sample: ${reason}`);
}

const stageLimitMs = ({ backendDeadlineMs }: ResolvedOptions, role: Role): number =>
  role === 'challenger' ? Math.min(backendDeadlineMs, MAX_CHALLENGER_STAGE_MS) : backendDeadlineMs;
