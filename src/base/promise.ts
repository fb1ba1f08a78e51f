/** Promises that end: by an abort, by a deadline. */
import { PannierError } from './errors.js';

/**
 * Lets any number of calls listen to one signal: Node warns of a leak above ten listeners, and every
 * call that is under way is one. Browsers have no such limit.
 */
export function forManyListeners(signal: AbortSignal): AbortSignal {
  type NodeProcess = { getBuiltinModule?(id: string): { setMaxListeners(most: number, target: EventTarget): void } | undefined };
  try {
    (globalThis as { process?: NodeProcess }).process?.getBuiltinModule?.('node:events')?.setMaxListeners(0, signal);
  } catch {
    // A signal of jsdom's: Node neither knows it nor counts its listeners.
  }
  return signal;
}

/** Rejects with `signal.reason` as soon as the signal aborts; what `promise` does later is dropped. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** A deadline's time goes by in so many parts. A machine that sleeps lets one go by, whose timer comes late, and not all of it. */
const PARTS = 4;

/**
 * Rejects with a `timeout` error after `limitMs` (never, where it is Infinity); `onTimeout` may stop the work.
 * @param stage for the message: "The golden run took longer than 60 000 ms."
 */
export function withDeadline<T>(
  promise: Promise<T>,
  limitMs: number,
  stage: string,
  onTimeout?: (error: PannierError) => void,
): Promise<T> {
  // A timer holds 31 bits: a longer one would fire at once.
  if (limitMs > 2 ** 31 - 1) return promise;
  return new Promise((resolve, reject) => {
    let partsLeft = PARTS;
    let timer: ReturnType<typeof setTimeout>;
    const wait = () => {
      timer = setTimeout(() => {
        if (--partsLeft > 0) return wait();
        const error = new PannierError('timeout', `${stage} took longer than ${limitMs} ms.`, { limitMs });
        onTimeout?.(error);
        reject(error);
      }, limitMs / PARTS);
    };
    wait();
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * Ends the page's task, so that a frame that is due can be painted before what follows; at once where nothing
 * schedules tasks. Not a timer: those of a hidden page wait for a second each.
 */
export async function ownTask(): Promise<void> {
  await (globalThis as { scheduler?: { postTask?(task: () => void): Promise<void> } }).scheduler?.postTask?.(() => undefined);
}

/** Runs `step` over `items`, at most `limit` at once; the first failure rejects, and nothing more is begun. */
export async function mapLimited<T, R>(items: readonly T[], limit: number, step: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const lane = async () => {
    try {
      for (let index = next++; index < items.length; index = next++) results[index] = await step(items[index] as T);
    } catch (thrown) {
      next = items.length;
      throw thrown;
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return results;
}

/** Makes a function that runs steps one at a time, in the order of its calls. A step that fails does not stop those after it. */
export function oneAtATime(): <T>(step: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (step) => {
    const run = last.then(step);
    last = run.catch(() => undefined);
    return run;
  };
}
