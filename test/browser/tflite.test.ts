/** Quantised and stateful .tflite files in a real browser, on every backend. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { quantizedClassifier } from '../fixtures/tflite-quantized.js';
import { filterModel } from '../fixtures/tflite-states.js';
import { room } from './room.js';

const folder = mkdtempSync(join(tmpdir(), 'pannier-tflite-'));
const written = (name: string, bytes: Uint8Array) => {
  writeFileSync(join(folder, name), bytes);
  return { model: join(folder, name) };
};

const here = room(
  { filter: written('filter.tflite', filterModel()), bytes: written('bytes.tflite', quantizedClassifier()) },
  { launch: { webgpu: true } },
);

test.each(['wasm', 'webgpu', 'cpu'] as const)('numbers of 8 bits and a state are right on %s', async (backend) => {
  const page = await here.page();
  const answers = await page.evaluate(async (wanted) => {
    const bytes = await load('bytes', { backend: wanted });
    const { scores } = (await bytes.predict({ x: Int8Array.of(3, -5) } as never)).outputs;
    const filter = await load('filter', { backend: wanted });
    const next = async (x: number) => [...((await filter.predict({ x: Float32Array.of(x) } as never)).outputs['y']?.data ?? [])];
    const seen = [await next(5), await next(-1)];
    filter.resetState();
    return { type: scores?.data.constructor.name, scores: [...(scores?.data ?? [])], seen: [...seen, await next(-1)] };
  }, backend);
  expect(answers).toEqual({
    ...{ type: 'Int8Array', scores: [18, -6] },
    // Twice the input before, and three times the input; and what is below 0 of that.
    seen: [
      [15, 0],
      [7, 0],
      [0, 3],
    ],
  });
});
