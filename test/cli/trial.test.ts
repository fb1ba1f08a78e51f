/** What `pannier doctor --run` makes of what each backend did: errors against cpu, reasons, times; the browser is made up here. */

import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { showDiagnosis } from '../../apps/cli/diagnosis.js';
import type { Answer, PageTask, Report } from '../../apps/cli/page.js';
import { onPaper } from '../../apps/cli/print.js';
import { type TrialOptions, tryBackends } from '../../apps/cli/trial.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { pack } from '../../src/pack/index.js';
import { scratch, twoInputModel, writeModel } from '../fixtures/models.js';

type Page1 = Pick<Page, 'evaluate'>;
/** What the page of each backend answers, or how it fails. */
let answers: Record<string, (task: PageTask) => Promise<Answer<Report>>>;
let visits: string[];

vi.mock('../../apps/cli/visit.js', async (original) => ({
  ...(await original<object>()),
  serveModel: async () => ({ url: 'http://127.0.0.1:1', put: () => undefined }),
  visit: async (_site: unknown, { path, webgpu }: { path?: string; webgpu: string }) => {
    if (path !== undefined) throw new Error(`no browser at ${path}`);
    visits.push(webgpu);
    const evaluate = async (_step: unknown, task: PageTask) => JSON.stringify(await answers[task.options.backend[0] as string]?.(task));
    return {
      page: { evaluate } as unknown as Page1,
      name: 'Chromium 150.0',
      adapter: webgpu === 'no' ? undefined : { name: 'swiftshader', software: true },
    };
  },
}));

const folder = scratch();
const { manifest } = await pack({ model: writeModel(twoInputModel(), join(folder, 'raw')), out: join(folder, 'two'), name: 'two' });

const output = (data: (number | null)[], shape = [1, 3]) => ({
  ...{ dtype: 'float32' as const, shape, data, size: data.length, min: null, max: null, nonFinite: 0 },
});
const answered = (total: (number | null)[], more: Partial<Report> = {}): (() => Promise<Answer<Report>>) => {
  const value = {
    ...{ outputs: { total: output(total) }, stats: { p50Ms: 2 }, loadTiming: { totalMs: 30 }, timing: { totalMs: 5 }, runs: 2 },
    ...more,
  } as unknown as Report;
  return async () => ({ value });
};
const failing =
  (code: string, message: string, detail = {}) =>
  async () =>
    ({ error: { code, message, detail } }) as Answer<Report>;

const run = (more: Partial<TrialOptions> = {}) =>
  tryBackends({
    ...{ manifest: manifest as Manifest, folder, path: undefined, runs: undefined, timeoutMs: 60_000 },
    ...{ onUndo: () => undefined, status: () => undefined, signal: new AbortController().signal },
    ...more,
  });

beforeEach(() => {
  visits = [];
  answers = { cpu: answered([1, -4, 2]), wasm: answered([1, -4, 2]), webgpu: answered([1, -4, 2]) };
});

describe('a backend', () => {
  it('is held against cpu, which runs first', async () => {
    answers['wasm'] = answered([1.5, -4, 2]);
    const { backends, browser } = await run();
    expect(visits).toEqual(['no', 'no', 'named']);
    expect(backends.cpu).toEqual({ ran: true, maxAbsError: 0, maxRelError: 0, coldMs: 30, p50Ms: 2, runs: 2, reason: null });
    expect(backends.wasm).toMatchObject({ ran: true, maxAbsError: 0.5, maxRelError: 0.125 });
    expect(browser).toEqual({ name: 'Chromium 150.0', adapter: { name: 'swiftshader', software: true } });
  });

  it('is infinitely far off where shapes differ or only one value is a finite number', async () => {
    answers['wasm'] = answered([1, null, 2]);
    answers['webgpu'] = answered([], { outputs: { total: output([1, -4, 2], [3, 1]) } });
    const { backends } = await run();
    expect([backends.wasm, backends.webgpu]).toMatchObject([
      { ran: true, maxAbsError: null },
      { ran: true, maxAbsError: null },
    ]);
    answers = { cpu: answered([1, null, 2]), wasm: answered([1, null, 2]), webgpu: answered([1, null, 2]) };
    expect((await run()).backends.wasm).toMatchObject({ maxAbsError: 0, maxRelError: 0 });
  });

  it('of which cpu has no answer has no error, and the time of its only call', async () => {
    answers['cpu'] = failing('predict', 'broken');
    answers['wasm'] = answered([1, -4, 2], { stats: {} as Report['stats'], runs: 1 });
    expect((await run()).backends).toMatchObject({
      cpu: { ran: false, reason: 'broken', p50Ms: null, runs: 0 },
      wasm: { ran: true, maxAbsError: null, maxRelError: null, p50Ms: 5, runs: 1 },
    });
  });

  it('that lacks kernels is not started, and one that is refused says why', async () => {
    const refused = { wasm: 'it lacks the kernels Complex, ComplexAbs' };
    const lacking: Manifest = { ...manifest, targets: { tfjs: { ...manifest.targets.tfjs, refused } } };
    const reason = 'it disagrees with the golden sample: output "total" has another shape';
    answers['webgpu'] = failing('backend-unavailable', 'none', { selection: [{ backend: 'webgpu', state: 'refused', reason }] });
    const { backends } = await run({ manifest: lacking });
    expect(visits).toEqual(['no', 'named']);
    expect(backends.wasm).toMatchObject({ ran: false, maxAbsError: null, reason: 'it lacks the kernels Complex, ComplexAbs' });
    expect(backends.webgpu).toMatchObject({ ran: false, reason });
  });

  it('that takes too long is left, and the next one is tried', async () => {
    answers['cpu'] = () => new Promise(() => undefined);
    expect((await run({ timeoutMs: 50 })).backends).toMatchObject({
      cpu: { ran: false, reason: expect.stringMatching(/longer than 50 ms/) },
      wasm: { ran: true },
    });
  });

  it('runs as often as is asked, else until it has taken long enough', async () => {
    const tasks: PageTask[] = [];
    const { cpu } = answers;
    answers['cpu'] = (task) => {
      tasks.push(task);
      return cpu!(task);
    };
    await run({ runs: 7 });
    await run();
    expect(tasks.map(({ runs, enoughMs, most }) => ({ runs, enoughMs, most }))).toEqual([
      { runs: 7, enoughMs: Number.POSITIVE_INFINITY, most: -1 },
      { runs: 20, enoughMs: 5_000, most: -1 },
    ]);
    expect(tasks[0]?.feeds.map(({ name, kind, shape }) => ({ name, kind, shape }))).toEqual([
      { name: 'first', kind: 'values', shape: [1, 3] },
      { name: 'second', kind: 'values', shape: [1, 3] },
    ]);
  });
});

it('no browser at all is an error, and so is an interruption', async () => {
  await expect(run({ path: '/nonexistent' })).rejects.toThrow('no browser at /nonexistent');
  await expect(run({ signal: AbortSignal.abort(new Error('Ctrl-C')) })).rejects.toThrow('Ctrl-C');
});

it('a person sees how right and how quick each backend is', async () => {
  answers['wasm'] = answered([1.000001, -4, 2]);
  answers['webgpu'] = failing('timeout', 'Loading and running the model took longer than 50 ms.');
  const trials = await run();
  const bytes = { supported: true, missingOps: [], offlineBytes: 2e6 };
  const facts = {
    ...{ name: 'two', version: '0', bytes: 1e5, flops: 1e6, controlFlow: false, ops: { Add: 1 }, quantized: undefined },
    ...{ signature: { inputs: {}, outputs: {} }, memory: { weightsBytes: 4, intermediateBytes: 48 } },
    compiled: { whole: false, reason: 'it has a loop', unsupportedOps: ['While'], hostOps: [], moduleBytes: null, arenaBytes: null },
    backends: { webgpu: bytes, wasm: bytes, cpu: bytes },
  } as unknown as Parameters<typeof showDiagnosis>[0]['facts'];
  const text = showDiagnosis({ facts, overBudget: [], trials }, onPaper({}));
  expect(text).toContain('\n  not compiled: it has a loop\n');
  expect(text.slice(text.indexOf('Backends'))).toMatchInlineSnapshot(`
    "Backends  Chromium 150.0, seeded random input
                offline    off cpu       cold     a call
    ✗ webgpu     2.0 MB
              Loading and running the model took longer than 50 ms.
    ✓ wasm       2.0 MB       2e-7    30.0 ms     2.0 ms  ████████████████████
    ✓ cpu        2.0 MB  reference    30.0 ms     2.0 ms  ████████████████████
    "
  `);
});
