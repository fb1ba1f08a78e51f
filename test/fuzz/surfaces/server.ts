/** What an app's own server answers where no backend can run the model. */
import fc from 'fast-check';
import type { FallbackRequest } from '../../../src/api/fallback.js';
import { openInference } from '../../../src/remote/index.js';
import { changed, jsonPoison, stained } from '../mutation.js';
import { refusable, surface } from '../surface.js';

const spec = { dtype: 'float32', shape: [1, 2] } as const;
const good = { model_name: 'm', outputs: [{ name: 'y', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] };
const encoded = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value) ?? '');

export const server = surface({
  name: 'server',
  share: 40,
  inputs: fc.record({
    status: fc.constantFrom(200, 200, 200, 400, 500),
    body: fc.oneof(
      changed(fc.constant(good), jsonPoison).map(encoded),
      stained(fc.constant(encoded(good)), (whole) => whole).map(({ bytes }) => bytes),
      fc
        .constantFrom('<!doctype html>', '', '{"error":{"toString":1}}', `{"id":{"toString":1},"outputs":[]}`, '{"error":1}')
        .map((text) => new TextEncoder().encode(text)),
    ),
  }),
  async feed({ status, body }) {
    const fetch = (async () => new Response(body as Uint8Array<ArrayBuffer>, { status })) as typeof globalThis.fetch;
    const request: FallbackRequest = {
      ...{
        model: 'm',
        signature: { inputs: { x: spec }, outputs: { y: spec } },
        outputs: ['y'],
        signal: new AbortController().signal as never,
      },
      tensors: async () => ({ x: { ...spec, shape: [1, 2], data: new Float32Array(2) } }),
    };
    return refusable(() => openInference('https://models.test', { fetch })({}, request));
  },
});
