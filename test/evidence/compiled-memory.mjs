/**
 * Memory of a page with a model, compiled and on TF.js's wasm backend: how much more the renderer holds than before the load, and
 * whether predicts add to it. `npm run evidence -- compiled-memory`.
 */
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { serve } from '../../bench/site.mjs';
import { FLAGS, findChromium } from '../../scripts/browsers.mjs';
import { packed } from '../conformance/reference.mjs';

/** Models of which memory is compared: small and large weights, small and large tensors between. */
const MODELS = ['movenet-lightning', 'selfie', 'handlandmark-full', 'blazepose-full'];

/** The model whose predicts are counted. */
const REPEATED = 'movenet-lightning';
const PREDICTS = 10_000;

/** Calls after which memory is read: caches of the browser's compiler are full by the first. */
const MARKS = [1_000, 2_500, 5_000, 7_500, PREDICTS];

/** Loads of each model on each engine, in turns; the median counts. */
const ROUNDS = 3;

/** Memory of the compiled model as a share of TF.js's. */
const MAX_SHARE = 0.4;

/** Growth from the first mark to the last one that counts as none: what two reads of the same page differ by. */
const MAX_GROWTH_BYTES = 2e6;

/** A page that is new, or has just loaded a model, gives memory back for a while. */
const SETTLE_MS = 2_000;

/** The browser tells how much a page holds, once it has collected what nobody holds, to an isolated page alone. */
const ISOLATION = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** @param predicts of the model that is run again and again */
export async function run(predicts = PREDICTS) {
  const rows = [];
  for (const name of MODELS) {
    const measured = { compiled: [], tfjs: [] };
    for (let round = 0; round < ROUNDS; round++)
      for (const engine of round % 2 === 0 ? ['compiled', 'tfjs'] : ['tfjs', 'compiled'])
        measured[engine].push(await loadedBytes(name, engine));
    const bytes = Object.fromEntries(Object.entries(measured).map(([engine, all]) => [engine, median(all)]));
    rows.push({ name, weightBytes: await weightBytesOf(name), ...bytes, share: bytes.compiled / bytes.tfjs, measured });
    console.log(
      `${name.padEnd(20)} compiled ${megabytes(bytes.compiled)}, TF.js ${megabytes(bytes.tfjs)}, share ${rows.at(-1).share.toFixed(2)}`,
    );
  }
  const marks = await bytesAfterPredicts(predicts);
  const growthBytes = marks.at(-1).bytes - marks[0].bytes;
  console.log(`${REPEATED}: ${marks.map((each) => `${each.predicts} predicts ${megabytes(each.bytes)}`).join(', ')}`);
  const passes = rows.every(({ share }) => share <= MAX_SHARE) && growthBytes <= MAX_GROWTH_BYTES;
  return {
    what: 'private memory of the renderer above that before the load, in bytes',
    passes,
    rows,
    repeated: { name: REPEATED, growthBytes, marks },
  };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

async function weightBytesOf(name) {
  const { source } = await packed(name);
  return source.weights.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Memory of a loaded model that has answered once. */
const loadedBytes = (name, engine) =>
  withPage(name, async (page, held) => {
    const before = await held();
    await page.evaluate(open, engine);
    return (await held()) - before;
  });

const bytesAfterPredicts = (predicts) =>
  withPage(REPEATED, async (page, held) => {
    const before = await held();
    await page.evaluate(open, 'compiled');
    const marks = [];
    let done = 0;
    for (const mark of MARKS.map((each) => Math.round((each * predicts) / PREDICTS))) {
      await page.evaluate(again, mark - done);
      done = mark;
      marks.push({ predicts: mark, bytes: (await held()) - before });
    }
    return marks;
  });

/** In the page: loads the model and runs it once. */
async function open(engine) {
  const { default: source } = await globalThis.importModule('/model/model.js');
  const { targets } = source;
  const only = engine === 'compiled' ? source : { ...source, targets: { tfjs: targets.tfjs } };
  const model = await globalThis.loadModel(only, { backend: 'wasm', cache: null });
  const inputs = Object.entries(source.golden.samples[0].inputs).map(([name, { shape }]) => {
    const { dtype } = source.signature.inputs[name];
    const size = shape.reduce((product, each) => product * each, 1);
    return [name, { data: new { float32: Float32Array, int32: Int32Array }[dtype](size).fill(1), shape }];
  });
  Object.assign(globalThis, { model, inputs: Object.fromEntries(inputs) });
  await model.predict(globalThis.inputs);
}

/** In the page: runs the model so many times. */
async function again(times) {
  for (let count = 0; count < times; count++) await globalThis.model.predict(globalThis.inputs);
}

/** Opens a page in a browser of its own; `held` gives the private bytes of its renderer after a collection. */
async function withPage(name, use) {
  const { folder } = await packed(name);
  const html = '<!doctype html><title>memory</title>';
  const site = await serve({ '/dist/': 'dist', '/model/': folder }, { '/': html }, ISOLATION);
  // A renderer in reserve would count as the page's; and the browser puts a measurement off until it has reason to collect.
  const args = [...FLAGS, '--disable-features=SpareRendererForSitePerProcess', '--enable-blink-features=ForceEagerMeasureMemory'];
  const browser = await chromium.launch({ executablePath: findChromium(), args });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.addInitScript({ content: 'globalThis.importModule = (url) => import(url);' });
    await page.goto(site.url);
    await page.evaluate(async () => {
      const { loadModel } = await globalThis.importModule('/dist/index.js');
      Object.assign(globalThis, { loadModel });
    });
    const session = await browser.newBrowserCDPSession();
    const held = async () => {
      await page.waitForTimeout(SETTLE_MS);
      for (let time = 0; time < 2; time++) await page.evaluate(() => performance.measureUserAgentSpecificMemory());
      const { processInfo } = await session.send('SystemInfo.getProcessInfo');
      return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { id }) => sum + privateBytes(id), 0);
    };
    return await use(page, held);
  } finally {
    await browser.close();
    site.close();
  }
}

/** Bytes of memory that a process has written, and shares with no other. */
function privateBytes(id) {
  const lines = readFileSync(`/proc/${id}/smaps_rollup`, 'utf8').matchAll(/^Private_Dirty:\s+(\d+) kB$/gm);
  return [...lines].reduce((sum, [, kilobytes]) => sum + 1024 * Number(kilobytes), 0);
}
