/**
 * Every storage call, fetch, body chunk and message to and from the worker of a first load, and of an update, fails once. Then:
 * all settles, nothing unverified or mixed reaches an engine, a broken cache costs no answer, and what comes after is right.
 */
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { PannierError } from '../../src/base/errors.js';
import type { Engine, EngineModel } from '../../src/engines/engine.js';
import { loadModel, type Model } from '../../src/index.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { circuitBreaker } from '../../src/select/circuit-breaker.js';
import { idbCache } from '../../src/storage/idb.js';
import { serve } from '../../src/worker/host.js';
import {
  FailOnce,
  type Files,
  type Ill,
  networkThatFails,
  storageThatFails,
  type Taken,
  watchStorage,
  workersThatFail,
} from '../fixtures/fail-once.js';
import { bytesOf, fakeEngine, fakeModel, hashOf, importLazy, shardsOf } from '../fixtures/fakes.js';

/** What an engine was given: the graph and the shards, as one hash. */
const opened = vi.hoisted(() => ({ hashes: [] as string[] }));
const engineThatLooks = vi.hoisted(() => ({ create: undefined as unknown as () => Engine }));
vi.mock('../../src/engines/tfjs/cpu.js', () => ({ start: async () => engineThatLooks.create() }));

/** Of the model itself and of its load; what a visitor would not wait for any more is over long before. */
const DEADLINE_MS = 200_000;

const steps = new FailOnce();
let workers: ReturnType<typeof workersThatFail>;

interface Version {
  readonly manifest: Manifest;
  readonly files: Files;
  /** What it makes of zeros. */
  readonly answer: number;
}

/** Versions differ in their first shard, which is what they add. */
function versionOf(name: string, answer: number): Version {
  const added = new Uint8Array(new Float32Array(4).fill(answer).buffer);
  const { manifest, files } = fakeModel(name, [added, bytesOf(50, 2), bytesOf(60, 3)]);
  return { manifest, files, answer };
}
const first = versionOf('model', 1);
const second = versionOf('model', 2);
const bystander = versionOf('bystander', 5);
const wholes = new Set(
  [first, second, bystander].map(({ files }) => hashOf(Buffer.concat([...files].slice(0, -1).map(([, each]) => each)))),
);

beforeAll(async () => {
  // What a load imports on its way takes the real time of a disk.
  await Promise.all([importLazy(), import('../../src/engines/local.js'), import('../../src/storage/guarded.js')]);
  engineThatLooks.create = () => {
    const engine = fakeEngine();
    const { open } = engine;
    return Object.assign(engine, {
      open: async (model: EngineModel) => {
        const weights = await shardsOf(model.weights);
        opened.hashes.push(hashOf(Buffer.concat([model.graph, ...weights].map((each) => new Uint8Array(each)))));
        return open({ ...model, weights });
      },
    });
  };
  // Not on other threads, so that the same steps come in the same order each time.
  vi.spyOn(crypto.subtle, 'digest').mockImplementation(async (_, bytes) => {
    const { buffer } = Uint8Array.from(
      createHash('sha256')
        .update(new Uint8Array(bytes as ArrayBuffer))
        .digest(),
    );
    return buffer;
  });
  watchStorage(steps);
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
  workers = workersThatFail(steps, () => serve('cpu', async () => engineThatLooks.create()));
});
afterEach(() => vi.useRealTimers());
afterAll(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Until nobody takes a step any more without a timer. */
async function quiet(): Promise<void> {
  for (let turns = 0, seen = -1; turns < 8; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (seen !== steps.taken.length) turns = 0;
    seen = steps.taken.length;
  }
}

/** Lets time go by for as long as there is something to wait for, at most as long as a deadline. */
async function settled<T>(promise: Promise<T>, what: string): Promise<PromiseSettledResult<T>> {
  let result: PromiseSettledResult<T> | undefined;
  void Promise.allSettled([promise]).then(([each]) => {
    result = each;
  });
  const untilMs = Date.now() + DEADLINE_MS;
  for (;;) {
    await quiet();
    if (result !== undefined) return result;
    if (vi.getTimerCount() === 0 || Date.now() > untilMs) throw new Error(`${what} never settles`);
    vi.advanceTimersToNextTimer();
  }
}

/** Waits for what a load leaves behind: writes, a record. */
async function atRest(): Promise<void> {
  const untilMs = Date.now() + DEADLINE_MS;
  for (await quiet(); vi.getTimerCount() > 0 && Date.now() < untilMs; await quiet()) vi.advanceTimersToNextTimer();
}

const zeros = { x: new Float32Array(4) };

interface Page {
  readonly cache: ReturnType<typeof idbCache>;
  readonly asked: string[];
  load(version: Version, cache?: null): Promise<Model>;
}

/** A page: its connection to the storage, its network. */
function openPage(isOnline = true): Page {
  const cache = idbCache();
  const asked: string[] = [];
  const load = ({ manifest, files }: Version, given?: null) => {
    const network = networkThatFails(isOnline ? files : new Map(), steps);
    const fetch: typeof globalThis.fetch = (...given) => {
      asked.push(new URL(String(given[0])).pathname.slice(1));
      return network.fetch(...given);
    };
    return loadModel(manifest, { backend: 'cpu', cache: given === null ? null : cache, fetch });
  };
  return { cache, asked, load };
}

async function answerOf(model: Model): Promise<readonly number[]> {
  const { outputs } = await model.predict(zeros);
  return [...(outputs['y']?.data ?? [])];
}

async function loadAndPredict(page: Page, version: Version, into: Model[]): Promise<readonly number[]> {
  const model = await page.load(version);
  into.push(model);
  return answerOf(model);
}

/** What records that say they are whole name, and the storage lacks. */
async function missing(): Promise<readonly string[]> {
  const cache = idbCache();
  const keys = await cache.keys();
  const records = await Promise.all(keys.filter((key) => key.startsWith('model:')).map((key) => cache.get(key)));
  const whole = records.map((bytes) => JSON.parse(new TextDecoder().decode(bytes))).filter(({ complete }) => complete === true);
  return whole.flatMap(({ assets }) => assets.map(({ sha256 }: { sha256: string }) => sha256)).filter((sha256) => !keys.includes(sha256));
}

const rightOf = ({ answer }: Version) => ({ status: 'fulfilled', value: new Array(4).fill(answer) });

/** One run, of which one step fails. @returns the steps of what was under test */
async function run(isUpdate: boolean, failing: number, ill: Ill) {
  const wanted = isUpdate ? second : first;
  storageThatFails(steps);
  steps.begin(0);
  const models: Model[] = [];
  const page = openPage();
  // Another model on the same worker, nothing of which is stored; of an update, the version that is to be replaced.
  const other = isUpdate ? first : bystander;
  const neighbour = await settled(page.load(other, isUpdate ? undefined : null), 'the other model');
  if (neighbour.status === 'rejected') throw neighbour.reason;
  models.push(neighbour.value);
  await atRest();
  opened.hashes.length = 0;
  page.asked.length = 0;

  steps.begin(failing, ill);
  const outcome = await settled(loadAndPredict(page, wanted, models), 'the load');
  await atRest();
  const taken = [...steps.taken];
  const asked = [...page.asked];
  steps.begin(0);

  const lacking = await settled(missing(), 'reading the records');
  // The fault is over, and nobody reloads the page.
  const ofNeighbour = await settled(answerOf(neighbour.value), 'the other model');
  // The version before stays for whoever still has it, without a network.
  const ofOld = isUpdate ? await settled(loadAndPredict(openPage(false), first, models), 'the old one') : undefined;
  const again = await settled(loadAndPredict(page, wanted, models), 'the next load');
  await atRest();
  for (const model of models.splice(0)) model.dispose();
  await atRest();
  const offline = openPage(false);
  const fromCache = await settled(loadAndPredict(offline, wanted, models), 'the page without a network');
  const cacheSaid = models.at(-1)?.loadTiming.cache;
  for (const model of models) model.dispose();
  await atRest();
  circuitBreaker.reset();
  return { wanted, other, taken, asked, outcome, lacking, ofNeighbour, again, ofOld, fromCache, cacheSaid, askedOffline: offline.asked };
}

async function check(isUpdate: boolean, failing: number, ill: Ill): Promise<readonly Taken[]> {
  const seen = await run(isUpdate, failing, ill);
  const { wanted, other, taken, outcome } = seen;
  const fault = failing === 0 ? undefined : taken[failing - 1];
  const isOfWorker = /^(message|reply)/.test(fault?.site ?? '');
  const isOffline = fault?.site.startsWith('fetch') && (ill === 'rejects' || ill === 'throws');
  // I1, I3: the right answer, or an error of ours. I4: what a cache does costs no answer, nor what a server does once.
  if (!(isOfWorker || isOffline) || outcome.status === 'fulfilled') expect(outcome).toEqual(rightOf(wanted));
  else expect(outcome.reason).toBeInstanceOf(PannierError);
  // I2, I7: whole, verified, of one version.
  expect(opened.hashes.filter((hash) => !wholes.has(hash))).toEqual([]);
  // A record is true, also of a storage that lost what it had taken; not of one that denied what it has.
  if (ill !== 'empty') expect(seen.lacking).toEqual({ status: 'fulfilled', value: [] });
  // I5: no storm of requests, no worker left behind.
  const most = Math.max(0, ...new Set(seen.asked.map((name) => seen.asked.filter((each) => each === name).length)));
  expect(most).toBeLessThanOrEqual(/^(fetch|chunk)/.test(fault?.site ?? '') ? 2 : 1);
  expect(workers.alive.size).toBe(0);
  // I6: no matter of another model. I9: all is well without a reload, and the cache is whole.
  expect(seen.ofNeighbour).toEqual(rightOf(other));
  expect(seen.again).toEqual(rightOf(wanted));
  // A storage that says that there is nothing, once, may cost what it held of the version before.
  if (seen.ofOld !== undefined && ill !== 'empty') expect(seen.ofOld).toEqual(rightOf(first));
  expect(seen.fromCache).toEqual(rightOf(wanted));
  expect([seen.askedOffline, seen.cacheSaid]).toEqual([[], 'hit']);
  return taken;
}

test.each([
  ['a first load', false],
  ['an update', true],
])('%s in which any one step fails once', { timeout: 180_000 }, async (_what, isUpdate) => {
  const all = await check(isUpdate, 0, 'rejects');
  // Of storage, network and messages, or nothing here fails anything.
  expect(new Set(all.map(({ site }) => site.split(' ')[0]))).toEqual(new Set(['storage', 'fetch', 'chunk', 'message', 'reply']));
  const failures: string[] = [];
  for (const [index, { site, ills }] of all.entries()) {
    for (const ill of ills) {
      const label = `step ${index + 1} of ${all.length} (${site}) ${ill}`;
      await check(isUpdate, index + 1, ill).catch((thrown: Error) => failures.push(`${label}: ${thrown.message}`));
    }
  }
  expect(failures).toEqual([]);
});
