/** `bench load`'s service worker: keeps the app's files as they are asked for. Weights pass: they live in IndexedDB. */
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => {
  const isWeights = /\.bin$|graph-.*\.json$/.test(new URL(event.request.url).pathname);
  if (event.request.method !== 'GET' || isWeights) return;
  const answer = async () => {
    const app = await caches.open('app');
    const kept = await app.match(event.request);
    if (kept !== undefined) return kept;
    const response = await fetch(event.request);
    await app.put(event.request, response.clone());
    return response;
  };
  event.respondWith(answer());
});
