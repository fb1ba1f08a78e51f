/** A model that is too large for the page is answered by a server of another origin, which runs the same model in Node. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AnyInputs, loadModel, type Model } from '../../src/index.js';
import { pack } from '../../src/pack/index.js';
import type { openInference } from '../../src/remote/index.js';
import { scratch, writeModel } from '../fixtures/models.js';
import { type Infer, type OpenInferenceServer, serveOpenInference } from '../fixtures/open-inference-server.js';
import { openPage } from '../harness/browser.js';
import { STRICT_CSP } from '../harness/site.js';
import { echoModel, room } from './room.js';

const echo = { inputs: { picture: { image: { scale: 1 / 255, offset: -0.5, channels: 'bgr', fit: 'contain' } } } } as const;

const here = room({ echo: { ...echo, raw: echoModel(4, 6) } });

let server: OpenInferenceServer;
let served: Model;
const folder = scratch();
beforeAll(async () => {
  const { manifest } = await pack({ ...echo, model: writeModel(echoModel(4, 6), join(folder, 'raw')), out: join(folder, 'packed') });
  served = await loadModel(manifest, { backend: 'cpu', cache: null });
  const infer: Infer = async ({ picture }) => {
    const { data, shape } = picture!;
    const { outputs } = await served.predict({ picture: { data: Float32Array.from(data as number[]), shape } } as AnyInputs);
    const seen = outputs['seen']!;
    return { 'seen:0': { shape: seen.shape, datatype: 'FP32', data: [...seen.data] } };
  };
  server = await serveOpenInference({ echo: infer });
});
afterAll(async () => {
  served?.dispose();
  await server?.close();
});

test('pictures are answered as here, under a policy that names the server; no file of the model is asked for', async () => {
  const site = await here.serve({ csp: STRICT_CSP.replace("connect-src 'self'", `connect-src 'self' ${server.url}`) });
  try {
    const page = await here.page(undefined, site);
    const { remote, local, facts, requests } = await page.evaluate(async (url) => {
      const remoteModule = await importModule<{ openInference: typeof openInference }>('/dist/remote.js');
      const fallback = remoteModule.openInference(url, { outputs: { seen: 'seen:0' } });
      const far = await load('echo', { memoryBudgetBytes: 0, fallback });
      const canvas = document.createElement('canvas');
      Object.assign(canvas, { width: 12, height: 12 });
      const context = canvas.getContext('2d') as CanvasRenderingContext2D;
      const shades = context.createLinearGradient(0, 0, 12, 12);
      for (const [at, color] of [
        [0, '#c81e0a'],
        [0.5, '#0af078'],
        [1, '#141ee6'],
      ] as const)
        shades.addColorStop(at, color);
      context.fillStyle = shades;
      context.fillRect(0, 0, 12, 12);
      const blob = await new Promise<Blob>((resolve) => canvas.toBlob((made) => resolve(made as Blob), 'image/png'));
      const pictures = [
        canvas,
        blob,
        new VideoFrame(canvas, { timestamp: 0 }),
        { source: canvas, crop: { x: 2, y: 1, width: 6, height: 9, rotation: 0.3 } },
        new Float32Array(4 * 6 * 3).map((_, index) => index / 7),
      ];
      const all = (model: typeof far) =>
        Promise.all(
          pictures.map(async (picture) => {
            const { outputs, images } = await model.predict({ picture } as never);
            const { toSource, ...mapping } = images['picture'] as never as { toSource(x: number, y: number): object };
            return { seen: [...outputs['seen']!.data], mapping, corner: toSource(0, 0) };
          }),
        );
      const remote = await all(far);
      const { timing, backend } = await far.predict({ picture: canvas });
      const phases = timing.queuedMs + timing.prepareMs + timing.transferMs + timing.computeMs + (timing.readMs ?? 0);
      const facts = { backend, thread: far.thread, off: Math.abs(timing.totalMs - phases), notes: far.notes.map(({ code }) => code) };
      const requests = performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname);
      return { remote, local: await all(await load('echo', { backend: 'cpu' })), facts, requests };
    }, server.url);
    expect(remote).toEqual(local);
    expect(new Set(remote[0]?.seen).size).toBeGreaterThan(9);
    expect(facts).toMatchObject({ backend: 'fallback', thread: 'page', notes: ['fallback'] });
    expect(facts.off).toBeLessThan(1e-6);
    expect(requests.filter((path) => /\.(bin|json|wasm)$|worker/.test(path))).toEqual([]);
    expect(server.asked.map(({ method, path }) => `${method} ${path}`)).toEqual(Array(6).fill('POST /v2/models/echo/infer'));
    expect(site.violations).toEqual([]);
  } finally {
    await site.close();
  }
});

test('a policy that does not name the server is an error that names the policy', async () => {
  const site = await here.serve({});
  try {
    const page = await openPage(await here.browser.newContext(), `${site.url}/`);
    const error = await page.evaluate(async (url) => {
      const { openInference: ask } = await importModule<{ openInference: typeof openInference }>('/dist/remote.js');
      const spec = { dtype: 'float32', shape: [1] } as const;
      const request = { model: 'm', outputs: ['y'], signature: { inputs: {}, outputs: { y: spec } }, tensors: async () => ({}) };
      return ask(url)({}, { ...request, signal: new AbortController().signal }).catch(({ code, message }) => ({ code, message }));
    }, server.url);
    expect(error).toMatchObject({ code: 'offline', message: expect.stringContaining("the page's connect-src") });
    // The browser reports when it likes.
    await expect.poll(() => site.violations).toEqual([expect.stringContaining('connect-src')]);
  } finally {
    await site.close();
  }
});
