/**
 * Finds the slowest steps of compiled models. For each it prints the share of the machine's bounds that the step reaches in a run, and
 * that its kernel reaches alone. A bound is the peak of multiplications and additions that stay in registers, or of a copy in the caches,
 * whichever would take the step's work longer.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { MODELS } from './compiled/models.mjs';
import { bundlePrograms } from './programs.mjs';
import { launch, serve } from './site.mjs';

const FOLDER = '.cache/bench/layers';
const ROUNDS = 41;
const SHOWN = 5;

/** An isolated page's clock is exact to 5 µs. */
const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** @param {string} [only] one model instead of all @param {number} [shown] how many of the slowest steps are told */
export async function run(only, shown = SHOWN) {
  const models = only === undefined ? Object.keys(MODELS) : [only];
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
      const boundMs = 1000 * Math.max(flop / bounds.flopPerSecond, bytes / bounds.bytesPerSecond);
      const speed = (ms) => (flop > 0 ? `${round(flop / ms / 1e6, 1)} GFLOP/s` : `${round(bytes / ms / 1e6, 1)} GB/s`);
      return {
        ...{ op, origin, shapes, ms: round(inRunMs), share: round(inRunMs / totalMs), speed: speed(inRunMs) },
        ...{ ofBound: round(boundMs / inRunMs, 2), alone: speed(aloneMs) },
      };
    }),
  };
}
