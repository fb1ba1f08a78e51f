/** `bench load` without a server: weights from IndexedDB, page, code and wasm from a service worker. */
import { resultOf } from './site.mjs';
import { median, ratioText } from './statistics.mjs';

/** @param serveSite serves the pages anew: each round stops its server */
export async function offlineStart(browser, serveSite, pairs, settleMs) {
  const visit = async () => {
    const site = await serveSite();
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.waitForTimeout(settleMs);
    const url = `${site.url}/ours.html?thread=worker&sw`;
    await resultOf(page, url);
    // The service worker is in charge from now on, and keeps what this visit asks for.
    const online = [await resultOf(page, url), await resultOf(page, url)];
    await site.stop();
    const offline = await resultOf(page, url);
    await context.close();
    const { cache } = offline.loadTiming;
    if (cache !== 'hit' || Math.abs(online[0].value - offline.value) > 1e-6)
      throw new Error(`Offline it answered ${offline.value} (${cache}).`);
    return { online: online[1], offline };
  };
  await visit();
  const rounds = [];
  for (let pair = 0; pair < pairs; pair++) rounds.push(await visit());
  return {
    what: 'server stopped / server there, both with a service worker (page, code, wasm) and IndexedDB (weights); navigation start to outputs',
    ratio: ratioText(rounds.map(({ offline, online }) => offline.totalMs / online.totalMs)),
    offlineMs: median(rounds.map(({ offline }) => offline.totalMs)),
    onlineMs: median(rounds.map(({ online }) => online.totalMs)),
  };
}
