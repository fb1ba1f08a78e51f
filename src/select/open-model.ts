/** A model opened once: on the first pair that is right, with what came out about the others. */

import { type Candidate, FALLBACK, isSameTarget, reasonsOf, type Target } from '../api/candidate.js';
import { asPannierError, PannierError } from '../base/errors.js';
import { now } from '../base/timing.js';
import type { ModelDownload } from '../download/download-model.js';
import type { Instance, Opened } from '../runtime/served-model.js';
import { attempt, type OpenContext, type Role } from './attempt.js';
import { fits } from './budget.js';
import { firstRight } from './first-right.js';
import { slowerReason } from './slower.js';

/** How long the first pair has to itself, once the bytes are there, before a second one is tried beside it. */
const PATIENCE_MS = 5_000;

/** Of bytes that nobody took. */
const UNTOUCHED = { totalMs: 0, hashMs: 0, cache: 'off' } as const;

/**
 * @param pairs in the order in which they are tried
 * @param first the bytes that are on their way already, if any are; the first pair takes them, a later one gathers again
 * @param beganMs when all this began
 * @throws {PannierError} `backend-unavailable` where no pair is right and the app has no fallback; what the bytes failed with
 */
export async function openModel(
  pairs: readonly Target[],
  supplies: OpenContext,
  first: ModelDownload | undefined,
  beganMs: number,
  signal: AbortSignal,
  role: Exclude<Role, 'challenger'>,
): Promise<Opened> {
  const { manifest, resolved, startDownload, note } = supplies;
  const heap = first === undefined ? [] : [first];
  const stocked: OpenContext = { ...supplies, startDownload: (stop) => heap.pop() ?? startDownload(stop) };
  // An order that somebody gave is kept; and on the page's thread two would only slow each other down.
  const isPatient = !resolved.auto || resolved.thread === 'page' || !fits(manifest, resolved, 2);
  const ended = new AbortController();
  const patience = isPatient || first === undefined ? never() : after(first.whole, PATIENCE_MS, ended.signal);
  const held: Target[] = [];
  const tryOnce = async (pair: Target, stop: AbortSignal) => {
    // Only the first one's engine was asked for before this.
    const tried = await attempt(pair, stocked, stop, pair === pairs[0] ? beganMs : now(), role);
    if ('refused' in tried && tried.mayBeLast === true) held.push(pair);
    return tried;
  };
  const tryLast = (pair: Target, stop: AbortSignal) => attempt(pair, stocked, stop, now(), role, true);
  const open = async () => {
    const found = await firstRight(pairs, tryOnce, patience, signal);
    if (found.instance !== undefined || resolved.fallback !== undefined) return found;
    // What was lost before is better than no answer.
    const last = await firstRight(held, tryLast, never(), signal);
    return { ...last, selection: found.selection.map((each) => last.selection.find((other) => isSameTarget(each, other)) ?? each) };
  };
  const found = await open().finally(() => {
    ended.abort();
    for (const unneeded of heap) unneeded.cancel();
  });
  const instance = found.instance ?? (await fallbackInstance(found.selection, supplies));
  const { fallback } = resolved;
  const last: Candidate = { ...FALLBACK, state: instance.backend === 'fallback' ? 'chosen' : 'untried' };
  const selection = fallback === undefined ? found.selection : [...found.selection, last];

  const slower = slowerReason(selection);
  if (slower !== undefined) note('wasm-refused', slower);
  const { totalMs: weightsMs, hashMs, cache } = heap.length === 0 && first !== undefined ? await first.whole : UNTOUCHED;
  const { startMs = 0, openMs = 0, goldenMs = 0 } = selection.find(({ state }) => state === 'chosen') ?? {};
  return { instance, selection, loadTiming: { totalMs: now() - beganMs, weightsMs, hashMs, startMs, openMs, goldenMs, cache } };
}

/** Where no backend can, the app's own function may. */
async function fallbackInstance(selection: readonly Candidate[], { manifest, resolved: { fallback } }: OpenContext): Promise<Instance> {
  if (fallback === undefined) {
    const message = `No backend can run this model here. ${reasonsOf(selection)}`;
    throw new PannierError('backend-unavailable', message, { selection });
  }
  try {
    // Only apps that need it download this.
    const { fallbackPlace } = await import('../predict/fallback.js');
    return fallbackPlace(manifest, fallback);
  } catch (thrown) {
    throw asPannierError(thrown, 'offline', 'A part of Pannier did not arrive');
  }
}

/** A new one each time: a promise keeps whatever has ever waited for it. */
const never = () => new Promise<never>(() => undefined);

/** Resolves so long after `event` has come. */
async function after(event: Promise<unknown>, waitMs: number, signal: AbortSignal): Promise<void> {
  await event.catch(never);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    if (signal.aborted) clearTimeout(timer);
  });
}
