/**
 * Keeps the app's files, all of them before the first visit is over, and answers from what it kept. A new version
 * waits until the page tells it not to.
 */
import { cacheNames, clientsClaim } from 'workbox-core';
import { cleanupOutdatedCaches, getCacheKeyForURL, type PrecacheEntry, precacheAndRoute } from 'workbox-precaching';

declare const self: ServiceWorkerGlobalScope;

/** The files of the build, listed by the plugin: names, and a revision where the name holds no hash. */
const files = self.__WB_MANIFEST as PrecacheEntry[];

// However the app is opened, with whatever query, it is the one page.
precacheAndRoute(files, { ignoreURLParametersMatching: [/./] });
cleanupOutdatedCaches();
// The page that registered this worker is under its control without a second visit.
clientsClaim();

self.addEventListener('message', ({ data, ports: [answer] }) => {
  if (data.type === 'SKIP_WAITING') void self.skipWaiting();
  if (data.type !== 'COUNT_KEPT') return;
  // A storage that cannot be asked keeps nothing; the page waits for an answer.
  void countKept()
    .catch(() => 0)
    .then((kept) => answer?.postMessage({ kept, wanted: files.length }));
});

/** A browser that is short of space may have taken some. */
async function countKept(): Promise<number> {
  const cache = await caches.open(cacheNames.precache);
  const found = await Promise.all(files.map(({ url }) => cache.match(getCacheKeyForURL(url) ?? url)));
  return found.filter((response) => response !== undefined).length;
}
