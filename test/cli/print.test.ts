/** What a person reads of a prediction: aligned, without colours where nobody looks, and without what would move a cursor. */
import { describe, expect, it } from 'vitest';
import type { PageOutput, Report } from '../../apps/cli/page.js';
import { bar, milliseconds, onPaper, plain, showBytes, showCount, showReport, statusLine, titled } from '../../apps/cli/print.js';

const paper = onPaper({});
const started = { page: undefined as never, name: 'Chromium 150.0', adapter: undefined };

const output = (data: (number | null)[], shape: number[], more: Partial<PageOutput> = {}): PageOutput => {
  const finite = data.filter((value) => value !== null);
  return {
    ...{ dtype: 'float32', shape, data, size: data.length, nonFinite: data.length - finite.length },
    ...{ min: finite.length === 0 ? null : Math.min(...finite), max: finite.length === 0 ? null : Math.max(...finite) },
    ...more,
  };
};

const report: Report = {
  ...{ name: 'pose', version: '3.0.4', backend: 'wasm', thread: 'worker', runs: 3 },
  selection: [
    { backend: 'wasm', state: 'chosen', startMs: 120.04, openMs: 30, goldenMs: 12, p50Ms: 8 },
    { backend: 'cpu', state: 'untried' },
    { backend: 'webgpu', state: 'refused', reason: 'it disagrees\nwith the golden sample', goldenShareOff: 0.5 },
  ] as unknown as Report['selection'],
  images: { image: { width: 192, height: 192, sourceWidth: 512, sourceHeight: 512, toSource: [1, 0, 0, 1, 0, 0] } },
  outputs: { keypoints: output([0.25, 0.5, 0.75, 1, 2, 3], [1, 1, 2, 3]) },
  timing: { totalMs: 10, queuedMs: 0, prepareMs: 2, transferMs: 1, computeMs: 7, cold: false, backend: 'wasm' } as Report['timing'],
  stats: {
    ...{ count: 3, failedCount: 0, coldCount: 1, p50Ms: 10, p90Ms: 12, p99Ms: 20, perSecond: 90 },
    ...{ bytesDownloaded: 4_800_000, bytesFromCache: 0, bytesResident: 9_300_000 },
  } as Report['stats'],
  loadTiming: { totalMs: 15_000, weightsMs: 100, startMs: 120, openMs: 30, goldenMs: 12, cache: 'miss' } as Report['loadTiming'],
  notes: [{ code: 'cache-off', message: 'nothing\nis kept' }] as unknown as Report['notes'],
};

it('a report is read from top to bottom', () => {
  expect(showReport(report, started, paper)).toMatchInlineSnapshot(`
    "pose 3.0.4  wasm, in a worker, Chromium 150.0

    Backends
      wasm    chosen   start 120 ms, open 30.0 ms, golden sample 12.0 ms, a call 8.0 ms
      cpu     untried
      webgpu  refused  it disagrees with the golden sample  50.00 % of it off

    Outputs  of the first call
      image: 512 × 512 picture as 192 × 192
      keypoints  float32 [1, 1, 2, 3]  6 values, 0.2500 to 3
          0.2500     0.5000     0.7500
               1          2          3

    Time  3 calls, 1 of them cold
      a call       10.0 ms  the one in the middle
      queued        0.0 ms
      prepare       2.0 ms  ██████
      transfer      1.0 ms  ███
      compute       7.0 ms  █████████████████████
      read      within compute
      p50 10.0 ms, p90 12.0 ms, p99 20.0 ms, 90 per second
      load          15.0 s  weights 100 ms, start 120 ms, open 30.0 ms, golden sample 12.0 ms
      bytes         4.8 MB fetched, 0.0 kB from the cache (miss), 9.3 MB of weights in memory
    note cache-off: nothing is kept
    "
  `);
});

describe('an output', () => {
  const shown = (one: PageOutput) =>
    showReport({ ...report, outputs: { y: one } }, started, paper)
      .split('\n')
      .slice(9);

  it('of many values is cut, in rows where the last axis is narrow', () => {
    const many = output(
      Array.from({ length: 60 }, (_, index) => index),
      [20, 3],
    );
    expect(shown(many).slice(0, 7)).toEqual([
      '  y  float32 [20, 3]  60 values, 0 to 59',
      ...[0, 3, 6, 9, 12].map((from) => `  ${[0, 1, 2].map((step) => String(from + step).padStart(10)).join(' ')}`),
      '      … 45 more',
    ]);
    const wide = output(
      Array.from({ length: 60 }, () => 1),
      [60],
    );
    expect(shown(wide)[0]).toBe('  y  float32 [60]  60 values, all 1');
    expect(shown(wide)[2]).toBe('      … 52 more');
  });

  it('of none, of one, and of what is not finite says so', () => {
    expect(shown(output([], [0, 4]))[0]).toBe('  y  float32 [0, 4]  0 values');
    expect(shown(output([5], []))[0]).toBe('  y  float32 []  1 value, all 5');
    expect(shown(output([null, 2], [2])).slice(0, 2)).toEqual([
      '  y  float32 [2]  2 values, all 2, 1 not finite',
      '   no number          2',
    ]);
  });

  it('with labels shows the best classes', () => {
    const top = [
      { label: 'bee', index: 1, score: 0.9375 },
      { label: 'a\u001b[2Kdog', index: 3, score: 0.05 },
    ];
    expect(shown(output([0, 5, 0, 0], [1, 4], { top })).slice(1, 3)).toEqual([
      `    bee       0.9375  ${bar(0.9375, 24)}`,
      `    adog     0.05000  ${bar(0.05, 24)}`,
    ]);
  });
});

it('a software GPU is named', () => {
  const gpu = { ...started, adapter: { name: 'google swiftshader', software: true } };
  const text = showReport({ ...report, backend: 'webgpu' }, gpu, paper);
  expect(text).toContain('webgpu on google swiftshader, in a worker');
  expect(text).toContain('WebGPU runs in software here, ask for more with --runs N');
  expect(showReport({ ...report, thread: 'page' }, gpu, paper)).toContain("wasm, in the page's thread");
});

it('numbers are rounded to what is worth reading', () => {
  expect([0.04, 99.94, 100.4, 9_999, 10_000].map(milliseconds)).toEqual(['0.0 ms', '99.9 ms', '100 ms', '9999 ms', '10.0 s']);
  expect([0, 99_999, 1e5, 4.8e6].map(showBytes)).toEqual(['0.0 kB', '100.0 kB', '0.1 MB', '4.8 MB']);
  expect([7, 1_500, 13e6, 2e9].map(showCount)).toEqual(['7 ', '1.5 k', '13.0 M', '2.0 G']);
  expect([-1, 0, 0.5, 1 / 16, 2].map((share) => bar(share, 2))).toEqual(['', '', '█', '▏', '██']);
});

it('text from a file stays on its line', () => {
  expect(plain('a\nb\r\u001b[2K\u202e c\u0000')).toBe('a b c');
  expect([titled('pose', '0'), titled('po\nse', '1.2')]).toEqual(['pose', 'po se 1.2']);
});

it('colours and progress are for terminals', () => {
  const written: string[] = [];
  const stream = (isTTY: boolean) => ({ isTTY, columns: 20, write: (text: string) => written.push(text) }) as unknown as NodeJS.WriteStream;
  statusLine(stream(false))('Loading');
  statusLine(stream(true))('Loading the model:\n50 %, and more');
  expect(written).toEqual(['\r\u001b[KLoading the model: ']);
  expect(onPaper({ isTTY: false })('bold', 'a')).toBe('a');
});
