/** Promises with an abort or a deadline. */
import { PannierError } from './errors.js';

/**
 * Lets any number of calls listen to one signal. Node warns of a leak above ten listeners, and every pending call is a
 * listener; browsers have no such limit.
 */
export function forManyListeners(signal: AbortSignal): AbortSignal {
  type NodeProcess = { getBuiltinModule(id: string): { setMaxListeners(most: number, target: EventTarget): void } };
  try {
    (globalThis as { process?: NodeProcess }).process?.getBuiltinModule('node:events').setMaxListeners(0, signal);
  } catch {
    // Node does not know a signal of jsdom, and does not count its listeners; a bundler's imitation of `process` has no modules.
  }
  return signal;
}

/** A promise that is settled from outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** `Promise.withResolvers`, which browsers have only since 2024. */
export function deferred<T>(): Deferred<T> {
  let settle: Pick<Deferred<T>, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as unknown as Pick<Deferred<T>, 'resolve' | 'reject'>) };
}

/** Rejects with `signal.reason` as soon as the signal aborts; a later result of `promise` is ignored. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** A deadline is split into so many timers. If the machine sleeps, one timer is late, and the others still give their time. */
const PARTS = 4;

/**
 * Rejects with a `timeout` error after `limitMs`; never if that is Infinity. `onTimeout` may stop the work.
 * @param stage for the message: "The golden run took longer than 60 000 ms."
 */
export function withDeadline<T>(
  promise: Promise<T>,
  limitMs: number,
  stage: string,
  onTimeout?: (error: PannierError) => void,
): Promise<T> {
  // A timer has 31 bits: a longer one would fire at once.
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
 * Resolves in a task of its own, so that the page can paint before the caller goes on; at once if the browser has no
 * `scheduler`. A timer would not do: in a hidden page each takes a second.
 */
export async function ownTask(): Promise<void> {
  await (globalThis as { scheduler?: { postTask?(task: () => void): Promise<void> } }).scheduler?.postTask?.(() => undefined);
}

/** Runs `step` on each item, at most `limit` at once. The first failure rejects, and no further step is started. */
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
export function oneAtATime(): <T>(step: () => T | Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (step) => {
    const run = last.then(step);
    last = run.catch(() => undefined);
    return run;
  };
}
