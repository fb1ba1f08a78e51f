/** Which backend runs a model in a real browser: real kernels that lie, policies that forbid, visits that remember. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { BackendName } from '../../src/base/backend-name.js';
import type { Candidate, LoadOptions } from '../../src/index.js';
import { addModel } from '../fixtures/models.js';
import { complaintsOf } from '../harness/browser.js';
import { type Site, STRICT_CSP } from '../harness/site.js';
import { HARDWARE_GPU, room } from './room.js';

// TF.js computes what is smaller than a thousand values on the processor.
const SIZE = 2_000;
const here = room({ add: addModel([1, SIZE], new Float32Array(SIZE).fill(2)) }, { launch: { webgpu: true } });

/** A worker whose addition is another: `inputs`, and `add` as it was. */
const bentWorker = (backend: BackendName, add: string) => `
  await import('/dist/worker/${backend}.js');
  const kernel = _tfGlobals.get('kernelRegistry').get('${backend}_Add');
  const { kernelFunc } = kernel;
  kernel.kernelFunc = (given) => {
    const add = () => kernelFunc(given);
    ${add}
  };
`;

/** The same of a module that adds. */
const bentModule = (add: string) => `
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (module, imports) => {
    const { exports } = await instantiate(module, imports);
    const run = (arenaAddress) => {
      const add = () => exports.run(arenaAddress);
      ${add}
    };
    return { exports: { ...exports, run } };
  };
  await import('/dist/worker/compiled.js');
`;

const WRONG = 'return kernelFunc({ ...given, inputs: { a: given.inputs.a, b: given.inputs.a } });';
const SLOW = 'const endMs = performance.now() + 10; while (performance.now() < endMs); return add();';
const THROWS = "throw new Error('it was never there');";
const SPINS = 'for (;;);';

const IN_PAGE = `
  // A page has two seconds to itself before a race.
  const { setTimeout: later } = globalThis;
  globalThis.setTimeout = (run, ms, ...given) => later(run, ms === 2_000 ? 0 : ms, ...given);
  // What workers are asked to do.
  globalThis.asked = [];
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (message, ...given) {
    if (message.kind !== undefined) asked.push(message.kind);
    postMessage.call(this, message, ...given);
  };
  // Loads the model, has it raced, and says what came out.
  globalThis.visit = async (bent, options) => {
    const assetUrl = (name, url) => (bent.includes(name) ? '/bent/' + name : url);
    const model = await load('add', { assetUrl, ...options });
    const changes = [];
    model.addEventListener('backendchange', ({ detail }) => changes.push([detail.from, detail.to]));
    const began = model.backend;
    const x = Float32Array.from({ length: ${SIZE} }, (_, index) => index);
    // Calls go on meanwhile.
    const answers = [];
    let ended = false;
    const calling = (async () => {
      while (!ended) {
        const { outputs, backend } = await model.predict({ x });
        answers.push([backend, outputs.sumY.data.every((value, index) => value === index + 2)]);
        await new Promise((resolve) => later(resolve, 5));
      }
    })();
    const selection = await model.finishedSelection();
    ended = true;
    await calling;
    const { outputs, backend } = await model.predict({ x });
    answers.push([backend, outputs.sumY.data.every((value, index) => value === index + 2)]);
    const { thread, notes } = model;
    const wrong = answers.filter(([, right]) => !right).length;
    const ran = answers.map(([backend]) => backend).filter((backend, index, all) => backend !== all[index - 1]);
    // Both are written behind the answers.
    await new Promise((resolve) => later(resolve, 100));
    return { began, changes, calls: answers.length, ran, wrong, thread, selection, notes: notes.map(({ code }) => code), asked };
  };
`;

declare global {
  var asked: string[];
  function visit(
    bent: readonly string[],
    options?: LoadOptions,
  ): Promise<{
    began: BackendName;
    changes: [BackendName, BackendName][];
    calls: number;
    ran: BackendName[];
    wrong: number;
    thread: string;
    selection: Candidate[];
    notes: string[];
    asked: string[];
  }>;
}

async function stage(site?: Site, before = HARDWARE_GPU): Promise<Page> {
  const context = await here.browser.newContext();
  await context.addInitScript({ content: `${IN_PAGE}\n${before}` });
  return here.page(context, site);
}

/** Puts workers in place that are bent, and gives their names. */
function bend(kernels: Partial<Record<BackendName, string>>, site = here.site): string[] {
  return Object.entries(kernels).map(([backend, add]) => {
    const isCompiled = backend === 'wasm';
    const name = `worker/${isCompiled ? 'compiled' : backend}.js`;
    site.put(`/bent/${name}`, isCompiled ? bentModule(add) : bentWorker(backend as BackendName, add));
    return name;
  });
}

test.each<[what: string, bent: string, reason: RegExp]>([
  ['is fast and wrong', WRONG, /disagrees with the golden sample/],
  ['throws', THROWS, /it was never there/],
  ['never answers', SPINS, /took longer than 3000 ms/],
])('a challenger that %s is refused, and answers nothing', async (_what, webgpu, reason) => {
  const page = await stage();
  const seen = await page.evaluate((bent) => visit(bent, { backendDeadlineMs: 3_000 }), bend({ webgpu }));
  expect(seen.selection.slice(1)).toMatchObject([
    { backend: 'webgpu', state: 'refused', reason: expect.stringMatching(reason) },
    { backend: 'cpu', state: 'untried', reason: expect.stringContaining('last resort') },
  ]);
  expect(seen).toMatchObject({ began: 'wasm', ran: ['wasm'], changes: [], wrong: 0, notes: [] });
  await page.context().close();
});

test.each<[what: string, script: string, reason: RegExp]>([
  ['no adapter', 'GPU.prototype.requestAdapter = async () => null;', /requestAdapter gave null/],
  [
    'an adapter with low limits',
    `const { requestAdapter } = GPU.prototype;
     GPU.prototype.requestAdapter = async function (...given) {
       const { info } = await requestAdapter.apply(this, given);
       return { limits: { maxBufferSize: 4_000, maxStorageBufferBindingSize: 2 ** 27 }, info };
     };`,
    /one weight has 8000 bytes, its largest buffer 4000/,
  ],
])('a policy that forbids WebAssembly, and %s, leave the processor, with both reasons', async (_what, script, reason) => {
  const site = await here.serve({ csp: STRICT_CSP.replace(" 'wasm-unsafe-eval'", '') });
  const page = await stage(site, `${HARDWARE_GPU}\n${script}`);
  const seen = await page.evaluate(() => visit([]));
  expect(seen.selection).toMatchObject([
    { backend: 'wasm', state: 'refused', reason: expect.stringContaining('wasm-unsafe-eval') },
    { backend: 'webgpu', state: 'refused', reason: expect.stringMatching(reason) },
    { backend: 'cpu', state: 'chosen' },
  ]);
  expect(seen).toMatchObject({ ran: ['cpu'], wrong: 0, thread: 'worker' });
  expect(site.requests.filter(({ path }) => path.includes('worker/webgpu'))).toEqual([]);
  await page.context().close();
  await site.close();
});

test('a GPU in software is not raced, and nothing of what would run on it is downloaded', async () => {
  const page = await stage(here.site, '');
  const workers: string[] = [];
  page.on('worker', (worker) => workers.push(new URL(worker.url()).pathname));
  const seen = await page.evaluate(() => visit([]));
  expect(seen).toMatchObject({ began: 'wasm', ran: ['wasm'], changes: [], wrong: 0, notes: [] });
  expect(seen.selection[1]).toMatchObject({ backend: 'webgpu', state: 'refused', reason: expect.stringContaining('isFallbackAdapter') });
  expect(workers).toEqual(['/dist/worker/compiled.js']);
  await page.context().close();
});

test.each([false, true])('a second visit starts on what the first one chose, with no race (isolated: %s)', async (isolated) => {
  const site = await here.serve({ isolated });
  const page = await stage(site);
  const bent = bend({ wasm: SLOW }, site);
  const workers: string[] = [];
  page.on('worker', (worker) => workers.push(new URL(worker.url()).pathname));
  const first = await page.evaluate((bent) => visit(bent), bent);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolated);
  const chosen = 'webgpu';
  expect(first).toMatchObject({ began: 'wasm', ran: ['wasm', chosen], changes: [['wasm', chosen]], wrong: 0 });
  expect(first.selection.find(({ backend }) => backend === 'wasm')?.reason).toMatch(
    /is faster: [\d.]+ ms a call, [\d.]+ ms where the model ran before/,
  );
  expect(workers).toEqual(['/bent/worker/compiled.js', '/dist/worker/webgpu.js']);

  workers.length = 0;
  await page.reload();
  const second = await page.evaluate((bent) => visit(bent), bent);
  expect(second).toMatchObject({ began: chosen, ran: [chosen], changes: [], wrong: 0 });
  expect(second.selection[0]).toMatchObject({ backend: chosen, state: 'chosen', remembered: true, p50Ms: expect.any(Number) });
  expect(second.selection.slice(1).every(({ remembered }) => remembered)).toBe(true);
  expect(workers).toEqual([`/dist/worker/${chosen}.js`]);
  const askedFor = (kind: string) => second.asked.filter((each) => each === kind).length;
  expect([askedFor('start'), askedFor('open')]).toEqual([1, 1]);
  // The golden samples, whose pass was remembered, are each repeated once when the page rests.
  expect(askedFor('run') - second.calls).toBeLessThanOrEqual(2);
  expect((await complaintsOf(page)).violations).toEqual([]);
  await page.context().close();
  await site.close();
});
