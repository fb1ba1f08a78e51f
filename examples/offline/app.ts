/** The app's own files: kept by a service worker, which also brings new versions. */
import { trustedScriptUrl } from 'pannier';
import { messageSW, Workbox } from 'workbox-window';

/** How many of its files the service worker has; undefined where none is in charge of this page. */
export interface Kept {
  readonly kept: number;
  readonly wanted: number;
}

const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;

/** An installed app stays open for days, so that nothing but coming back to it is a reason to look for a new version. */
const worker = container && new Workbox(trustedScriptUrl('./sw.js'));

/**
 * Registers the service worker.
 * @param on `taken` when it is in charge of this page, `waiting` when a new version is there; its argument ends the old one
 */
export async function register(on: { taken(): void; waiting(accept: () => void): void }): Promise<void> {
  if (worker === undefined) return;
  let isControlled = container?.controller != null;
  worker.addEventListener('controlling', () => {
    // The files that this page was made of went with the old one, whichever tab said yes. The first one replaces nobody.
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

/** Asks the worker that is in charge: it has to look, since a browser that is short of space takes files without a word. */
export async function filesKept(): Promise<Kept | undefined> {
  const controller = container?.controller;
  return controller ? await messageSW(controller, { type: 'COUNT_KEPT' }) : undefined;
}
