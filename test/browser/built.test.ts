/** The built files in a real browser, under the strict policy: every backend, in a worker and in the page, and no byte too many. */
import { describe, expect, test } from 'vitest';
import { complaintsOf, expectNoViolations } from '../harness/browser.js';
import { echoModel, room } from './room.js';

const BACKENDS = ['webgpu', 'wasm', 'cpu'] as const;
const here = room({ echo: echoModel(4, 4) }, { launch: { webgpu: true } });

describe.each(BACKENDS)('%s', (backend) => {
  test.each(['worker', 'page'] as const)('in the %s', async (thread) => {
    const page = await here.page();
    here.site.requests.length = 0;
    const answer = await page.evaluate(
      async ({ backend, thread }) => {
        const model = await load('echo', { backend, thread, cache: null });
        const { outputs, timing } = await model.predict({ picture: new Float32Array(48).map((_, index) => index) });
        const { thread: ran, notes } = model;
        model.dispose();
        return { last: outputs['seen']?.data.at(-1), shape: outputs['seen']?.shape, backend: timing.backend, thread: ran, notes };
      },
      { backend, thread },
    );
    expect(answer).toEqual({ last: 47, shape: [1, 4, 4, 3], backend, thread, notes: [] });
    const own = /^\/(dist\/(index|page-[\w-]+|worker\/\w+)\.js|dist\/tfjs-backend-wasm-simd\.wasm|models\/echo\/[\w.-]+)$/;
    expect(here.site.requests.filter(({ path, status }) => status !== 200 || !own.test(path))).toEqual([]);
    // Nobody downloads a backend that is not theirs.
    const others = BACKENDS.filter((each) => each !== backend);
    expect(here.site.requests.filter(({ path }) => others.some((each) => path.includes(each)))).toEqual([]);
    await expectNoViolations(page);
    const { consoleErrors, pageErrors } = await complaintsOf(page);
    expect([...consoleErrors, ...pageErrors]).toEqual([]);
    await page.close();
  });
});
