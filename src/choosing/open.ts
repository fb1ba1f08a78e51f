/** A model opened once: on the first pair that is right, with what came out about the others. */
import type { Pair } from '../selection.js';
import type { Opening } from '../serving/opened.js';
import { slowerReason } from '../serving/slower.js';
import { now } from '../timing.js';
import type { ModelBytes } from '../weights/weights.js';
import { attempt, type Supplies } from './attempt.js';
import { firstRight } from './first.js';

/** How long the first pair has to itself, once the bytes are there, before a second one is tried beside it. */
const PATIENCE_MS = 5_000;

/**
 * @param pairs in the order in which they are tried
 * @param first the bytes that are on their way already; the first pair takes them, a later one gathers again
 * @param beganMs when all this began
 * @throws {PannierError} `backend-unavailable` where no pair is right; what the bytes failed with
 */
export async function openFirst(
  pairs: readonly Pair[],
  supplies: Supplies,
  first: Promise<ModelBytes>,
  beganMs: number,
  signal: AbortSignal,
): Promise<Opening> {
  const { settled, takeBytes, note } = supplies;
  const heap = [first];
  const stocked: Supplies = { ...supplies, takeBytes: (stop) => heap.pop() ?? takeBytes(stop) };
  // An order that somebody gave is kept; and on the page's thread two would only slow each other down.
  const isPatient = !settled.auto || settled.thread === 'page';
  const ended = new AbortController();
  const patience = isPatient ? never : after(first, PATIENCE_MS, ended.signal);
  const opening = firstRight(pairs, (pair, stop) => attempt(pair, stocked, stop, beganMs, 'first'), patience, signal);
  const { place, selection } = await opening.finally(() => ended.abort());

  const slower = slowerReason(selection);
  if (slower !== undefined) note('wasm-refused', slower);
  const { totalMs: weightsMs, hashMs, cache } = await first;
  const { startMs = 0, openMs = 0, goldenMs = 0 } = selection.find(({ state }) => state === 'chosen') ?? {};
  return { place, selection, loadTiming: { totalMs: now() - beganMs, weightsMs, hashMs, startMs, openMs, goldenMs, cache } };
}

const never = new Promise<never>(() => undefined);

/** Resolves so long after `event` has come. */
async function after(event: Promise<unknown>, waitMs: number, signal: AbortSignal): Promise<void> {
  await event.catch(() => never);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    if (signal.aborted) clearTimeout(timer);
  });
}
