/** The built files in a real browser, under the strict policy: every backend, in a worker and in the page. */
import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelSource } from '../../src/index.js';
import { complaintsOf, expectNoViolations, launch, openPage } from '../harness/browser.js';
import { type Site, serve } from '../harness/site.js';

const MODEL = 'examples/pose/model';
let browser: Browser;
let site: Site;

beforeAll(async () => {
  expect(existsSync(`${MODEL}/model.js`), 'npm run build packs the examples').toBe(true);
  browser = await launch({ webgpu: true });
  site = await serve({ '/dist': 'dist', '/model': MODEL });
  site.put('/', '<!doctype html><title>built files</title>');
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
});

describe.each(['webgpu', 'wasm', 'cpu'] as const)('%s', (backend) => {
  test.each(['worker', 'page'] as const)('in the %s', async (thread) => {
    const page = await openPage(browser, `${site.url}/`);
    site.requests.length = 0;
    const answer = await page.evaluate(
      async ({ backend, thread }) => {
        const { loadModel } = await importModule<typeof import('../../src/index.js')>('/dist/index.js');
        const { default: source } = await importModule<{ default: ModelSource }>('/model/model.js');
        const model = await loadModel(source, { backend, thread, cache: null });
        const image = { data: new Uint8Array(4 * 64 * 48).fill(127), width: 64, height: 48 };
        const { outputs, timing } = await model.predict({ image });
        const [output] = Object.values(outputs);
        const { thread: ran, notes } = model;
        model.dispose();
        return { shape: output?.shape, finite: output?.data.every(Number.isFinite), backend: timing.backend, thread: ran, notes };
      },
      { backend, thread },
    );
    expect(answer).toEqual({ shape: [1, 1, 17, 3], finite: true, backend, thread, notes: [] });
    const own = /^\/(dist\/(index|page-[\w-]+|worker\/\w+)\.js|dist\/tfjs-backend-wasm-simd\.wasm|model\/[\w.-]+)$/;
    expect(site.requests.filter(({ path, status }) => status !== 200 || !own.test(path))).toEqual([]);
    // Nobody downloads a backend that is not theirs.
    const others = ['webgpu', 'wasm', 'cpu'].filter((each) => each !== backend);
    expect(site.requests.filter(({ path }) => others.some((each) => path.includes(each)))).toEqual([]);
    await expectNoViolations(page);
    const { consoleErrors, pageErrors } = await complaintsOf(page);
    expect([...consoleErrors, ...pageErrors]).toEqual([]);
    await page.close();
  });
});
