/**
 * The whole browser is killed (-9) at random moments of a first load and of an update. The next start on the same profile has to
 * answer right, never as a mixture of two versions, and may not download what was stored.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sirv from 'sirv';
import { pack } from '../../dist/pack.js';
import { FLAGS, findChromium, findFirefox } from '../../scripts/browsers.mjs';
import { randomFrom } from '../fixtures/random.mjs';

/** One weight each, of exactly one shard; the second version changes two. */
const SHARDS = 6;
const SHARD_VALUES = 2 ** 19;
const CHANGED = [1, 4];

/** A shard's last byte leaves the server so long after its first, times its place: they end one after the other. */
const SHARD_MS = 120;

/** The kill comes within this time of the model's first request, which is over some 800 ms after it. */
const LATEST_MS = 1_300;

/** Longer than any start on a busy machine. */
const LIMIT_MS = 90_000;

const BROWSERS = {
  chromium: {
    find: findChromium,
    args: (profile, url) => [...FLAGS, '--headless=new', '--disable-gpu', `--user-data-dir=${profile}`, url],
  },
  firefox: { find: findFirefox, args: (profile, url) => ['--headless', '--no-remote', '--profile', profile, url] },
};

/** Nothing of its own on the network, no pages about itself, no processes that the page does without. */
const FIREFOX_PREFERENCES = {
  'browser.shell.checkDefaultBrowser': false,
  'browser.aboutwelcome.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'app.update.enabled': false,
  'toolkit.startup.max_resumed_crashes': -1,
  'browser.sessionstore.resume_from_crash': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'browser.newtab.preload': false,
  'dom.ipc.processPrelaunch.enabled': false,
  'media.rdd-process.enabled': false,
  'network.process.enabled': false,
  'extensions.webextensions.remote': false,
  'browser.tabs.remote.separatePrivilegedContentProcess': false,
};

/**
 * @param firstLoads how many first loads are killed
 * @param updates how many updates are
 * @param engine chromium or firefox
 * @returns what the next starts did, and whether that passes; after a SIGINT, of those until then
 */
export async function run({ firstLoads = 200, updates = 50, seed = Date.now() % 2 ** 31, engine = 'chromium', print = console.log } = {}) {
  print(`${firstLoads} first loads and ${updates} updates killed in ${engine}, seed ${seed}`);
  const random = randomFrom(seed);
  const folder = mkdtempSync(join(tmpdir(), 'pannier-kills-'));
  const site = await serve(folder);
  try {
    const versions = { one: await packVersion('one', folder), two: await packVersion('two', folder) };
    const fresh = join(folder, 'fresh');
    const updatable = join(folder, 'updatable');
    prepare(engine, fresh);
    // So that no start pays for making a profile.
    await visit(engine, fresh, site, 'version=none', 'loaded');
    cpSync(fresh, updatable, { recursive: true });
    await visit(engine, updatable, site, 'version=one', 'whole');
    const results = [];
    const count = firstLoads + updates;
    let isStopped = false;
    process.once('SIGINT', () => {
      isStopped = true;
    });
    for (let index = 0; index < count && !isStopped; index++) {
      // Spread, so that one that is stopped early has its share of updates.
      const isUpdate = ((index + 1) * updates) % count < updates;
      const killAfterMs = Math.floor(random() * LATEST_MS);
      const from = isUpdate ? updatable : fresh;
      // One that never came is a finding too; the others go on.
      const one = await killOnce({ engine, folder, site, versions, from, isUpdate, killAfterMs }).catch(({ message }) => {
        for (const pid of running) killTree(pid);
        return { isUpdate, problems: [message] };
      });
      results.push(one);
      for (const each of one.problems) print(`${index + 1} (${isUpdate ? 'update' : 'first load'}, ${killAfterMs} ms): ${each}`);
      if ((index + 1) % 10 === 0) print(`${index + 1} kills`);
    }
    return { engine, seed, ...summaryOf(results) };
  } finally {
    for (const pid of running) killTree(pid);
    await site.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Browsers by their main process. */
const running = new Set();

/** One browser that is killed, and the one that comes after it. */
async function killOnce({ engine, folder, site, versions, from, isUpdate, killAfterMs }) {
  const profile = join(folder, 'profile');
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  cpSync(from, profile, { recursive: true });
  const version = isUpdate ? 'two' : 'one';
  const wanted = versions[version];

  const killed = start(engine, profile, `${site.begin(true)}&version=${version}`);
  await site.until(() => site.asked.length > 0, 'the first request of the model');
  await sleep(killAfterMs);
  killTree(killed.pid);
  await killed.ended;
  // What it told by then.
  await sleep(20);
  const stored = new Set(site.told.flatMap(({ stored }) => stored ?? []));
  const shardsStored = wanted.assets.filter(({ sha256 }) => stored.has(sha256));
  const hadLoaded = site.told.some(({ loaded }) => loaded !== undefined);

  const next = start(engine, profile, `${site.begin(false)}&version=${version}${isUpdate ? '&old=one' : ''}`);
  await site.until(() => site.told.some(({ loaded }) => loaded !== undefined), 'the answer of the next start');
  killTree(next.pid);
  await next.ended;

  const loaded = JSON.parse(site.told.find(({ loaded }) => loaded !== undefined).loaded);
  const told = site.told.find(({ old }) => old !== undefined)?.old;
  const old = told === undefined ? undefined : JSON.parse(told);
  const problems = [];
  if (loaded.answer !== wanted.answer) problems.push(`it answered ${JSON.stringify(loaded)}, not ${wanted.answer}`);
  if (old?.answer !== undefined && old.answer !== versions.one.answer)
    problems.push(`the old version answered ${old.answer}, not ${versions.one.answer}`);
  // What both versions have was there before the update.
  const kept = isUpdate ? versions.one.assets.filter(({ name }) => wanted.assets.some((each) => each.name === name)) : [];
  for (const { name } of [...shardsStored, ...kept]) {
    const times = site.asked.filter((path) => path.endsWith(name)).length;
    if (times > 0) problems.push(`${name} was stored and is downloaded again`);
  }
  for (const path of new Set(site.asked)) {
    const times = site.asked.filter((each) => each === path).length;
    if (times > 1) problems.push(`${path} is asked for ${times} times in one start`);
  }
  if (problems.length > 0) problems.push(`the next start, cache ${loaded.cache}, said: ${loaded.notes?.join(' ') || 'nothing'}`);
  return { isUpdate, problems, shardsStored: shardsStored.length, hadLoaded, oldAnswered: old?.answer !== undefined, cache: loaded.cache };
}

function summaryOf(results) {
  const count = (test) => results.filter(test).length;
  const first = results.filter(({ isUpdate }) => !isUpdate);
  const problems = results.flatMap((each) => each.problems);
  const storedCounts = [...Array(SHARDS + 3).keys()].map((stored) => first.filter(({ shardsStored }) => shardsStored === stored).length);
  return {
    passes: problems.length === 0,
    firstLoads: first.length,
    updates: results.length - first.length,
    /** How many first loads were killed when so many assets had been told as stored. */
    firstLoadsByAssetsStored: storedCounts,
    killedAfterTheAnswer: count(({ hadLoaded }) => hadLoaded),
    oldVersionStillAnswered: count(({ oldAnswered }) => oldAnswered),
    nextStartFromCache: Object.fromEntries(
      ['hit', 'partial', 'miss', 'unavailable'].map((each) => [each, count(({ cache }) => cache === each)]),
    ),
    problems,
  };
}

/** One visit from start to end, until the page tells of something; the browser then closes in peace. */
async function visit(engine, profile, site, query, field) {
  const { pid, ended } = start(engine, profile, `${site.begin(false)}&${query}`);
  await site.until(() => site.told.some((each) => each[field] !== undefined), `${field} of ${query}`);
  await sleep(500);
  process.kill(pid, 'SIGTERM');
  await Promise.race([ended, sleep(5_000)]);
  killTree(pid);
  await ended;
}

function prepare(engine, profile) {
  mkdirSync(profile, { recursive: true });
  if (engine !== 'firefox') return;
  const lines = Object.entries(FIREFOX_PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`);
  writeFileSync(join(profile, 'user.js'), lines.join('\n'));
}

function start(engine, profile, url) {
  const { find, args } = BROWSERS[engine];
  // Of the one that was killed.
  for (const name of ['SingletonLock', 'SingletonSocket', 'SingletonCookie', 'lock', '.parentlock'])
    rmSync(join(profile, name), { force: true });
  const child = spawn(find(), args(profile, url), { stdio: 'ignore', env: { ...process.env, HOME: profile } });
  running.add(child.pid);
  const ended = new Promise((resolve) => child.once('exit', resolve)).then(() => running.delete(child.pid));
  return { pid: child.pid, ended };
}

/** A process and all that came of it, at once. */
function killTree(pid) {
  const parents = new Map();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      // The name in parentheses may hold anything.
      const [, parent] = readFileSync(`/proc/${entry}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      parents.set(Number(entry), Number(parent));
    } catch {
      // It has ended.
    }
  }
  const isOurs = (each) => each === pid || (parents.has(each) && isOurs(parents.get(each)));
  for (const each of [pid, ...[...parents.keys()].filter((each) => each !== pid && isOurs(each))]) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

/** Adds the largest value of each weight, which has a decimal place of its own: every shard shows in the answer. */
async function packVersion(version, folder) {
  const weights = Array.from({ length: SHARDS }, (_, place) => {
    const digit = version === 'two' && CHANGED.includes(place) ? 2 : 1;
    const values = new Float32Array(SHARD_VALUES);
    const random = randomFrom(100 * place + digit);
    for (let index = 0; index < values.length; index++) values[index] = random();
    values[7] = digit * 10 ** place;
    return { name: `w${place}`, values };
  });
  const source = join(folder, 'raw', version);
  mkdirSync(source, { recursive: true });
  const float = { T: { type: 'DT_FLOAT' } };
  const size = { dim: [{ size: '1' }] };
  const node = [
    { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: size } } },
    { name: 'axis', op: 'Const', attr: { dtype: { type: 'DT_INT32' } } },
  ];
  let sum = 'x';
  for (const { name } of weights) {
    node.push({ name, op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } });
    node.push({
      name: `${name}/max`,
      op: 'Max',
      input: [name, 'axis'],
      attr: { ...float, Tidx: { type: 'DT_INT32' }, keep_dims: { b: false } },
    });
    node.push({ name: `${name}/sum`, op: 'AddV2', input: [sum, `${name}/max`], attr: float });
    sum = `${name}/sum`;
  }
  const specs = weights.map(({ name, values }) => ({ name, shape: [values.length], dtype: 'float32' }));
  const info = (name) => ({ name, dtype: 'DT_FLOAT', tensorShape: size });
  const json = {
    format: 'graph-model',
    signature: { inputs: { x: info('x:0') }, outputs: { y: info(`${sum}:0`) } },
    modelTopology: { node, versions: {} },
    weightsManifest: [{ paths: ['w.bin'], weights: [{ name: 'axis', shape: [1], dtype: 'int32' }, ...specs] }],
  };
  writeFileSync(join(source, 'w.bin'), Buffer.concat([Buffer.alloc(4), ...weights.map(({ values }) => Buffer.from(values.buffer))]));
  writeFileSync(join(source, 'model.json'), JSON.stringify(json));
  const { manifest } = await pack({ model: join(source, 'model.json'), out: join(folder, 'models', version), name: 'killed', version });
  const assets = [manifest.targets.tfjs.graph, ...manifest.weights, manifest.golden.asset];
  return { assets, answer: weights.reduce((total, { values }) => total + values[7], 0) };
}

/** Serves the built files and the models; tells what was asked for and what pages told. */
async function serve(folder) {
  const page = '<!doctype html><title>kills</title><script type="module" src="/soak/kills-page.js"></script>';
  const files = {
    '/dist/': sirv('dist', { dev: true }),
    '/soak/': sirv('test/soak', { dev: true }),
    '/models/': sirv(join(folder, 'models'), { dev: true }),
  };
  const state = { told: [], asked: [], isSlow: false, starts: 0, onNews: () => undefined };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://site');
    response.setHeader('Cache-Control', 'no-store');
    const { referer = '' } = request.headers;
    // On a busy machine a request of the browser that was killed may come after the next one's first.
    if (referer.includes('?start=') && !referer.includes(`?start=${state.starts}&`)) return void response.destroy();
    if (pathname === '/told') {
      state.told.push(Object.fromEntries(searchParams));
      state.onNews();
      return void response.writeHead(204).end();
    }
    if (pathname === '/') return void response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
    if (/^\/models\/.*\.(bin|json)$/.test(pathname)) {
      state.asked.push(pathname);
      state.onNews();
      if (state.isSlow) return slowly(response, join(folder, pathname), state.asked.length);
    }
    const prefix = Object.keys(files).find((each) => pathname.startsWith(each));
    if (prefix === undefined) return void response.writeHead(404).end();
    request.url = request.url.slice(prefix.length - 1);
    files[prefix](request, response, () => response.writeHead(404).end());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    get told() {
      return state.told;
    },
    get asked() {
      return state.asked;
    },
    /** Listens to the next start alone, whose address this is the first part of. */
    begin(isSlow) {
      Object.assign(state, { told: [], asked: [], isSlow, starts: state.starts + 1 });
      return `http://127.0.0.1:${server.address().port}/?start=${state.starts}`;
    },
    async until(isThere, what) {
      const late = AbortSignal.timeout(LIMIT_MS);
      while (!isThere()) {
        if (late.aborted) throw new Error(`${what} did not come; told: ${JSON.stringify(state.told)}, asked: ${state.asked}`);
        await new Promise((resolve) => {
          state.onNews = resolve;
          setTimeout(resolve, 1_000);
        });
      }
    },
    close: () => new Promise((resolve) => [server.close(resolve), server.closeAllConnections()]),
  };
}

async function slowly(response, path, place) {
  const bytes = readFileSync(path);
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes.length });
  const pieces = 8;
  for (let index = 0; index < pieces; index++) {
    await sleep((place * SHARD_MS) / pieces);
    if (response.destroyed) return;
    response.write(bytes.subarray(Math.ceil((index * bytes.length) / pieces), Math.ceil(((index + 1) * bytes.length) / pieces)));
  }
  response.end();
}
