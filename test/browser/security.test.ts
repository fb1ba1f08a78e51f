/** What others may put into a packed model, a page or a message: none of it runs, and none of it stands in the way. Rows X of the plan. */
import { describe, expect, it } from 'vitest';
import { addModel } from '../fixtures/models.js';
import { expectInert, PAYLOADS, watchDialogs } from '../fixtures/payloads.js';
import { complaintsOf, expectNoViolations, openPage } from '../harness/browser.js';
import { serve } from '../harness/site.js';
import { IN_PAGE, room } from './room.js';

/** What the model says of itself. */
const [, , name = '', version = '', license = '', origin = ''] = PAYLOADS;

const here = room(
  {
    add: addModel(),
    hostile: {
      raw: addModel([1, PAYLOADS.length], new Float32Array(PAYLOADS.length)),
      ...{ name, version, license, source: origin },
      inputs: { x: { name: PAYLOADS[31]! } },
      outputs: { y: { name: '</script>', labels: PAYLOADS, values: 'logits' } },
    },
  },
  { launch: { args: ['--host-resolver-rules=MAP plain.test 127.0.0.1'] } },
);

it('X1: payloads as names, labels and metadata come through as the texts they are, in a page that forbids nothing', async () => {
  const site = await here.serve({ csp: null });
  const page = await here.page(undefined, site);
  const dialogs = watchDialogs(page);
  const told = await page.evaluate(async (input) => {
    const model = await load('hostile', { backend: 'wasm', autotune: false });
    const { outputs } = await model.predict({ [input]: Float32Array.from({ length: 40 }, (_, index) => index) });
    const [best] = (await importModule<typeof import('../../src/read/index.js')>('/dist/read.js')).topK(outputs['</script>'] as never, {
      k: 1,
    });
    const refusal = await model.predict({ wrong: new Float32Array(40) }).catch((error: Error) => error.message);
    const { license, source } = model.info;
    // As an app shows them.
    document.body.append(...[best?.label, model.name, model.version, license, source, refusal].map(String));
    return { best: best?.label, labels: outputs['</script>']?.labels, about: [model.name, model.version, license, source] };
  }, PAYLOADS[31]!);
  expect(told).toEqual({ best: PAYLOADS.at(-1), labels: PAYLOADS, about: [name, version, license, origin] });
  await expectInert(page, dialogs);
  // As HTML they would have run.
  await page.evaluate((payloads) => {
    document.body.innerHTML = payloads.join('');
  }, PAYLOADS);
  await expect(expectInert(page, dialogs)).rejects.toThrow();
  await page.context().close();
  await site.close();
});

describe('X2: prototype pollution', () => {
  it('does not come in by options or a manifest', async () => {
    const page = await here.page();
    const answers = await page.evaluate(async () => {
      const evil = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
      const code = (step: Promise<unknown>) =>
        step.then(
          () => 'taken',
          ({ code }) => code,
        );
      const add = await source('add');
      const { loadModel } = await importModule<typeof import('../../src/index.js')>('/dist/index.js');
      const answers = [
        await code(load('add', evil)),
        await code(loadModel({ ...add, signature: evil })),
        await code(loadModel({ ...add, signature: { ...add.signature, inputs: { ...add.signature.inputs, ...evil } } })),
        await code(loadModel(Object.assign(evil, { ...add, hash: 'another' }), { backend: 'cpu' })),
      ];
      return { answers, polluted: 'polluted' in {} };
    });
    expect(answers).toEqual({ answers: ['options', 'manifest', 'manifest', 'taken'], polluted: false });
    await page.context().close();
  });

  it('is nothing that Pannier needs: where prototypes are frozen it answers from its worker', async () => {
    const page = await here.page();
    const answers = await page.evaluate(async () => {
      for (const prototype of [Object.prototype, Array.prototype, Function.prototype, Promise.prototype]) Object.freeze(prototype);
      const model = await load('add', { backend: 'wasm' });
      const { outputs } = await model.predict({ x: new Float32Array(4) });
      const inPage = await load('add', { backend: 'cpu', thread: 'page' }).catch(({ code, message }) => `${code}: ${message}`);
      return [model.thread, model.notes.length, ...(outputs['sumY']?.data ?? []), inPage];
    });
    // TF.js itself gives an object a `toString` of its own, which frozen prototypes forbid; in the worker nobody has frozen them.
    expect(answers).toEqual(['worker', 0, 1, 2, 3, 4, expect.stringMatching(/^backend-unavailable: .*read only property 'toString'/)]);
    await page.context().close();
  });
});

it('X3: forged messages, to the worker, to the page and from another window, change nothing', async () => {
  const site = await here.serve({ csp: null });
  const other = await serve({}, { csp: null });
  other.put('/', '<!doctype html><script src="/forge.js"></script>');
  other.put(
    '/forge.js',
    `const wire = { code: 'device-lost', message: 'forged', detail: {} };
    const forged = [null, 5, { ready: true }, { begun: 1 }, { lost: wire }, ...Array.from({ length: 30 }, (_, id) => ({ id, value: 'forged' }))];
    for (const message of forged) parent.postMessage(message, '*');`,
  );
  const page = await here.page(undefined, site);
  const answers = await page.evaluate(async (forger) => {
    // Only who makes a worker can post to it; here everybody can.
    const workers: Worker[] = [];
    globalThis.Worker = class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        workers.push(this);
      }
    };
    const model = await load('add', { backend: 'wasm', autotune: false });
    const frame = document.createElement('iframe');
    let heard = 0;
    addEventListener('message', ({ origin }) => {
      if (origin !== location.origin) heard++;
    });
    frame.src = forger;
    document.body.append(frame);
    await new Promise((resolve) => frame.addEventListener('load', resolve));
    const forged = [
      null,
      5,
      'memory',
      [],
      { kind: 'memory' },
      { id: '1', kind: 'close' },
      JSON.parse('{"__proto__":{"polluted":1},"id":1e9,"kind":"x"}'),
    ];
    const answers: number[] = [];
    for (let call = 0; call < 5; call++) {
      const predicting = model.predict({ x: Float32Array.of(call, 0, 0, 0) });
      for (const message of forged) for (const worker of workers) worker.postMessage(message);
      for (const message of [{ lost: null }, { id: 0, value: 'forged' }]) postMessage(message, '*');
      answers.push((await predicting).outputs['sumY']?.data[0] ?? Number.NaN);
    }
    return { answers, notes: model.notes, workers: workers.length, heard: heard > 30, polluted: 'polluted' in {} };
  }, `${other.url}/`);
  expect(answers).toEqual({ answers: [1, 2, 3, 4, 5], notes: [], workers: 1, heard: true, polluted: false });
  expect((await complaintsOf(page)).pageErrors).toEqual([]);
  await page.context().close();
  await site.close();
  await other.close();
});

// Every page of the browser tests is served under the strict policy, and each file of them ends with no violation; here isolation comes on top.
it('X6: with the strict policy, Trusted Types and isolation at once, all threads and backends answer without a violation', async () => {
  const site = await here.serve({ isolated: true });
  const page = await here.page(undefined, site);
  const answers = await page.evaluate(async () => {
    const ways = [{ backend: 'wasm' }, { backend: 'cpu' }, { backend: 'wasm', thread: 'page' }] as const;
    const answers: unknown[] = [crossOriginIsolated];
    for (const options of ways) {
      const model = await load('add', options);
      const { outputs } = await model.predict({ x: new Float32Array(4) });
      answers.push(`${model.backend} in ${model.thread}: ${outputs['sumY']?.data.join(' ')}, ${model.notes.length} notes`);
      model.dispose();
    }
    const { isOfflineReady, trustedScriptUrl } = await importModule<typeof import('../../src/index.js')>('/dist/index.js');
    // It is written behind the first answer.
    while (!(await isOfflineReady(await source('add')))) await new Promise((resolve) => setTimeout(resolve, 10));
    const worker = new Worker(trustedScriptUrl('/app-worker.js'), { type: 'module' });
    answers.push(await new Promise((resolve) => worker.addEventListener('message', ({ data }) => resolve(data.y))));
    return answers;
  });
  const answer = '1 2 3 4, 0 notes';
  expect(answers).toEqual([true, `wasm in worker: ${answer}`, `cpu in worker: ${answer}`, `wasm in page: ${answer}`, 4]);
  expect(await complaintsOf(page)).toEqual({ violations: [], consoleErrors: [], pageErrors: [] });
  await page.context().close();
  await site.close();
});

describe('X8: an insecure origin', () => {
  const plain = () => here.site.url.replace(/^http:\/\/[^:]+/, 'http://plain.test');
  async function openPlain() {
    const context = await here.browser.newContext();
    await context.addInitScript({ content: IN_PAGE });
    return openPage(context, plain());
  }

  it('has its bytes verified in JavaScript: the model answers, and is cached', async () => {
    const page = await openPlain();
    const told = await page.evaluate(async () => {
      const { isOfflineReady, prefetchModel } = await importModule<typeof import('../../src/index.js')>('/dist/index.js');
      await prefetchModel(await source('add'));
      const model = await load('add', { backend: 'wasm' });
      const { outputs } = await model.predict({ x: Float32Array.of(1, 2, 3, 4) });
      const notes = model.notes.map(({ code }) => code);
      return {
        isSecureContext,
        hasSubtle: 'subtle' in crypto,
        ready: await isOfflineReady(await source('add')),
        y: outputs['sumY']?.data[3],
        notes,
      };
    });
    expect(told).toEqual({ isSecureContext: false, hasSubtle: false, ready: true, y: 8, notes: [] });
    expect(here.site.requests.map(({ path }) => path)).toContain('/dist/page-sha256.js');
    await expectNoViolations(page);
    await page.context().close();
  });

  it('has a flipped bit refused', async () => {
    const page = await openPlain();
    const undo = here.site.fault(/\/golden-/, { edit: (body) => body.map((byte, index) => (index === 3 ? byte ^ 1 : byte)) });
    const code = await page.evaluate(() => load('add', { backend: 'wasm' }).catch(({ code }) => code));
    undo();
    expect(code).toBe('integrity');
    await expectNoViolations(page);
    await page.context().close();
  });

  it('is the only one that downloads that code', async () => {
    const page = await here.page();
    here.site.requests.length = 0;
    await page.evaluate(() => load('add', { backend: 'wasm' }).then((model) => model.dispose()));
    expect(here.site.requests.map(({ path }) => path)).not.toContain('/dist/page-sha256.js');
    await page.context().close();
  });
});
