/** One pair: started, the model opened on it, held against the golden sample. */

import type { WeightsCache } from '../api/cache.js';
import { isSameTarget, type Measured, type Target, type TargetId } from '../api/candidate.js';
import type { ResolvedOptions } from '../api/resolve-options.js';
import { messageOf, PannierError } from '../base/errors.js';
import { withDeadline } from '../base/promise.js';
import type { Lease } from '../base/shared.js';
import { now } from '../base/timing.js';
import type { ModelDownload } from '../download/download-model.js';
import type { Engine } from '../engines/engine.js';
import { GoldenTest } from '../golden/golden-test.js';
import type { Manifest } from '../manifest/manifest.js';
import { acquireEngine, type EngineHandle } from '../runtime/engine-pool.js';
import type { Instance } from '../runtime/served-model.js';
import { circuitBreaker } from './circuit-breaker.js';
import { tooLarge, vetoOf } from './eligible.js';
import { openSession } from './open-session.js';
import { noteAbsence, precheck } from './precheck.js';
import type { Quarantine } from './quarantine.js';

/** What all attempts at one model share. */
export interface OpenContext {
  readonly manifest: Manifest;
  readonly resolved: ResolvedOptions;
  readonly caching: Promise<WeightsCache | null>;
  /** All of the model's bytes, gathered anew for each who asks: engines consume them. */
  readonly startDownload: (signal: AbortSignal) => ModelDownload;
  readonly note: (code: string, message: string) => void;
  /** Backends that passed once and have disagreed since, and why. */
  readonly retired: readonly (TargetId & { readonly reason: string })[];
  /** A backend whose remembered pass is true no more. */
  readonly retire: (pair: TargetId, reason: string) => void;
  /** Asked once an engine has started, before the model's bytes are taken: why the pair need not be tried any further. */
  readonly doubt?: (pooled: EngineHandle) => Promise<string | undefined>;
}

/** How one pair did: it serves, or there is a reason why not; with `mayBeLast` it is tried again where no other pair is right. */
export type Attempt = { readonly measured: Measured } & (
  | { readonly accepted: Instance }
  | { readonly refused: string; readonly mayBeLast?: boolean }
);

/**
 * What a pair is tried for. The golden run is skipped where an earlier visit's pass is remembered, but not after
 * a loss, nor for a challenger, whose warm-up it is: it lets calls of other models go first.
 */
export type Role = 'first' | 'rebuild' | 'challenger';

/** Longest that starting again may take where something was lost: what hangs then has hung before. */
const REBUILD_START_MS = 5_000;

/**
 * @param beganMs since when the engine is wanted: what of its start went before costs nothing here
 * @param isLast no other pair is right
 * @throws what no other pair could mend: no bytes, an abort
 */
export async function attempt(
  pair: Target,
  supplies: OpenContext,
  signal: AbortSignal,
  beganMs: number,
  role: Role,
  isLast = false,
): Promise<Attempt> {
  const { manifest, resolved, caching, startDownload, note, retired, retire, doubt } = supplies;
  const { backend } = pair;
  const measured: { startMs?: number; openMs?: number; goldenMs?: number; goldenShareOff?: number } = {};
  const failed = new AbortController();
  let release = () => {};
  let unmark = () => {};
  const limitMs = resolved.backendDeadlineMs;
  const startLimitMs = role === 'rebuild' && !isLast ? Math.min(limitMs, REBUILD_START_MS) : limitMs;
  const limited = <T>(stage: string, step: Promise<T>, atMostMs: number): Promise<T> =>
    withDeadline(step, atMostMs, `${stage} of ${backend}`, (error) => failed.abort(error));
  const refuse = (thrown: unknown, mayBeLast = false): Attempt => {
    unmark();
    release();
    signal.throwIfAborted();
    return { refused: messageOf(thrown), mayBeLast, measured };
  };

  const veto = retired.find((each) => isSameTarget(each, pair))?.reason ?? vetoOf(pair, manifest, resolved);
  if (veto !== undefined) return refuse(veto);
  let lease: Lease<EngineHandle>;
  let quarantine: Quarantine;
  try {
    const examining = precheck(pair, manifest, resolved, await caching, isLast);
    const examined = await withDeadline(examining, startLimitMs, `start of ${backend}`);
    if ('refused' in examined) return refuse(examined.refused.reason, examined.refused.mayBeLast);
    quarantine = examined.quarantine;
    const starting = acquireEngine(backend, resolved, AbortSignal.any([signal, failed.signal]));
    lease = await limited('start', starting, startLimitMs);
    release = lease.release;
    // It may have run before anybody asked, or been up for long when a slow cache had answered.
    measured.startMs = Math.max(0, lease.value.readyAtMs - Math.max(lease.value.startedAtMs, beganMs));
    void circuitBreaker.watch(lease.value.engine, resolved.device);
    const large = tooLarge(manifest, lease.value.engine.maxBufferBytes);
    if (large !== undefined) return refuse(large);
    if (doubt !== undefined) {
      // What it runs may be what ends the page, too.
      unmark = await quarantine.begin();
      const reason = await doubt(lease.value);
      if (reason !== undefined) return refuse(reason);
    }
  } catch (thrown) {
    // It hung, and it hangs.
    const isLostAgain = role === 'rebuild' && (thrown as PannierError).code === 'timeout';
    if (isLostAgain) circuitBreaker.lost(backend, messageOf(thrown));
    else noteAbsence(backend, thrown);
    return refuse(thrown, isLostAgain);
  }

  const bytes = startDownload(signal);
  // No other pair could do without the bytes.
  const endWithBytes = (thrown: unknown): never => {
    unmark();
    release();
    throw thrown;
  };
  const graph = await bytes.graph.catch(endWithBytes);

  try {
    const { engine } = lease.value;
    const isMarked = doubt !== undefined;
    const tested = bytes.whole.then(async ({ cache }) => {
      const agreement = new GoldenTest(manifest, await bytes.golden, lease.value, await caching, limitMs);
      // What was not all in the cache has not been tested here, and its writes would hold up the question.
      const isRemembered = cache === 'hit' && role === 'first' && (await agreement.isRemembered());
      // Not while bytes come: a page that ends in the middle of a long download says nothing of the backend.
      return { agreement, isRemembered, end: isRemembered || isMarked ? undefined : await quarantine.begin() };
    });
    tested.catch(() => undefined);
    if (!isMarked) unmark = () => void tested.then(({ end }) => end?.()).catch(() => undefined);
    const model = { name: manifest.name, graph, weights: bytes.weights, controlFlow: manifest.controlFlow };
    const { session, openMs } = await openSession(engine, model, limitMs);
    measured.openMs = openMs;
    const closed = new AbortController();
    const close = () => {
      closed.abort();
      session.dispose();
      lease.release();
    };
    release = close;
    void imposeWhenOver(quarantine, engine, resolved, closed.signal);
    const { agreement, isRemembered } = await tested;
    if (isRemembered) {
      // What fails here fails again, and typed, in the next predict.
      agreement.testWhenIdle(session, (reason) => retire(pair, reason), closed.signal).catch(() => undefined);
    } else {
      // Its deadline begins with its turn: another model may keep the backend busy.
      const judge = async () => {
        const fromMs = now();
        const verdict = await limited('golden', agreement.runAndRemember(session), limitMs);
        measured.goldenMs = now() - fromMs;
        return verdict;
      };
      const priority = role === 'challenger' ? 'background' : 'user';
      const { agrees, shareOff, reason } = await lease.value.queue.run(judge, priority, signal);
      measured.goldenShareOff = shareOff;
      if (!agrees) throw new PannierError('backend-rejected', `it disagrees with the golden sample: ${reason}`);
    }
    for (const { code, message } of lease.value.notes) note(code, message);
    unmark();
    return { accepted: { ...pair, handle: lease.value, session, goldenTest: agreement, dispose: close }, measured };
  } catch (thrown) {
    // What another pair could mend, unless it is the bytes; and those that come are in the cache for the next one.
    release();
    await bytes.whole.catch(endWithBytes);
    const refused = refuse(thrown);
    // A worker may go down with another model's call, which says nothing of this one: once more, then.
    const isOthers = role === 'first' && thrown instanceof PannierError && thrown.code === 'worker-crashed';
    return isOthers ? attempt(pair, supplies, signal, now(), 'rebuild', isLast) : refused;
  }
}

/**
 * Where a session is over for a backend, the next ones spare the models that it was lost to. Not after a
 * deadline, which is the app's own number.
 */
async function imposeWhenOver(quarantine: Quarantine, engine: Engine, { device }: ResolvedOptions, closed: AbortSignal): Promise<void> {
  const [wasClosed, error] = await Promise.all([engine.whenLost.then(() => closed.aborted), circuitBreaker.watch(engine, device)]);
  if (wasClosed || error === undefined || error.code === 'timeout') return;
  await quarantine.impose(`It was lost again and again in one session, at last so: ${messageOf(error)}`, true);
}
