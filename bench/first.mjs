/**
 * How much later the first prediction comes where all backends are allowed than with wasm alone, MoveNet on an empty
 * profile, WebGPU on a software adapter, which is not raced; what is then chosen, against what `pannier doctor --run` measures; and
 * what a second visit starts on. On a page that is isolated and on one that is not.
 */
import { spawnSync } from 'node:child_process';
import { SOFTWARE_WEBGPU } from '../scripts/browsers.mjs';
import { build, launch, resultOf, serve } from './site.mjs';
import { median, ratioText } from './statistics.mjs';

const SIDES = ['auto', 'wasm'];

/** Pairs of which the visitor stays until autotuning is over, and comes back. */
const STAYING = 3;

/** Until a fresh browser window is at rest. */
const SETTLE_MS = 1_500;

/** Of a page whose visitor stays: each backend may take 20 s for each of three stages. */
const TRIAL_LIMIT_MS = 180_000;

const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export async function run(pairs = 15) {
  await build(['first']);
  const browser = await launch(SOFTWARE_WEBGPU);
  const plain = await compare(browser, {}, pairs);
  const isolated = await compare(browser, ISOLATED, pairs);
  await browser.close();
  return {
    what: 'navigation start to first outputs, all backends allowed / wasm alone, median of ratios [95 %]',
    pairs,
    plain,
    isolated,
    doctor: diagnose(),
  };
}

async function compare(browser, headers, pairs) {
  const site = await serve({ '/': '.cache/bench/pages' }, {}, headers);
  const visit = async (context, side, stays) => {
    const page = await context.newPage();
    const workers = [];
    page.on('worker', (worker) => workers.push(worker.url().match(/(webgpu|wasm|cpu)/)?.[0]));
    // A new window's own pages (tab strip, search) keep both cores busy for a while.
    await page.waitForTimeout(SETTLE_MS);
    const result = await resultOf(page, `${site.url}/first.html?backend=${side}${stays ? '&stay' : ''}`, TRIAL_LIMIT_MS);
    if (result.crossOriginIsolated !== Object.hasOwn(headers, 'Cross-Origin-Opener-Policy'))
      throw new Error('Isolation is not as asked for.');
    await page.close();
    return { ...result, workers };
  };
  const rounds = [];
  const stays = [];
  // The first round is not counted: the server's and the browser's own caches fill.
  for (let round = 0; round <= pairs; round++) {
    const first = {};
    // In turns: a drift of the machine's speed meets both sides alike.
    for (const side of round % 2 === 0 ? SIDES : SIDES.toReversed()) {
      const context = await browser.newContext();
      first[side] = await visit(context, side, false);
      await context.close();
    }
    if (Math.abs(first.auto.value - first.wasm.value) > 1e-3) throw new Error(`One answered ${first.auto.value}, one ${first.wasm.value}`);
    if (round > 0) rounds.push(first);
  }
  for (let stay = 0; stay < Math.min(STAYING, pairs); stay++) {
    const context = await browser.newContext();
    stays.push({ first: await visit(context, 'auto', true), second: await visit(context, 'auto', true) });
    await context.close();
  }
  site.close();
  return {
    ratio: ratioText(rounds.map(({ auto, wasm }) => auto.firstMs / wasm.firstMs)),
    autoMs: median(rounds.map(({ auto }) => auto.firstMs)),
    wasmMs: median(rounds.map(({ wasm }) => wasm.firstMs)),
    trials: stays.map(({ first, second }) => ({
      began: first.began,
      chosen: first.backend,
      selection: first.selection.map(({ backend, state, p50Ms, reason }) => ({ backend, state, p50Ms, reason })),
      secondVisit: { began: second.began, workers: second.workers, allRemembered: second.selection.every(({ remembered }) => remembered) },
    })),
  };
}

/** Medians of warm calls on each backend alone, and whose is lowest. */
function diagnose() {
  const { stdout } = spawnSync(process.execPath, ['dist/cli.js', 'doctor', 'examples/pose/model', '--run', '--json'], { encoding: 'utf8' });
  const ran = Object.entries(JSON.parse(stdout).backends).filter(([, each]) => each.ran);
  const p50Ms = Object.fromEntries(ran.map(([backend, each]) => [backend, each.p50Ms]));
  return { fastest: ran.toSorted(([, one], [, other]) => one.p50Ms - other.p50Ms)[0]?.[0], p50Ms };
}
