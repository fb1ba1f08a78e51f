/** The quickest real models on the files that ship, in a browser, against the cpu backend; all of them: `npm run conformance`. */
import { expect, test } from 'vitest';
import { run } from './run.mjs';

const QUICK = ['age', 'blazeface-front', 'emotion', 'facemesh-detection-short', 'gender', 'gender-ssrnet-imdb', 'liveness', 'mobileface'];
const ON_WEBGPU = ['age', 'emotion', 'gender', 'gender-ssrnet-imdb', 'liveness', 'mobileface'];

test('nine models hold for every output on wasm, six of them on a software webgpu', { timeout: 300_000 }, async () => {
  const { rows, causes } = await run({ models: [...QUICK, 'movenet-lightning'], webgpu: ON_WEBGPU, print: () => undefined });
  expect(causes).toEqual({});
  const on = (backend: string) => rows.filter((row) => row.backend === backend && row.holds).length;
  expect({ wasm: on('wasm'), webgpu: on('webgpu') }).toEqual({ wasm: 9, webgpu: 6 });
});
