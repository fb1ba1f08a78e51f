/** The quickest real models on the files that ship, in a browser, against the cpu backend; all of them: `npm run conformance`. */
import { expect, test } from 'vitest';
import { longTest } from '../tier.js';
import { run } from './run.mjs';

/** Expects that each holds for every output, on wasm and where asked for on a software webgpu. */
async function expectHeld(models: readonly string[], webgpu: readonly string[]): Promise<void> {
  const { rows, causes } = await run({ models, webgpu, print: () => undefined });
  expect(causes).toEqual({});
  const on = (backend: string) => rows.filter((row) => row.backend === backend && row.holds).map(({ name }) => name);
  expect({ wasm: on('wasm'), webgpu: on('webgpu') }).toEqual({ wasm: models, webgpu });
}

test('three models hold for every output on wasm, one of them on a software webgpu', { timeout: 120_000 }, () =>
  expectHeld(['blazeface-front', 'emotion', 'facemesh-detection-short'], ['emotion']),
);

const ALSO = ['age', 'gender', 'gender-ssrnet-imdb', 'liveness', 'mobileface'];

longTest('six more hold on wasm, five of them on a software webgpu', { timeout: 300_000 }, () =>
  expectHeld([...ALSO, 'movenet-lightning'], ALSO),
);
