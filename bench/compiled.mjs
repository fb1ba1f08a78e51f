/**
 * The compiler's modules against TF.js's wasm backend on the same simplified graphs, in one page, in turns: a plain SIMD module and a
 * relaxed one. Inputs are copied in and outputs out on all sides.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { modelFile, OPTIONS } from '../test/conformance/models.mjs';
import { bundlePrograms } from './programs.mjs';
import { launch, serve } from './site.mjs';
import { median, ratioText } from './statistics.mjs';

const FOLDER = '.cache/bench/compiled';

/** Models that MediaPipe publishes for LiteRT, too, and larger ones. */
export const MODELS = [
  ...['selfie', 'facemesh-detection-full', 'facemesh-detection-short', 'handlandmark-full', 'handlandmark-lite'],
  ...['blazepose-lite', 'blazepose-full', 'movenet-lightning', 'centernet', 'efficientpose'],
];

/** How far answers of both engines may be from each other. */
const MAX_DIFFERENCE = 2e-3;

export async function run(rounds = 15) {
  const { prepare } = await bundlePrograms('bench/compiled', FOLDER);
  for (const name of MODELS) {
    const { files, about } = await prepare(modelFile(name), OPTIONS[name]);
    mkdirSync(`${FOLDER}/${name}`, { recursive: true });
    for (const [file, bytes] of Object.entries(files)) writeFileSync(`${FOLDER}/${name}/${file}`, bytes);
    writeFileSync(`${FOLDER}/${name}/about.json`, JSON.stringify(about));
  }
  const tfjs = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm');
  const site = await serve(
    { '/': FOLDER },
    { '/page': '<!doctype html><title>bench</title><script type="module" src="/page.js"></script>' },
  );
  const browser = await launch();
  const page = await browser.newPage();
  await page.route('**/tfjs.wasm', (route) => route.fulfill({ path: join(tfjs), contentType: 'application/wasm' }));
  await page.goto(`${site.url}/page`);
  await page.waitForFunction(() => 'measure' in globalThis);
  const rows = [];
  for (const name of MODELS) {
    const { times, difference } = await page.evaluate(([model, count]) => globalThis.measure(model, count), [name, rounds]);
    if (!(difference <= MAX_DIFFERENCE)) throw new Error(`${name} is off by ${difference}`);
    const ratios = (side) => times.tfjs.map((ms, round) => ms / times[side][round]);
    rows.push({
      ...{ name, difference, simd: ratioText(ratios('simd')), relaxed: ratioText(ratios('relaxed')), ratio: median(ratios('relaxed')) },
      leastMs: Object.fromEntries(Object.entries(times).map(([side, all]) => [side, Math.min(...all)])),
    });
    console.error(JSON.stringify(rows.at(-1)));
  }
  await browser.close();
  site.close();
  return {
    what: 'time of TF.js wasm / time of the compiled module, one thread, copies of inputs and outputs included; median of ratios [95 %]',
    rounds,
    geometricMeanOfSeven: Math.exp(rows.slice(0, 7).reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / 7),
    rows,
  };
}
