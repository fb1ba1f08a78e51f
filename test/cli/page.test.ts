/** What runs in the page of the programs, here in Node on TF.js's cpu backend: what it feeds, counts, cuts and reports. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Answer, type PageTask, predictInPage, type Report, readNeeds } from '../../apps/cli/page.js';
import { loadModel } from '../../src/index.js';
import { type PackOptions, pack } from '../../src/pack/index.js';
import { topK } from '../../src/read/index.js';
import { addModel, type RawModel, scratch, tabularModel, twoInputModel, writeModel } from '../fixtures/models.js';

const folder = scratch();
let count = 0;

/** The page imports the library from its server: here, what this process has. */
beforeEach(() => vi.stubGlobal('pannierOfTests', { loadModel, topK }));
afterEach(() => vi.unstubAllGlobals());

/** Packs a model and makes its folder the site that the page's functions see. */
async function visit(raw: RawModel, options: Partial<PackOptions> = {}): Promise<void> {
  const site = join(folder, `site-${count++}`);
  await pack({ model: writeModel(raw, join(site, 'raw')), out: join(site, 'model'), name: 'm', ...options });
  mkdirSync(join(site, 'dist'));
  writeFileSync(join(site, 'package.json'), '{"type":"module"}');
  writeFileSync(join(site, 'dist/index.js'), 'export const { loadModel } = globalThis.pannierOfTests;');
  writeFileSync(join(site, 'dist/read.js'), 'export const { topK } = globalThis.pannierOfTests;');
  vi.stubGlobal('location', { origin: pathToFileURL(site).href });
}

const url = (bytes: Uint8Array | string) => `data:application/octet-stream;base64,${Buffer.from(bytes).toString('base64')}`;
const values = (name: string, data: Float32Array | Int32Array, shape?: number[]): PageTask['feeds'][number] => ({
  ...{ name, kind: 'values', dtype: data instanceof Int32Array ? 'int32' : 'float32', shape },
  url: url(new Uint8Array(data.buffer)),
});
const rows = (name: string, json: unknown): PageTask['feeds'][number] => ({ name, kind: 'rows', url: url(JSON.stringify(json)) });

async function answer(feeds: PageTask['feeds'], more: Partial<PageTask> = {}): Promise<Answer<Report>> {
  const task: PageTask = {
    feeds,
    options: { backend: ['cpu'], thread: 'page', deadlineMs: 60_000, backendDeadlineMs: 60_000 },
    ...{ runs: 1, softwareRuns: undefined, enoughMs: Number.POSITIVE_INFINITY, most: 1_000, tellStatus: false },
    ...more,
  };
  return JSON.parse(await predictInPage(task));
}

async function report(...given: Parameters<typeof answer>): Promise<Report> {
  const answered = await answer(...given);
  expect(answered).toEqual({ value: expect.any(Object) });
  return (answered as { value: Report }).value;
}

it('what the model takes is read from the manifest', async () => {
  await visit(twoInputModel());
  expect(await readNeeds()).toEqual({
    value: [
      { name: 'first', dtype: 'float32', shape: [null, 3], isPicture: false },
      { name: 'second', dtype: 'int32', shape: [null, 3], isPicture: false },
    ],
  });
  await visit(addModel([1, 4, 4, 3], new Float32Array(3)), { inputs: { x: { image: {} } } });
  expect(await readNeeds()).toMatchObject({ value: [{ name: 'x', isPicture: true }] });
  await visit(tabularModel(), { inputs: { features: { columns: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name })) } } });
  expect(await readNeeds()).toMatchObject({ value: [{ columns: ['a', 'b', 'c', 'd', 'e'] }] });
  vi.stubGlobal('location', { origin: 'file:///nowhere' });
  expect(await readNeeds()).toMatchObject({
    error: { code: 'manifest', message: expect.stringMatching(/^The packed model's model\.js cannot be imported/) },
  });
});

describe('outputs', () => {
  it('are those of the first call, with shapes, ranges and phases that add up', async () => {
    await visit(twoInputModel());
    const feeds = [
      values('first', Float32Array.of(1, 2, 3, 4.5, -5, 1e-3), [2, 3]),
      values('second', Int32Array.of(10, 20, 30, 40, 50, 60)),
    ];
    const { outputs, timing, stats, runs, name, backend, thread, selection } = await report(feeds, { runs: 3 });
    expect(outputs['total']).toMatchObject({ dtype: 'float32', shape: [2, 3], size: 6, min: 11, max: Math.fround(60.001), nonFinite: 0 });
    expect(outputs['total']?.data.slice(0, 5)).toEqual([11, 22, 33, 44.5, 45]);
    expect(outputs['zero']).toMatchObject({ shape: [], data: [0], min: 0, max: 0 });
    expect({ name, backend, thread, runs, selection }).toMatchObject({
      name: 'm',
      backend: 'cpu',
      thread: 'page',
      runs: 3,
      selection: [{ state: 'chosen' }],
    });
    const { totalMs, queuedMs, prepareMs, transferMs, computeMs, readMs = 0 } = timing;
    expect(queuedMs + prepareMs + transferMs + computeMs + readMs).toBeCloseTo(totalMs, 3);
    expect(stats).toMatchObject({ count: 3, failedCount: 0 });
  });

  it('are cut unless all are wanted, and say what is not finite', async () => {
    await visit(addModel([1, 1500], new Float32Array(1500).fill(3e38, 0, 2)));
    const feeds = [
      values(
        'x',
        Float32Array.from({ length: 1500 }, (_, index) => (index < 2 ? 3e38 : index)),
      ),
    ];
    const { data, size, nonFinite, min, max } = Object.values((await report(feeds)).outputs)[0] as Report['outputs'][string];
    expect({ length: data.length, size, nonFinite, first: data.slice(0, 3), min, max }).toEqual({
      ...{ length: 1000, size: 1500, nonFinite: 2, first: [null, null, 2], min: 2, max: 1499 },
    });
    expect(Object.values((await report(feeds, { most: -1 })).outputs)[0]?.data).toHaveLength(1500);
  });

  it('that hold no finite value have no range', async () => {
    await visit(addModel([1, 2], new Float32Array(2).fill(3e38)));
    const { outputs } = await report([values('x', Float32Array.of(3e38, 3e38))]);
    expect(Object.values(outputs)[0]).toMatchObject({ data: [null, null], min: null, max: null, nonFinite: 2 });
  });

  it('that have labels have the best classes', async () => {
    await visit(addModel(), { outputs: { y: { labels: ['ant', 'bee', 'cat', 'dog'], values: 'logits' } } });
    const { top } = Object.values((await report([values('x', Float32Array.of(0, 5, 0, 0))])).outputs)[0] as Report['outputs'][string];
    expect(top?.map(({ label }) => label)).toEqual(['bee', 'dog', 'cat', 'ant']);
    expect(top?.[0]?.score).toBeCloseTo(0.94, 1);
  });
});

it('rows of a table are answered, one or many, and refused by their column', async () => {
  const columns = [{ name: 'rooms', mean: 4, std: 2 }, { name: 'area' }, { name: 'city', categories: ['Bern', 'Chur', 'Thun'] }];
  await visit(tabularModel(), { inputs: { features: { columns } } });
  const bern = { rooms: 6, area: 2, city: 'Bern' };
  expect((await report([rows('features', bern)])).outputs['price']?.data).toEqual([80]);
  expect((await report([rows('features', [bern, { ...bern, city: 'Thun' }])])).outputs['price']?.data).toEqual([80, 100]);
  expect((await report([values('features', Float32Array.of(1, 2, 1, 0, 0), [1, 5])])).outputs['price']?.data).toEqual([80]);
  expect(await answer([rows('features', { ...bern, city: 'Genf' })])).toMatchObject({
    error: { code: 'input', detail: { column: 'city', row: 0 } },
  });
});

it('calls end after so long, but for the first', async () => {
  await visit(addModel());
  const feeds = [values('x', new Float32Array(4))];
  expect((await report(feeds, { runs: 1_000, enoughMs: 0 })).runs).toBe(1);
  // A software GPU takes fewer calls, and this is none.
  expect((await report(feeds, { runs: 2, softwareRuns: 1 })).runs).toBe(2);
});

it('progress is told where somebody looks', async () => {
  await visit(addModel());
  const told: string[] = [];
  vi.stubGlobal('pannierStatus', (text: string) => told.push(text));
  const feeds = [values('x', new Float32Array(4))];
  await report(feeds);
  expect(told).toEqual([]);
  await report(feeds, { tellStatus: true });
  expect(told[0]).toMatch(/^Loading the model: \d+ %$|^Call 1 of 1 on cpu$/);
});
