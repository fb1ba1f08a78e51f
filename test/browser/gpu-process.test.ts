/** A GPU process that stands still, or dies, while webgpu is tried: refused with its reason, and the page answers all the same. */
import type { CDPSession, Page } from 'playwright-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Candidate, LoadOptions } from '../../src/index.js';
import { addModel } from '../fixtures/models.js';
import { room } from './room.js';

// TF.js computes what is smaller than a thousand values on the processor.
const SIZE = 2_000;
const here = room({ add: addModel([1, SIZE], new Float32Array(SIZE).fill(2)) }, { launch: { webgpu: true } });

let cdp: CDPSession;
let stopped: number | undefined;
beforeAll(async () => {
  cdp = await here.browser.newBrowserCDPSession();
});
afterEach(goOn);

async function stop(): Promise<void> {
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
  stopped = processInfo.find(({ type }) => type === 'GPU')!.id;
  process.kill(stopped, 'SIGSTOP');
}

function goOn(): void {
  if (stopped !== undefined) process.kill(stopped, 'SIGCONT');
  stopped = undefined;
}

const IN_PAGE = `
  // A page has two seconds to itself before a race.
  const { setTimeout: later } = globalThis;
  globalThis.setTimeout = (run, ms, ...given) => later(run, ms === 2_000 ? 0 : ms, ...given);
  // Before a worker is asked to open the model on webgpu, something may happen to the GPU.
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = async function (message, ...given) {
    if (message.kind === 'start') this.isGpu = message.options.binary === undefined;
    if (message.kind === 'open' && this.isGpu) await globalThis.happen?.();
    postMessage.call(this, message, ...given);
  };
  globalThis.visit = async (options) => {
    const model = await load('add', { backendDeadlineMs: 2_000, ...options });
    const { outputs, backend } = await model.predict({ x: new Float32Array(${SIZE}) });
    return { backend, y: outputs.sumY.data.at(-1), selection: await model.finishedSelection() };
  };
`;
declare global {
  function visit(options: LoadOptions): Promise<{ backend: string; y: number; selection: Candidate[] }>;
}

/** @param happen when webgpu has started, and before the model is opened on it */
async function stage(happen?: (page: Page) => Promise<unknown>): Promise<Page> {
  const context = await here.browser.newContext();
  await context.addInitScript({ content: IN_PAGE });
  const page = await here.page(context);
  // Chromium holds a page up that asks for its GPU process for the first time.
  await page.evaluate(() => navigator.gpu.requestAdapter());
  if (happen !== undefined) await page.exposeFunction('happen', () => happen(page));
  return page;
}

const refused = (reason: RegExp) => ({ backend: 'webgpu', state: 'refused', reason: expect.stringMatching(reason) });

test('one that stands still before the load: an order goes on to the next, and a GPU that is back serves', async () => {
  const page = await stage();
  await stop();
  const seen = await page.evaluate(() => visit({ backend: ['webgpu', 'wasm'] }));
  expect(seen).toMatchObject({
    backend: 'wasm',
    y: 2,
    selection: [refused(/^start of webgpu took longer than 2000 ms/), { state: 'chosen' }],
  });
  goOn();
  expect(await page.evaluate(() => visit({ backend: 'webgpu', backendDeadlineMs: 20_000 }))).toMatchObject({ backend: 'webgpu', y: 2 });
});

test('one that stands still before the load: autotuning ends, without it', async () => {
  const page = await stage();
  await stop();
  const { backend, y, selection } = await page.evaluate(() => visit({}));
  expect([backend, y]).toEqual(['wasm', 2]);
  expect(selection.find((each) => each.backend === 'webgpu')).toMatchObject(refused(/^start of webgpu took longer than 2000 ms/));
});

test('one that stands still as the model is opened is refused at the golden run', async () => {
  const page = await stage(stop);
  const seen = await page.evaluate(() => visit({ backend: ['webgpu', 'wasm'] }));
  expect(seen).toMatchObject({
    backend: 'wasm',
    y: 2,
    selection: [refused(/took longer than 2000 ms/), { state: 'chosen' }],
  });
});

test('one that dies as the model is opened is a lost device', async () => {
  const page = await stage(async (page) => (await page.context().newCDPSession(page)).send('Browser.crashGpuProcess' as never));
  const seen = await page.evaluate(() => visit({ backend: ['webgpu', 'wasm'], backendDeadlineMs: 20_000 }));
  expect(seen).toMatchObject({ backend: 'wasm', y: 2, selection: [refused(/lost/), { state: 'chosen' }] });
});
