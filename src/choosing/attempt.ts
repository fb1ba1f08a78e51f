/** One pair: started, the model opened on it, held against the golden sample. */
import { messageOf, PannierError } from '../errors.js';
import type { Manifest } from '../manifest.js';
import { withDeadline } from '../promise.js';
import type { Measured, Named, Pair } from '../selection.js';
import { Agreement } from '../serving/agreement.js';
import type { Place } from '../serving/opened.js';
import { acquireEngine, type PooledEngine } from '../serving/pool.js';
import type { Lease } from '../serving/shared.js';
import type { Settled } from '../settled.js';
import { now } from '../timing.js';
import type { WeightsCache } from '../weights/cache.js';
import type { ModelBytes } from '../weights/weights.js';
import { adapterVeto, tooLarge, vetoOf } from './vetoes.js';

/** What all attempts at one model share. */
export interface Supplies {
  readonly manifest: Manifest;
  readonly settled: Settled;
  readonly caching: Promise<WeightsCache | null>;
  /** All of the model's bytes, gathered anew for each who asks: engines consume them. */
  readonly takeBytes: (signal: AbortSignal) => Promise<ModelBytes>;
  readonly note: (code: string, message: string) => void;
  /** Backends that passed once and have disagreed since, and why. */
  readonly retired: Map<string, string>;
  /** A backend whose remembered pass is true no more. */
  readonly retire: (pair: Named, reason: string) => void;
}

/** How one pair did: it serves, or there is a reason why not. */
export type Attempt = { readonly accepted: Place; readonly measured: Measured } | { readonly refused: string; readonly measured: Measured };

/**
 * @param beganMs when waiting for the engine began
 * @param role a challenger's golden run lets calls of other models go first, and is never skipped: it is also the warm-up for the race
 * @throws what no other pair could mend: no bytes, an abort
 */
export async function attempt(
  pair: Pair,
  supplies: Supplies,
  signal: AbortSignal,
  beganMs: number,
  role: 'first' | 'challenger',
): Promise<Attempt> {
  const { manifest, settled, caching, takeBytes, note, retired, retire } = supplies;
  const { backend } = pair;
  const measured: { startMs?: number; openMs?: number; goldenMs?: number; goldenShareOff?: number } = {};
  const failed = new AbortController();
  let release = () => {};
  const timed = async <T>(name: 'startMs' | 'openMs' | 'goldenMs', step: Promise<T>, fromMs = now()): Promise<T> => {
    const result = await withDeadline(step, settled.backendDeadlineMs, `${name.slice(0, -2)} of ${backend}`, (error) =>
      failed.abort(error),
    );
    measured[name] = now() - fromMs;
    return result;
  };
  const refuse = (thrown: unknown): Attempt => {
    release();
    signal.throwIfAborted();
    return { refused: messageOf(thrown), measured };
  };

  const veto = retired.get(keyOf(pair)) ?? vetoOf(pair, manifest, settled) ?? (await adapterVeto(pair, manifest, settled));
  if (veto !== undefined) return { refused: veto, measured };
  let lease: Lease<PooledEngine>;
  try {
    lease = await timed('startMs', acquireEngine(backend, settled, AbortSignal.any([signal, failed.signal])), beganMs);
    release = lease.release;
    const large = tooLarge(manifest, lease.value.engine.maxBufferBytes);
    if (large !== undefined) return refuse(large);
  } catch (thrown) {
    return refuse(thrown);
  }

  // Outside of the deadline and of the refusals: no other pair could do without the bytes.
  const { graph, weights, golden, cache } = await takeBytes(signal).catch((thrown) => {
    release();
    throw thrown;
  });

  try {
    const { engine } = lease.value;
    const agreement = new Agreement(manifest, golden, lease.value, await caching, settled.backendDeadlineMs);
    // What was not all in the cache has not been tested here, and its writes would hold up the question.
    const remembering = cache === 'hit' && role === 'first' ? agreement.isRemembered() : Promise.resolve(false);
    const opening = engine.open({ name: manifest.name, graph, weights, controlFlow: manifest.controlFlow });
    const session = await timed('openMs', opening).catch((thrown) => {
      // One that comes too late is closed when it comes.
      void opening.then((late) => late.dispose()).catch(() => undefined);
      throw thrown;
    });
    const closed = new AbortController();
    const close = () => {
      closed.abort();
      session.dispose();
      lease.release();
    };
    release = close;
    if (await remembering) {
      // What fails here fails again, and typed, in the next predict.
      agreement.testWhenIdle(session, (reason) => retire(pair, reason), closed.signal).catch(() => undefined);
    } else {
      // Its deadline begins with its turn: another model may keep the backend busy.
      const judge = () => timed('goldenMs', agreement.judge(session));
      const priority = role === 'first' ? 'user' : 'background';
      const { agrees, shareOff, reason } = await lease.value.queue.run(judge, priority, signal);
      measured.goldenShareOff = shareOff;
      if (!agrees) throw new PannierError('backend-rejected', `it disagrees with the golden sample: ${reason}`);
    }
    for (const { code, message } of lease.value.notes) note(code, message);
    return { accepted: { ...pair, pooled: lease.value, session, agreement, close }, measured };
  } catch (thrown) {
    return refuse(thrown);
  }
}

/** A pair as the key of a map. */
export const keyOf = ({ engine, backend }: Named): string => `${engine} ${backend}`;
