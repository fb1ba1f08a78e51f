/** The built files in a real browser, under the strict policy: every backend, in a worker and in the page, and no byte too many. */
import { describe, expect, test } from 'vitest';
import { complaintsOf, expectNoViolations } from '../harness/browser.js';
import { echoModel, room } from './room.js';

const WAYS = [
  ['webgpu', 'tfjs'],
  ['wasm', 'compiled'],
  ['wasm', 'tfjs'],
  ['cpu', 'tfjs'],
] as const;
/** What is in the names of files that belong to one backend, or to one engine. */
const NAMES = ['webgpu', 'wasm', 'cpu', 'compiled', 'tfjs', 'host-parts'];
const here = room({ echo: echoModel(4, 4) }, { launch: { webgpu: true } });

describe.each(WAYS)('%s of %s', (backend, engine) => {
  test.each(['worker', 'page'] as const)('in the %s', async (thread) => {
    const page = await here.page();
    here.site.requests.length = 0;
    const answer = await page.evaluate(
      async ({ backend, loading, thread }) => {
        const model = await globalThis[loading]('echo', { backend, thread, cache: null });
        const { outputs, timing } = await model.predict({ picture: new Float32Array(48).map((_, index) => index) });
        const { thread: ran, notes } = model;
        model.dispose();
        return { last: outputs['seen']?.data.at(-1), shape: outputs['seen']?.shape, backend: timing.backend, thread: ran, notes };
      },
      { backend, loading: engine === 'compiled' ? 'load' : 'loadUncompiled', thread } as const,
    );
    expect(answer).toEqual({ last: 47, shape: [1, 4, 4, 3], backend, thread, notes: [] });
    const own = /^\/(dist\/(index|page-[\w-]+|worker\/\w+)\.js|dist\/tfjs-backend-wasm-simd\.wasm|models\/echo\/[\w.-]+)$/;
    expect(here.site.requests.filter(({ path, status }) => status !== 200 || !own.test(path))).toEqual([]);
    // Nobody downloads a backend or an engine that is not theirs.
    const others = NAMES.filter((each) => each !== backend && each !== engine);
    // On the page, the kernels that are mended for TF.js take their strides from the chunk of the compiled engine.
    const strides = engine === 'tfjs' && thread === 'page' ? ['/dist/page-compiled.js'] : [];
    expect(here.site.requests.flatMap(({ path }) => (others.some((each) => path.includes(each)) ? [path] : []))).toEqual(strides);
    await expectNoViolations(page);
    const { consoleErrors, pageErrors } = await complaintsOf(page);
    expect([...consoleErrors, ...pageErrors]).toEqual([]);
    await page.close();
  });
});
