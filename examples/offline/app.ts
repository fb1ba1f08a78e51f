/** The app's own files: kept by a service worker, which also brings new versions. */
import { trustedScriptUrl } from 'pannier';
import { messageSW, Workbox } from 'workbox-window';

/** How many of the app's files the service worker has. */
export interface Kept {
  readonly kept: number;
  readonly wanted: number;
}

const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;

/** An installed app stays open for days; a new version is looked for each time the visitor comes back to it. */
const worker = container && new Workbox(trustedScriptUrl('./sw.js'));

/**
 * Registers the service worker.
 * @param on `taken` when it is in charge of this page, `waiting` when a new version is there; its argument ends the old one
 */
export async function register(on: { taken(): void; waiting(accept: () => void): void }): Promise<void> {
  if (worker === undefined) return;
  let isControlled = container?.controller != null;
  worker.addEventListener('controlling', () => {
    // The old worker's files are gone, whichever tab accepted the update. The first worker of an app replaces none.
    if (isControlled) location.reload();
    else on.taken();
    isControlled = true;
  });
  worker.addEventListener('waiting', () => on.waiting(() => worker.messageSkipWaiting()));
  await worker.register({ immediate: true });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) worker.update().catch(() => undefined);
  });
}

/** Asks the worker to count its files, since a browser that is short of space removes some without an event. Undefined without a worker. */
export async function filesKept(): Promise<Kept | undefined> {
  const controller = container?.controller;
  return controller ? await messageSW(controller, { type: 'COUNT_KEPT' }) : undefined;
}
