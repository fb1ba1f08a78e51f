/**
 * From navigation start to outputs in JavaScript memory, MoveNet on wasm: a first visit with an empty
 * profile and a second one, against a page that has only TF.js's core, converter and wasm backend. Then a
 * start without the server, and one on a slow line.
 */
import { offlineStart } from './load-offline.mjs';
import { slowLine } from './load-slow.mjs';
import { build, launch, resultOf, serve, unpack } from './site.mjs';
import { median, ratioText } from './statistics.mjs';

/** Ours as it is, ours on the page's own thread (what the worker costs), and the rival. */
const SIDES = { worker: 'ours.html?thread=worker', page: 'ours.html?thread=page', rival: 'rival.html?' };

/** Until a fresh browser window is at rest. */
const SETTLE_MS = 1_500;

export async function run(pairs = 15) {
  await build(['ours', 'rival', 'slow']);
  unpack('examples/pose/model', '.cache/bench/model');
  const folders = { '/dist/': 'dist', '/model/': '.cache/bench/model', '/sw/': 'bench/pages/sw', '/': '.cache/bench/pages' };
  const serveSite = () => serve(folders, {}, { 'Service-Worker-Allowed': '/' });
  const site = await serveSite();
  const browser = await launch();
  const visit = async (name) => {
    const context = await browser.newContext();
    const page = await context.newPage();
    // A new window's own pages (tab strip, search) keep both cores busy for a while.
    await page.waitForTimeout(SETTLE_MS);
    const first = await resultOf(page, `${site.url}/${SIDES[name]}`);
    const second = await resultOf(page, `${site.url}/${SIDES[name]}&again`);
    await context.close();
    if (Math.abs(first.value - second.value) > 1e-6) throw new Error(`${name} answered ${first.value}, then ${second.value}`);
    return { first, second };
  };
  for (const name of Object.keys(SIDES)) await visit(name);
  const rounds = [];
  for (let pair = 0; pair < pairs; pair++) {
    // In turns: a drift of the machine's speed meets all sides alike.
    const names = Object.keys(SIDES);
    const round = {};
    for (const name of pair % 2 === 0 ? names : names.toReversed()) round[name] = await visit(name);
    rounds.push(round);
  }
  const slow = await slowLine(browser, site, pairs);
  const offline = await offlineStart(browser, serveSite, pairs, SETTLE_MS);
  await browser.close();
  site.close();
  const of = (name, which, pick) => median(rounds.map((round) => pick(round[name][which])));
  const ratio = (name, which) => ratioText(rounds.map((round) => round[name][which].totalMs / round.rival[which].totalMs));
  const report = (which) => ({
    ratio: ratio('worker', which),
    ratioOnPageThread: ratio('page', which),
    oursMs: of('worker', which, ({ totalMs }) => totalMs),
    oursOnPageThreadMs: of('page', which, ({ totalMs }) => totalMs),
    rivalMs: of('rival', which, ({ totalMs }) => totalMs),
    sharesMs: Object.fromEntries(
      ['startMs', 'weightsMs', 'hashMs', 'openMs', 'goldenMs'].map((stage) => [
        stage,
        of('worker', which, ({ loadTiming }) => loadTiming[stage]),
      ]),
    ),
    predictMs: of('worker', which, ({ predictMs }) => predictMs),
  });
  return {
    what: 'navigation start to outputs, ours / tf.loadGraphModel, median of ratios [95 %]',
    pairs,
    firstVisit: report('first'),
    secondVisit: report('second'),
    offlineStart: offline,
    slowLine: slow,
  };
}
