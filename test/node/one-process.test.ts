/** What is built, in one Node process: packing and predicting share TF.js, which has one engine for both. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addModel, scratch, writeModel } from '../fixtures/models.js';

const PROGRAM = `
import { loadModel } from 'pannier';
import { pack } from 'pannier/pack';
const [model, out] = process.argv.slice(1);
const answers = [];
for (const backend of ['cpu', 'wasm', 'cpu']) {
  const { manifest } = await pack({ model, out });
  const loaded = await loadModel(manifest, { backend, cache: null, fetch: async (url) => new Response(await (await import('node:fs/promises')).readFile(new URL(url))) });
  const { outputs } = await loaded.predict({ x: Float32Array.of(1, 2, 3, 4) });
  answers.push(outputs.sumY.data.join());
  loaded.dispose();
}
await pack({ model, out });
console.log(JSON.stringify(answers));
`;

test('a process packs, predicts, disposes and packs again', () => {
  const folder = scratch();
  const model = writeModel(addModel(), join(folder, 'raw'));
  const args = ['--input-type=module', '--eval', PROGRAM, model, join(folder, 'packed')];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual(Array(3).fill('2,4,6,8'));
});
