/** When a page has time for what nobody waits for. */
import { abortable } from './promise.js';

/** What of the platform says so, where it is there: workers and Node have no document, Safari has no scheduler. */
interface Platform {
  readonly document?: EventTarget & { readonly visibilityState: string };
  readonly scheduler?: { postTask?(task: () => void, options: { priority: 'background' }): Promise<void> };
  readonly requestIdleCallback?: (run: () => void) => unknown;
}

/**
 * Resolves when the page is visible and has nothing better to do. Keeps no Node process alive.
 * @throws `signal.reason` as soon as it aborts
 */
export async function whenIdle(signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const { document } = globalThis as Platform;
  // A hidden page is throttled: what is timed there is not what a visitor will see.
  do {
    await shown(document, signal);
    await idleMoment(signal);
  } while (document?.visibilityState === 'hidden');
}

function shown(document: Platform['document'], signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (document?.visibilityState !== 'hidden') return resolve();
    const settle = () => {
      if (signal?.aborted !== true && document.visibilityState === 'hidden') return;
      document.removeEventListener('visibilitychange', settle);
      signal?.removeEventListener('abort', settle);
      if (signal?.aborted === true) reject(signal.reason);
      else resolve();
    };
    document.addEventListener('visibilitychange', settle);
    signal?.addEventListener('abort', settle);
  });
}

function idleMoment(signal: AbortSignal | undefined): Promise<void> {
  const { scheduler, requestIdleCallback } = globalThis as Platform;
  return abortable(
    new Promise((resolve, reject) => {
      if (scheduler?.postTask !== undefined) scheduler.postTask(resolve, { priority: 'background' }).catch(reject);
      else if (requestIdleCallback !== undefined) requestIdleCallback(() => resolve());
      else unheld(setTimeout(resolve, 0));
    }),
    signal,
  );
}

/** A timer of Node's that does not keep the process alive. */
function unheld(timer: unknown): void {
  if (typeof timer === 'object') (timer as { unref?(): void } | null)?.unref?.();
}

/** How long an app has to itself after a load: its first predictions wait for nothing, not even for a core. */
export const QUIET_MS = 2_000;

/**
 * Resolves after so many milliseconds. Keeps no Node process alive.
 * @throws `signal.reason` as soon as it aborts
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  let timer: unknown;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
    unheld(timer);
  });
  await abortable(over, signal).finally(() => clearTimeout(timer as number));
}
