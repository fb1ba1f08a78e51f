/**
 * Every kernel of TF.js that the writer emits, held to the reference: `node test/kernels/main.mjs [--backend wasm] [--subject conv2d]`
 * prints what is not right. `npm run evidence -- kernels` runs all of it. What was tried with the same code is kept, so that a run
 * that was interrupted goes on.
 */
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { FLAGS, findChromium, SOFTWARE_WEBGPU } from '../../scripts/browsers.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, '.cache/kernels/code');
const keptIn = join(root, '.cache/kernels');

export const BACKENDS = ['cpu', 'wasm', 'webgpu'];

const PAGE = '<!doctype html><title>Kernels</title><script src="/page-program.js" type="module"></script>';

/** Longest that a case may take; a chunk of cases in a page has as much for each. */
const STUCK_MS = 60_000;

/** Cases that a page is given at once. */
const CHUNK = 20;

/** Bundles the cases with the code that they try. @returns all trials, the ways in which each backend runs them, and a hash of that code */
async function bundle() {
  rmSync(folder, { recursive: true, force: true });
  const entry = (name) => join(root, `test/kernels/${name}.ts`);
  const shared = { bundle: true, format: 'esm', logLevel: 'warning' };
  const node = { ...shared, platform: 'node', packages: 'external', splitting: true, outdir: folder, outExtension: { '.js': '.mjs' } };
  await build({ ...node, entryPoints: { 'node-program': entry('node-program'), trials: entry('trials'), ways: entry('ways') } });
  await build({ ...shared, platform: 'browser', entryPoints: [entry('page-program')], outfile: join(folder, 'page-program.js') });
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) if (/js$/.test(name)) hash.update(readFileSync(join(folder, name)));
  const [{ allTrials }, { WAYS }] = await Promise.all(
    ['trials', 'ways'].map((name) => import(pathToFileURL(join(folder, `${name}.mjs`)).href)),
  );
  return { trials: allTrials(), ways: WAYS, hash: hash.digest('hex').slice(0, 16) };
}

/** Runs cases in a process of its own, and in another one if that ends or hangs. @param tell gets place and verdict of each */
async function runInNode(backend, places, tell) {
  for (let rest = places; rest.length > 0; ) {
    const child = fork(join(folder, 'node-program.mjs'), [], { cwd: root, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    let timer;
    let isStuck = false;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        isStuck = true;
        child.kill('SIGKILL');
      }, STUCK_MS);
    };
    watch();
    child.on('message', ({ place, verdict }) => {
      tell(place, verdict);
      rest = rest.slice(1);
      watch();
    });
    child.send({ backend, places: rest });
    // What it has told may arrive after its end, but not after its channel is closed.
    const closed = new Promise((resolve) => child.once('disconnect', resolve));
    const [code, signal] = await new Promise((resolve) => child.once('exit', (...how) => resolve(how)));
    await closed;
    clearTimeout(timer);
    if (rest.length === 0) return;
    if (code !== null && code !== 0 && rest.length === places.length)
      throw new Error(`The process of ${backend} ends with ${code} at once.`);
    tell(rest[0], { kind: 'failed', message: isStuck ? `takes more than ${STUCK_MS} ms` : `ends the process (${signal ?? code})` });
    rest = rest.slice(1);
  }
}

/** Runs cases in a page of a browser of its own, and in another one if that crashes or hangs. */
async function runInPage(places, tell) {
  const site = createServer(({ url }, response) => {
    const [type, body] = url === '/' ? ['text/html', PAGE] : ['text/javascript', readFileSync(join(folder, 'page-program.js'))];
    response.writeHead(200, { 'Content-Type': type }).end(body);
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  let browser;
  let page;
  const open = async () => {
    await browser?.close();
    browser = await chromium.launch({ executablePath: findChromium(), args: [...FLAGS, ...SOFTWARE_WEBGPU] });
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${site.address().port}/`);
  };
  const verdicts = async (chunk) => {
    let timer;
    const stuck = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`takes more than ${STUCK_MS} ms`)), STUCK_MS + chunk.length * 2_000);
    });
    const crashed = new Promise((_, reject) => page.once('crash', () => reject(new Error('crashes the page'))));
    try {
      return await Promise.race([page.evaluate((given) => globalThis.verdictsOf(given), chunk), stuck, crashed]);
    } finally {
      clearTimeout(timer);
    }
  };
  try {
    await open();
    for (let at = 0; at < places.length; at += CHUNK) {
      const chunk = places.slice(at, at + CHUNK);
      try {
        for (const [index, verdict] of (await verdicts(chunk)).entries()) tell(chunk[index], verdict);
      } catch {
        // One of the chunk ends the page: each is tried by itself.
        for (const place of chunk) {
          await open();
          const [verdict] = await verdicts([place]).catch(({ message }) => [{ kind: 'failed', message }]);
          tell(place, verdict);
        }
        await open();
      }
    }
  } finally {
    await browser?.close();
    site.close();
  }
}

/** A verdict with what it is about. A fault that is no more, or that is on another backend, is wrong, too. */
function resultOf(trial, backend, verdict) {
  if (trial.fault === undefined) return { id: trial.id, subject: trial.subject, dataType: trial.dataType, ...verdict };
  const isThere = verdict.kind !== 'right';
  const isKnown = trial.on.includes(backend);
  const message = isThere ? `is wrong here, too: ${verdict.message}` : 'is right by now: what avoids the fault can go';
  return { id: `${trial.op} ${trial.fault}`, fault: true, kind: isThere === isKnown ? 'known' : 'wrong', message };
}

/**
 * Tries cases and known faults on backends.
 * @param {{ backends?: readonly string[], subjects?: readonly string[], print?: (line: string) => void }} options default all
 * @returns for each backend, the verdicts in the order of the trials, and how many calls each is of
 */
export async function tryAll({ backends = BACKENDS, subjects, print = console.log } = {}) {
  const { trials, ways, hash } = await bundle();
  const chosen = trials.flatMap(({ subject }, place) => ((subjects?.includes(subject) ?? true) ? [place] : []));
  const results = {};
  for (const backend of backends) {
    const file = join(keptIn, `${backend}-${hash}.jsonl`);
    const kept = existsSync(file)
      ? readFileSync(file, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
      : [];
    const verdicts = new Map(kept.map(({ place, verdict }) => [place, verdict]));
    const startMs = performance.now();
    const tell = (place, verdict) => {
      verdicts.set(place, verdict);
      appendFileSync(file, `${JSON.stringify({ place, verdict })}\n`);
    };
    const rest = chosen.filter((place) => !verdicts.has(place));
    await (backend === 'webgpu' ? runInPage(rest, tell) : runInNode(backend, rest, tell));
    results[backend] = chosen.map((place) => resultOf(trials[place], backend, { ...verdicts.get(place), calls: ways[backend].length }));
    for (const { kind, id, message } of results[backend])
      if (kind === 'wrong' || kind === 'failed') print(`${backend} ${kind}: ${id}: ${message}`);
    print(`${backend}: ${chosen.length} trials, ${rest.length} of them tried now in ${Math.round((performance.now() - startMs) / 1000)} s`);
  }
  return results;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: { backend: { type: 'string', multiple: true }, subject: { type: 'string', multiple: true } },
  });
  const results = await tryAll({ backends: values.backend, subjects: values.subject });
  const all = Object.values(results).flat();
  for (const kind of ['right', 'wrong', 'failed', 'refused', 'known'])
    console.log(`${kind}: ${all.filter((each) => each.kind === kind).length}`);
  process.exitCode = all.some(({ kind }) => kind === 'wrong' || kind === 'failed') ? 1 : 0;
}
