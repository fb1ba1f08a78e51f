/**
 * Finds the slowest steps of compiled models. For each it prints the share of the machine's bounds that the step reaches in a run, and
 * that its kernel reaches alone. A bound is the peak of multiplications and additions that stay in registers, or of a copy in the caches,
 * whichever would take the step's work longer.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { commit, machine } from '../scripts/machine.mjs';
import { MODELS, PUBLIC } from './compiled/models.mjs';
import { bundlePrograms } from './programs.mjs';
import { launch, serve } from './site.mjs';

const FOLDER = '.cache/bench/layers';
const RESULT = 'bench/results/layers.json';
const ROUNDS = 41;
const SHOWN = 5;

/** An isolated page's clock is exact to 5 µs. */
const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** @param {string} [only] one model instead of all that somebody published @param {number} [shown] how many of the slowest steps are told */
export async function run(only, shown = SHOWN) {
  const models = only === undefined ? PUBLIC : [only];
  const { prepare } = await bundlePrograms('bench/layers', FOLDER);
  for (const name of models) {
    const { files, about } = await prepare(MODELS[name].pack, MODELS[name].shapes);
    mkdirSync(`${FOLDER}/${name}`, { recursive: true });
    for (const [file, bytes] of Object.entries(files)) writeFileSync(`${FOLDER}/${name}/${file}`, bytes);
    writeFileSync(`${FOLDER}/${name}/about.json`, JSON.stringify(about));
  }
  writeFileSync(`${FOLDER}/page.html`, '<!doctype html><title>bench</title><script type="module" src="/page.js"></script>');
  const site = await serve({ '/': FOLDER }, {}, ISOLATED);
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(`${site.url}/page.html`);
    await page.waitForFunction(() => 'measureLayers' in globalThis);
    const tables = [];
    for (const name of models) {
      const measured = await page.evaluate(([model, rounds]) => globalThis.measureLayers(model, rounds), [name, ROUNDS]);
      tables.push(tableOf(name, measured, shown));
    }
    return tables;
  } finally {
    await browser.close();
    site.close();
  }
}

/** Keeps the tables, each in the place of the one of the same model. A table that shows more steps is printed alone. */
export function report(tables) {
  const kept = existsSync(RESULT) ? JSON.parse(readFileSync(RESULT, 'utf8')).models : [];
  const shown = tables.map((table) => ({ commit: commit(), ...table, slowest: table.slowest.slice(0, SHOWN) }));
  const models = PUBLIC.flatMap((name) => [...shown, ...kept].find((table) => table.name === name) ?? []);
  writeFileSync(RESULT, `${JSON.stringify({ machine: machine(), models }, null, 2)}\n`);
}

/** @returns the slowest steps, slowest first */
function tableOf(name, { bounds, steps }, shown) {
  const totalMs = steps.reduce((sum, { inRunMs }) => sum + inRunMs, 0);
  const round = (value, digits = 3) => Number(value.toFixed(digits));
  const slowest = steps.toSorted((a, b) => b.inRunMs - a.inRunMs).slice(0, shown);
  return {
    name,
    totalMs: round(totalMs),
    gigaFlopPerSecond: round(steps.reduce((sum, { flop }) => sum + flop, 0) / totalMs / 1e6, 1),
    peakGigaFlopPerSecond: round(bounds.flopPerSecond / 1e9, 1),
    copyGigabytesPerSecond: round(bounds.bytesPerSecond / 1e9, 1),
    slowest: slowest.map(({ op, origin, shapes, flop, bytes, inRunMs, aloneMs }) => {
      const [arithmeticMs, copyMs] = [(1000 * flop) / bounds.flopPerSecond, (1000 * bytes) / bounds.bytesPerSecond];
      const boundMs = Math.max(arithmeticMs, copyMs);
      const speed = (ms) => (flop > 0 ? `${round(flop / ms / 1e6, 1)} GFLOP/s` : `${round(bytes / ms / 1e6, 1)} GB/s`);
      return {
        ...{ op, origin, shapes, ms: round(inRunMs), share: round(inRunMs / totalMs), speed: speed(inRunMs) },
        ...{ bound: arithmeticMs > copyMs ? 'arithmetic' : 'copy', ofBound: round(boundMs / inRunMs, 2), alone: speed(aloneMs) },
      };
    }),
  };
}
