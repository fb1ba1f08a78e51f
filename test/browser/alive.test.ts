/** Workers that die or hang, by the rows of docs/faults.md: every call settles, once, and the next one is right. */
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { addModel } from '../fixtures/models.js';
import { LONG_MS, runs } from '../tier.js';
import { echoModel, room } from './room.js';

// TF.js computes what is smaller than a thousand values on the processor, also where its backend is webgpu.
const SIZE = 2_000;
const here = room(
  {
    add: addModel([1, SIZE], new Float32Array(SIZE).fill(2)),
    echo: { raw: echoModel(8, 8), inputs: { picture: { image: { scale: 1, offset: 0 } } } },
  },
  { launch: { webgpu: true } },
);

/** Our worker, but it falls ill when it hears of it. */
const SICK = `
  const heard = new BroadcastChannel('illness');
  heard.onmessage = ({ data }) => {
    heard.postMessage('heard');
    if (data === 'closes itself') self.close();
    if (data === 'throws') setTimeout(() => { throw new Error('nobody caught this'); });
    if (data === 'rejects') Promise.reject(new Error('nobody caught this'));
    if (data === 'spins') for (;;);
    if (data === 'spins in its next run') performance.now = () => { for (;;); };
  };
  await import('/dist/worker/compiled.js');
`;

const IN_PAGE = `
  globalThis.loadSick = (options) =>
    load('add', { backend: ['wasm'], assetUrl: (name, url) => (name === 'worker/compiled.js' ? '/sick.js' : url), ...options });
  globalThis.calls = 0;
  globalThis.answer = (model) => {
    const x = new Float32Array(${SIZE}).fill(++calls);
    const y = x[0] + 2;
    return model.predict({ x }).then(
      ({ outputs }) => (outputs.sumY.data.every((value) => value === y) ? 'right' : 'wrong'),
      ({ code }) => code,
    );
  };
  globalThis.fall = async (ill) => {
    const worker = new BroadcastChannel('illness');
    const heard = new Promise((resolve) => (worker.onmessage = resolve));
    worker.postMessage(ill);
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    // One that is not there, or spins already, hears nothing.
    await Promise.race([heard, pause(1_000)]);
    // What it throws takes a way of its own to the page.
    await pause(50);
    worker.close();
  };
`;
type TestModel = Awaited<ReturnType<typeof load>>;
declare global {
  function loadSick(options?: object): Promise<TestModel>;
  function answer(model: TestModel): Promise<string>;
  function fall(ill: string): Promise<void>;
}

async function stage(): Promise<Page> {
  here.site.put('/sick.js', SICK);
  const page = await here.page();
  await page.evaluate(IN_PAGE);
  return page;
}

describe('L3: a worker', () => {
  test.each([
    ['closes itself', 'it closed itself'],
    ['throws', 'nobody caught this'],
    ['rejects', 'nobody caught this'],
  ])('that %s while idle, and with 32 calls in flight', async (ill, reason) => {
    const page = await stage();
    const seen = await page.evaluate(async (ill) => {
      const { setInterval } = globalThis;
      // Without ticks: that it died is known at once.
      Object.assign(globalThis, { setInterval: (run: () => void, ms: number) => ms === 2_000 || setInterval(run, ms) });
      const model = await loadSick();
      await fall(ill);
      const idle = [await answer(model), ...model.notes.map(({ code, message }) => `${code}: ${message}`)];
      const calls = Array.from({ length: 32 }, () => answer(model));
      await fall(ill);
      return { idle, calls: await Promise.all(calls), after: await answer(model), thread: model.thread };
    }, ill);
    const told = expect.stringMatching(`reopened: .* wasm worker crashed: .*${reason}`);
    expect(seen).toEqual({ idle: ['right', told], calls: Array(32).fill('right'), after: 'right', thread: 'worker' });
    await expect.poll(() => page.workers().length).toBe(1);
  });
});

test('L3: pictures of calls whose worker dies are all let go, and the next worker reads them', async () => {
  const page = await stage();
  const seen = await page.evaluate(async () => {
    const made: (VideoFrame | ImageBitmap)[] = [];
    const { clone } = VideoFrame.prototype;
    VideoFrame.prototype.clone = function () {
      const copy = clone.call(this);
      made.push(copy);
      return copy;
    };
    const taking = globalThis.createImageBitmap;
    globalThis.createImageBitmap = async (...given: unknown[]) => {
      const bitmap = await (taking as (...given: unknown[]) => Promise<ImageBitmap>)(...given);
      made.push(bitmap);
      return bitmap;
    };
    const assetUrl = (name: string, url: string) => (name === 'worker/compiled.js' ? '/sick.js' : url);
    const canvas = new OffscreenCanvas(16, 16);
    canvas.getContext('2d')?.fillRect(0, 0, 16, 16);
    const frame = new VideoFrame(canvas, { timestamp: 0 });
    const model = await load('echo', { backend: ['wasm'], assetUrl, deadlineMs: 8_000 });
    const send = (count: number) =>
      Array.from({ length: count }, (_, index) =>
        model.predict({ picture: index % 2 === 0 ? frame : canvas }).then(
          ({ outputs }) => (outputs['seen']?.data.every((value) => value === 0) ? 'right' : 'wrong'),
          ({ code }) => code as string,
        ),
      );
    const isOpen = (picture: VideoFrame | ImageBitmap) => ('codedWidth' in picture ? picture.codedWidth : picture.width) > 0;
    const calls = send(16);
    await fall('closes itself');
    const answers = await Promise.all(calls);
    const open = made.filter(isOpen).length;
    await fall('spins in its next run');
    hurry(8_000);
    const late = await Promise.all(send(2));
    return { answers, late, made: made.length >= 18, open, openLater: made.filter(isOpen).length, given: isOpen(frame) };
  });
  expect(seen).toEqual({ answers: Array(16).fill('right'), late: ['timeout', 'right'], made: true, open: 0, openLater: 0, given: true });
});

describe('L4: a worker that spins', () => {
  test('outside of a run is ended after three ticks', async () => {
    const page = await stage();
    const seen = await page.evaluate(async () => {
      const { setInterval } = globalThis;
      const { terminate } = Worker.prototype;
      let isHurried = true;
      // A tick goes by in a tenth of its time, for the worker that spins alone.
      Object.assign(globalThis, { setInterval: (run: () => void, ms: number) => setInterval(run, isHurried && ms === 2_000 ? 200 : ms) });
      Worker.prototype.terminate = function () {
        isHurried = false;
        terminate.call(this);
      };
      const model = await loadSick();
      await fall('spins');
      const calls = await Promise.all([answer(model), answer(model)]);
      return { calls, after: await answer(model), notes: model.notes.map(({ code }) => code) };
    });
    expect(seen).toEqual({ calls: ['right', 'right'], after: 'right', notes: ['reopened'] });
  });

  test('in a run is ended at the deadline of the call', async () => {
    const page = await stage();
    const seen = await page.evaluate(async () => {
      const model = await loadSick({ deadlineMs: 8_000 });
      await fall('spins in its next run');
      hurry(8_000);
      return { calls: await Promise.all([answer(model), answer(model)]), notes: model.notes.map(({ code }) => code) };
    });
    expect(seen).toEqual({ calls: ['timeout', 'right'], notes: ['reopened'] });
  });
});

test('C6: a GPU that hangs ends the call at its deadline; the next one answers on wasm, and what comes late is dropped', async () => {
  const page = await stage();
  const first = await page.evaluate(async () => {
    const model = await load('add', { backend: ['webgpu', 'wasm'], autotune: false, deadlineMs: 8_000 });
    Object.assign(globalThis, { model });
    return [await answer(model), model.backend];
  });
  expect(first).toEqual(['right', 'webgpu']);
  const browser = await here.browser.newBrowserCDPSession();
  const { processInfo } = await browser.send('SystemInfo.getProcessInfo');
  const gpu = processInfo.find(({ type }) => type === 'GPU')!.id;
  process.kill(gpu, 'SIGSTOP');
  try {
    const hung = await page.evaluate(async () => {
      const { model } = globalThis as unknown as { model: TestModel };
      const { setTimeout: later } = globalThis;
      let partsOfFirst = 4;
      // The four parts of the first call's deadline go by eight times as fast, those of starting a lost backend again five times.
      const hurried = (ms: number) => (ms === 1_250 || (ms === 2_000 && partsOfFirst-- > 0) ? 250 : ms);
      Object.assign(globalThis, { setTimeout: (run: () => void, ms: number) => later(run, hurried(ms)) });
      const settled: string[] = [];
      const calls = [answer(model), answer(model)];
      for (const each of calls) void each.then((how) => settled.push(how));
      await Promise.all(calls);
      return { settled, backend: model.backend };
    });
    expect(hung).toEqual({ settled: ['timeout', 'right'], backend: 'wasm' });
  } finally {
    process.kill(gpu, 'SIGCONT');
  }
  const after = await page.evaluate(async () => {
    const { model } = globalThis as unknown as { model: TestModel };
    return [await answer(model), model.backend, model.stats().failedCount];
  });
  expect(after).toEqual(['right', 'wasm', 1]);
});

describe('C12: wasm', () => {
  test.each([
    ['load', 'compiled', 'compile'],
    ['load', 'compiled', 'instantiate'],
    ['loadUncompiled', 'wasm', 'instantiate'],
  ] as const)('that never comes up is refused at its deadline, and its worker ends (%s: worker/%s.js waits for %s)', async (...row) => {
    const [loading, worker, step] = row;
    const page = await stage();
    here.site.put('/never-up.js', `WebAssembly.${step} = () => new Promise(() => {}); await import('/dist/worker/${worker}.js');`);
    const seen = await page.evaluate(
      async ([loading, worker]) => {
        const assetUrl = (name: string, url: string) => (name === `worker/${worker}.js` ? '/never-up.js' : url);
        hurry(12_000);
        const model = await globalThis[loading]('add', { backend: ['wasm', 'cpu'], assetUrl, backendDeadlineMs: 12_000 });
        return { answer: await answer(model), selection: model.selection };
      },
      [loading, worker] as const,
    );
    expect(seen).toMatchObject({
      answer: 'right',
      selection: [
        { backend: 'wasm', state: 'refused', reason: expect.stringContaining('12000 ms') },
        { backend: 'cpu', state: 'chosen' },
      ],
    });
    await expect.poll(() => page.workers().map((each) => each.url().replace(/.*\//, ''))).toEqual(['cpu.js']);
  });

  test.each(['load', 'loadUncompiled'] as const)(
    'comes up where pages are isolated, since none of its threads do (%s)',
    async (loading) => {
      const site = await here.serve({ isolated: true });
      const page = await here.page(undefined, site);
      await page.evaluate(IN_PAGE);
      const seen = await page.evaluate(
        async (loading) => [crossOriginIsolated, await answer(await globalThis[loading]('add', { backend: ['wasm'] }))],
        loading,
      );
      expect(seen).toEqual([true, 'right']);
      expect(page.workers()).toHaveLength(1);
      expect(site.violations).toEqual([]);
      await site.close();
    },
  );
});

/** Everything that a round did; the seed makes it again. */
test(
  'workers that die at any moment: every call settles, right or with a typed error',
  async () => {
    const page = await stage();
    const seed = Number(process.env['PANNIER_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    const seen = await page.evaluate(
      async ({ seed, rounds }) => {
        let state = seed;
        // Mulberry32.
        const random = () => {
          state = (state + 0x6d2b79f5) | 0;
          let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
          mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
          return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
        };
        const oneOf = <T>(choices: readonly T[]) => choices[Math.floor(random() * choices.length)] as T;
        const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
        const models = await Promise.all([loadSick({ deadlineMs: 1_000 }), loadSick({ deadlineMs: 1_001 })]);
        const tally: Record<string, number> = {};
        const strange: string[] = [];
        for (let round = 0; round < rounds; round++) {
          const count = 1 + Math.floor(random() * 32);
          const calls: Promise<string>[] = [];
          const illness = oneOf(['closes itself', 'throws', 'rejects', 'spins', 'spins in its next run']);
          const fallAfter = Math.floor(random() * count);
          let falling: Promise<void> | undefined;
          for (let call = 0; call < count; call++) {
            calls.push(answer(oneOf(models)));
            if (random() < 0.2) await pause(random() * 4);
            if (call === fallAfter) falling = fall(illness);
          }
          const all = Promise.all(calls);
          const late = pause(30_000).then(() => 'pending' as const);
          const settled = await Promise.race([all, late]);
          await falling;
          if (settled === 'pending') strange.push(`round ${round}: ${illness}, ${count} calls: one never settled`);
          else {
            for (const each of settled) tally[each] = (tally[each] ?? 0) + 1;
            // The last one where the new worker fell ill, too, while the model was opened there.
            const typed = ['right', 'timeout', 'worker-crashed', 'worker-unresponsive', 'backend-unavailable'];
            for (const each of settled) if (!typed.includes(each)) strange.push(`round ${round}: ${illness}, ${count} calls: ${each}`);
          }
          for (const model of models) {
            let after = await answer(model);
            // It may have fallen ill only after the calls: that one is ended by this call.
            if (after === 'timeout') after = await answer(model);
            if (after !== 'right') strange.push(`round ${round}: ${illness}, afterwards ${after}`);
          }
        }
        return { strange, tally, notes: new Set(models.flatMap(({ notes }) => notes.map(({ code }) => code))).size };
      },
      { seed, rounds: runs(200, 3) },
    );
    console.log(`seed ${seed}: ${JSON.stringify(seen.tally)}`);
    expect(seen.strange).toEqual([]);
  },
  LONG_MS,
);
