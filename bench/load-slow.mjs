/** `bench load` on a line of 20 Mbit/s and 40 ms: opened while the bytes come, against opened when all are there. */
import { resultOf } from './site.mjs';
import { median, ratioText } from './statistics.mjs';

const LINE = { offline: false, latency: 40, downloadThroughput: 20e6 / 8, uploadThroughput: 20e6 / 8 };

const KINDS = ['yes', 'no'];

export async function slowLine(browser, site, pairs) {
  const visit = async (overlaps) => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const devTools = await context.newCDPSession(page);
    await devTools.send('Network.enable');
    await devTools.send('Network.emulateNetworkConditions', LINE);
    const result = await resultOf(page, `${site.url}/slow.html?overlaps=${overlaps}`);
    await context.close();
    return result;
  };
  for (const overlaps of KINDS) await visit(overlaps);
  const rounds = [];
  for (let pair = 0; pair < pairs; pair++) {
    const round = {};
    for (const overlaps of pair % 2 === 0 ? KINDS : KINDS.toReversed()) round[overlaps] = await visit(overlaps);
    if (Math.abs(round.yes.value - round.no.value) > 1e-6) throw new Error(`It answered ${round.yes.value}, and ${round.no.value}.`);
    rounds.push(round);
  }
  const of = (overlaps, key) => median(rounds.map((round) => round[overlaps][key]));
  const report = (overlaps) => Object.fromEntries(['totalMs', 'weightsMs', 'openMs', 'exposedMs'].map((key) => [key, of(overlaps, key)]));
  return {
    what: '20 Mbit/s, 40 ms; opened as the bytes come / when all are there; exposedMs: from the last byte until the model is open',
    shards: rounds[0].yes.shards,
    ratio: ratioText(rounds.map(({ yes, no }) => yes.totalMs / no.totalMs)),
    exposedRatio: ratioText(rounds.map(({ yes, no }) => yes.exposedMs / no.exposedMs)),
    overlapped: report('yes'),
    notOverlapped: report('no'),
    mostShardsAboveWeights: Math.max(...rounds.map(({ yes }) => yes.shardsAboveWeights)),
  };
}
