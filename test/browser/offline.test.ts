/** The example app after one visit, with its server really gone: a network that a browser emulates lets service workers through. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { scratch } from '../fixtures/models.js';
import { laterBy, withMovableClock } from '../harness/clock.js';
import {
  ENGINE_NAMES,
  type EngineBrowser,
  type EngineName,
  type EnginePage,
  hasEngine,
  keepsProfile,
  launchEngine,
} from '../harness/engines/launch.js';
import { serve } from '../harness/site.js';
import { hasWholeClock, laterForAll } from '../harness/whole-clock.js';
import { LONG_MS, longTest, runs } from '../tier.js';

declare module 'vitest' {
  interface TaskMeta {
    /** What is kept of a test's repetitions in test/evidence/. */
    evidence?: Readonly<Record<string, unknown>>;
  }
}

/** Each by a fresh profile, and followed by three starts. */
const VISITS = runs(34, 1);
const MONTH_MS = 30 * 86_400_000;

/** What a start without a network has to show, by the backend whose file is the easiest to forget. The person is where she is: nothing of the corner is left, all of her nose. */
const RIGHT = { error: '', backend: 'wasm', answer: 'Someone is here, on 54 % of the picture.', ready: 'yes', corner: 0, nose: 255 };

/** The date in the page, beside what the page shows. */
interface Start {
  readonly shown: typeof RIGHT;
  readonly nowMs: number;
}

const app = scratch();

beforeAll(() => {
  const args = ['node_modules/vite/bin/vite.js', 'build', 'examples/offline', '--outDir', app, '--logLevel', 'error'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
});

/** Waits until the page has its answer, or says why it has none. */
const startOf = (page: EnginePage): Promise<Start> =>
  page.evaluate(async () => {
    const find = (selector: string) => document.querySelector<HTMLButtonElement>(selector);
    const wait = () => new Promise((resolve) => setTimeout(resolve, 20));
    const failed = () => find('#error')?.hidden === false;
    while (find('#save')?.disabled !== false && !failed()) await wait();
    // The badge asks the service worker and the cache, which may come a little later than the answer.
    for (let left = 500; left > 0 && find('#badge')?.dataset['ready'] !== 'yes' && !failed(); left--) await wait();
    const context = document.querySelector('canvas')?.getContext('2d');
    const opacityAt = (x: number, y: number) => context?.getImageData(x, y, 1, 1).data[3] ?? -1;
    const shown = {
      error: failed() ? (find('#error')?.textContent ?? '') : '',
      backend: document.querySelector('canvas')?.dataset['backend'] ?? '',
      answer: find('#answer')?.textContent ?? '',
      ready: find('#badge')?.dataset['ready'] ?? '',
      corner: opacityAt(500, 10),
      nose: opacityAt(222, 122),
    };
    return { shown, nowMs: Date.now() };
  });

/** One visit with a server, then three starts without. Gives the engine's version. */
async function visit(engine: EngineName, add: (kind: string, start: Start) => void): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'pannier-offline-'));
  // Servers that allow other origins say this of every file, Vite's preview among them.
  const site = await serve({ '/offline': app }, { headers: { Vary: 'Origin' } });
  // Where a whole browser's clock cannot be moved, that of page and workers can; a service worker keeps the true one.
  if (!hasWholeClock) site.fault(/\/pannier-(compiled|wasm|webgpu|cpu)-\w+-[\w-]+\.js$/, { edit: withMovableClock });
  const browser = await launchEngine(engine, keepsProfile(engine) ? { profile: folder } : {});
  try {
    const url = `${site.url}/offline/`;
    let page = await browser.openPage(url);
    expect((await startOf(page)).shown).toEqual(RIGHT);
    await site.close();
    await expect(fetch(url)).rejects.toThrow();

    await page.reload();
    add('reload', await startOf(page));
    if (!keepsProfile(engine)) return browser.version;
    page = await startAgain(browser, url);
    add('restart', await startOf(page));
    page = hasWholeClock
      ? await laterForAll(MONTH_MS, () => startAgain(browser, url))
      : await startAgain(browser, url, { init: laterBy(MONTH_MS) });
    add('a month later', await startOf(page));
    expect((page.complaints() ?? []).filter((each) => each.startsWith('policy: '))).toEqual([]);
    return browser.version;
  } finally {
    await browser.close();
    await site.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    expect(site.violations).toEqual([]);
  }
}

async function startAgain(browser: EngineBrowser, url: string, options?: { init: string }): Promise<EnginePage> {
  await browser.restart();
  return browser.openPage(url, options);
}

for (const engine of ENGINE_NAMES) {
  const testHere = engine === 'chromium' ? test : longTest;
  testHere(
    `${engine} starts the app and predicts rightly, its server gone after one visit`,
    { timeout: LONG_MS },
    async ({ task, skip }) => {
      skip(!hasEngine(engine), `There is no ${engine} on this machine.`);
      const starts: (Start & { kind: string; atMs: number })[] = [];
      let version = '';
      for (let visits = 0; visits < VISITS; visits++)
        version = await visit(engine, (kind, start) => starts.push({ kind, ...start, atMs: Date.now() }));

      const counts: Record<string, { right: number; of: number }> = {};
      for (const { kind, shown } of starts) {
        counts[kind] ??= { right: 0, of: 0 };
        counts[kind].of++;
        if (JSON.stringify(shown) === JSON.stringify(RIGHT)) counts[kind].right++;
      }
      const clock = hasWholeClock ? 'of the whole browser' : 'of page and workers';
      task.meta.evidence = { version, ...(counts['a month later'] && { clock }), starts: counts };
      expect(starts.filter(({ shown }) => JSON.stringify(shown) !== JSON.stringify(RIGHT))).toEqual([]);
      const later = starts.filter(({ kind }) => kind === 'a month later');
      expect(later.every(({ nowMs, atMs }) => Math.abs(nowMs - atMs - MONTH_MS) < 60_000)).toBe(true);
      expect(Object.keys(counts)).toEqual(keepsProfile(engine) ? ['reload', 'restart', 'a month later'] : ['reload']);
    },
  );
}
