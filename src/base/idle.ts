/** Waiting for moments in which the page is visible and idle. */
import { abortable } from './promise.js';

/** The platform features in use, each optional: workers and Node have no document, Safari has no scheduler. */
interface Platform {
  readonly document?: EventTarget & { readonly visibilityState: string };
  readonly scheduler?: { postTask?(task: () => void, options: { priority: 'background' }): Promise<void> };
  readonly requestIdleCallback?: (run: () => void) => unknown;
}

/**
 * Resolves when the page is visible and idle. Does not keep a Node process alive.
 * @throws `signal.reason` as soon as it aborts
 */
export async function whenIdle(signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const { document } = globalThis as Platform;
  // A hidden page is throttled, so that times measured there are not those of a visible page.
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

/** Lets Node end although the timer is pending. */
function unheld(timer: unknown): void {
  if (typeof timer === 'object') (timer as { unref?(): void } | null)?.unref?.();
}

/** Background work begins this long after a load, so that it does not compete with the app's first predictions. */
export const QUIET_MS = 2_000;

/**
 * Resolves after `ms` milliseconds. Does not keep a Node process alive.
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
