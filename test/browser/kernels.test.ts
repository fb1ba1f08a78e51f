/** Ops whose kernels are mended on webgpu answer there as the reference does; the others, too, by `npm run evidence -- kernels`. */
import { expect, test } from 'vitest';
import { tryAll } from '../kernels/main.mjs';

const SUBJECTS = ['add', 'argMax', 'cast', 'concat', 'cumulativeSum', 'gather', 'log', 'reduceMax', 'scatterND', 'topK', 'transpose'];

test('mended kernels answer on webgpu as the reference does', async () => {
  const wrong: string[] = [];
  const tried: Record<string, readonly unknown[]> = await tryAll({
    backends: ['webgpu'],
    subjects: SUBJECTS,
    print: (line: string) => wrong.push(line),
  });
  // The last line says how many were tried.
  expect(wrong.slice(0, -1)).toEqual([]);
  expect(tried['webgpu']?.length).toBeGreaterThan(SUBJECTS.length);
}, 600_000);
