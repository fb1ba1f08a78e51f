/** Parts of a compiled model that JavaScript computes: their code comes to the worker, or to the page, when a model has such parts. */
import { describe, expect, test } from 'vitest';
import type { LoadOptions } from '../../src/index.js';
import { addModel } from '../fixtures/models.js';
import { expectNoViolations } from '../harness/browser.js';
import { placesModel, room } from './room.js';

const here = room({ add: addModel(), places: placesModel() });

/** In a page: what the model says to 0, 1, 0, 1, or why it has no answer. */
async function ask(options: LoadOptions) {
  try {
    const model = await load('places', { cache: null, ...options });
    const { outputs } = await model.predict({ x: Float32Array.of(0, 1, 0, 1) });
    const { backend, thread, selection } = model;
    model.dispose();
    const { shape, data } = outputs['places']!;
    return { where: `${backend} in ${thread}`, shape, places: [...data], reason: selection[0]!.reason };
  } catch (thrown) {
    return String(thrown);
  }
}

const RIGHT = { shape: [2, 2], places: [0, 1, 0, 3] };
const codeAsked = () => here.site.requests.flatMap(({ path }) => (path.includes('host-parts') ? [path] : []));

test.each([
  ['worker', '/dist/worker/host-parts.js'],
  ['page', '/dist/page-host-parts.js'],
] as const)('their code comes to the %s once, and for no other model', async (thread, file) => {
  const page = await here.page();
  here.site.requests.length = 0;
  await page.evaluate((thread) => load('add', { backend: 'wasm', thread }), thread);
  expect(codeAsked()).toEqual([]);
  for (let round = 0; round < 2; round++)
    expect(await page.evaluate(ask, { backend: 'wasm', thread } as const)).toMatchObject({ where: `wasm in ${thread}`, ...RIGHT });
  expect(codeAsked()).toEqual([file]);
  await expectNoViolations(page);
});

test('an address by assetUrl is relative to the page, as that of the worker', async () => {
  const page = await here.page();
  const answer = await page.evaluate(async () => {
    const assetUrl = (name: string, url: string) => (name.startsWith('worker/') ? `dist/${name}` : url);
    const model = await load('places', { backend: 'wasm', assetUrl });
    const { outputs } = await model.predict({ x: Float32Array.of(1, 0, 0, 0) });
    return [model.thread, model.notes, ...outputs['places']!.data];
  });
  expect(answer).toEqual(['worker', [], 0, 0]);
});

describe('C11: where their code does not arrive, the next backend serves, and the reason is told', () => {
  test.each(['worker', 'page'] as const)('in the %s', async (thread) => {
    const page = await here.page();
    const mend = here.site.fault(/host-parts\.js$/, { status: 404 });
    const answer = await page.evaluate(ask, { backend: ['wasm', 'cpu'], thread } as const);
    mend();
    const reason = expect.stringContaining('A part of Pannier did not arrive');
    expect(answer).toEqual({ where: `cpu in ${thread}`, ...RIGHT, reason });
  });

  test('and a code of the wrong type is not run', async () => {
    const page = await here.page();
    const mend = here.site.fault(/host-parts\.js$/, { headers: { 'Content-Type': 'text/plain' } });
    const answer = await page.evaluate(ask, { backend: 'wasm' } as const);
    mend();
    expect(answer).toMatch(/^PannierError: No backend can run this model here.*A part of Pannier did not arrive/);
  });
});
