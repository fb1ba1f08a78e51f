/**
 * The 41 models before and after the passes: nodes, kernel calls on wasm, dispatches on a software WebGPU, and how far outputs are off.
 * `npm run evidence -- passes41`; what was measured with the same code is kept, so that a run that was interrupted goes on.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { FLAGS, findChromium, SOFTWARE_WEBGPU } from '../../scripts/browsers.mjs';
import { MODELS, modelFile, NEEDED } from '../conformance/models.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, '.cache/passes41');

/** How far an output may be off, as `src/pack/golden/difference.ts` has it. */
const MAX_DIFFERENCE = 1e-4;

/** The models whose sums stand in src/passes/README.md. */
const SUMMED = ['selfie', 'movenet-lightning', 'centernet', 'facemesh-detection-full'];

const PAGE = '<!doctype html><title>Passes</title><script src="/page.js" type="module"></script>';

/** Bundles both programs. @returns a hash of them */
async function bundle() {
  const code = join(folder, 'code');
  rmSync(code, { recursive: true, force: true });
  const entry = (name) => [join(root, `test/evidence/${name}.ts`)];
  const shared = { bundle: true, format: 'esm', logLevel: 'warning' };
  await build({ ...shared, platform: 'node', packages: 'external', entryPoints: entry('passes41-node'), outfile: join(code, 'node.mjs') });
  await build({ ...shared, platform: 'browser', entryPoints: entry('passes41-page'), outfile: join(code, 'page.js') });
  // The golden picture lies beside the packer.
  copyFileSync(join(root, 'src/pack/golden/golden.png'), join(code, 'golden.png'));
  const hash = createHash('sha256');
  for (const name of readdirSync(code).sort()) hash.update(readFileSync(join(code, name)));
  return hash.digest('hex').slice(0, 16);
}

/** A file of a runnable, by its name. */
function fileOf({ graph, weights, feeds, ...rest }, name) {
  if (name === 'graph.json') return graph;
  if (name === 'run.json')
    return JSON.stringify({ ...rest, shards: weights.length, feeds: feeds.map((feed) => ({ ...feed, data: Array.from(feed.data) })) });
  return weights[Number.parseInt(name, 10)];
}

/** Counts the dispatches of graphs in a page. A browser of its own for each model: one that crashes takes no other with it. */
async function dispatchesOf(runnables) {
  const site = createServer(({ url }, response) => {
    const [, which, name] = url.split('/');
    const isPage = which === '' || which === 'page.js';
    const type = which === '' ? 'text/html' : isPage ? 'text/javascript' : 'application/octet-stream';
    const body =
      which === '' ? PAGE : isPage ? readFileSync(join(folder, 'code/page.js')) : fileOf(runnables[which] ?? { weights: [] }, name);
    response.writeHead(body === undefined ? 404 : 200, { 'Content-Type': type }).end(body);
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath: findChromium(), args: [...FLAGS, ...SOFTWARE_WEBGPU] });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.goto(`http://127.0.0.1:${site.address().port}/`);
    await page.waitForFunction(() => 'dispatchesOf' in globalThis);
    const count = (which) => page.evaluate((place) => globalThis.dispatchesOf(place), `/${which}`);
    return { before: await count('before'), after: await count('after') };
  } finally {
    await browser.close();
    site.close();
  }
}

const sum = (rows, key) => ({
  before: rows.reduce((total, row) => total + (row[key]?.before ?? 0), 0),
  after: rows.reduce((total, row) => total + (row[key]?.after ?? 0), 0),
});

/** @param names of models; default all. `passes`: no output of a model is off by more than {@link MAX_DIFFERENCE}. */
export async function run(...names) {
  const hash = await bundle();
  const { measure } = await import(pathToFileURL(join(folder, 'code/node.mjs')).href);
  const kept = join(folder, hash);
  mkdirSync(kept, { recursive: true });
  const rows = [];
  for (const name of names.length > 0 ? names : MODELS) {
    const file = join(kept, `${name}.json`);
    if (!existsSync(file)) {
      const { measured, runnables } = await measure({ model: modelFile(name), ...NEEDED[name] });
      const dispatches = await dispatchesOf(runnables).catch(({ message }) => ({ error: message.split('\n')[0] }));
      writeFileSync(file, JSON.stringify({ name, ...measured, dispatches }));
    }
    rows.push(JSON.parse(readFileSync(file, 'utf8')));
    console.log(JSON.stringify(rows.at(-1)));
  }
  const summed = rows.filter(({ name }) => SUMMED.includes(name));
  const sums = (of) => ({ nodes: sum(of, 'nodes'), kernelCalls: sum(of, 'kernelCalls'), dispatches: sum(of, 'dispatches') });
  return {
    passes: rows.every(({ difference }) => difference <= MAX_DIFFERENCE),
    ...{ models: rows.length, largestDifference: Math.max(...rows.map(({ difference }) => difference)) },
    ...{ all: sums(rows), [SUMMED.join(' + ')]: sums(summed), rows },
  };
}
