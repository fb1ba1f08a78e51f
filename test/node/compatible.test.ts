/** Compatibility: a folder of format 2 that an earlier build packed loads in this one. The folder is never packed again. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { readPacked } from '../../apps/cli/packed-files.js';
import { readPackedGraph } from '../../apps/cli/packed-graph.js';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { loadModel, type ModelSource } from '../../src/index.js';
import { pack } from '../../src/pack/index.js';
import { rejection } from '../fixtures/fakes.js';

const FOLDER = fileURLToPath(new URL('../fixtures/packed-2', import.meta.url));
const wasmUrl = new URL(`../../node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`, import.meta.url).href;
const assetUrl = (name: string, url: string) => (name === WASM_BINARY.name ? wasmUrl : url);

/** The values of a photo, and the answer of the build that packed the folder. */
const photo = Float32Array.from({ length: 8 * 8 * 3 }, (_, index) => (index % 7) / 7);
const ANSWER = [0.369506, 0.185225, 0.445269];

let source: ModelSource;
beforeAll(async () => {
  source = (await import(pathToFileURL(join(FOLDER, 'model.js')).href)).default;
});

it.each(['cpu', 'wasm'] as const)('it loads, agrees with its golden samples and answers on %s', async (backend) => {
  using model = await loadModel(source, { backend, assetUrl });
  const { outputs } = await model.predict({ photo });
  expect(outputs['scores']).toMatchObject({ dtype: 'float32', shape: [1, 3], labels: ['cat', 'dog', 'bird'] });
  for (const [index, value] of (outputs['scores']?.data ?? []).entries()) expect(value).toBeCloseTo(ANSWER[index] as number, 5);
  expect(model.notes).toEqual([]);
});

it('its graph file and its shards are a graph that answers so, too', async () => {
  const graph = await readPackedGraph(FOLDER, await readPacked(FOLDER));
  const answers = openReference(graph).run(new Map([['photo', { dataType: 'float32', shape: [1, 8, 8, 3], data: photo }]]));
  for (const [index, value] of [...(answers.get('scores')?.data ?? [])].entries()) expect(value).toBeCloseTo(ANSWER[index] as number, 5);
});

it('fields that a later version adds are left alone, an engine among them', async () => {
  const later = { ...source, summary: 'new', targets: { ...source.targets, later: { graph: null } } } as unknown as ModelSource;
  using model = await loadModel(later, { backend: 'cpu' });
  expect(model.info.bytes).toBe(
    readdirSync(FOLDER).reduce((sum, name) => sum + (/^(tfjs|weights|golden)-/.test(name) ? sizeOf(name) : 0), 0),
  );
});

const sizeOf = (name: string): number => readFileSync(join(FOLDER, name)).length;

it('`--check` passes, and says that another Pannier packed it', async () => {
  const options = JSON.parse(readFileSync(join(FOLDER, 'packed-from.json'), 'utf8')).options;
  const absent = { model: '/absent/model.json', goldenPicture: '/absent/picture.png' };
  const { warnings } = await pack({ ...options, ...absent, out: FOLDER, check: true });
  expect(warnings).toEqual([
    expect.stringMatching(/^\/absent\/model\.json is absent/),
    expect.stringMatching(/Pannier 0\.1\.0 packed this folder, which stays valid/),
  ]);
});

describe('a folder of format 1', () => {
  it('fails by one error that says to pack again, before anything is asked for', async () => {
    const asked: string[] = [];
    const fetch = async (url: unknown) => {
      asked.push(String(url));
      throw new Error('nothing should be fetched');
    };
    const older = { ...source, format: 1 } as unknown as ModelSource;
    expect(await rejection(loadModel(older, { backend: 'cpu', fetch: fetch as never }))).toMatchObject({
      code: 'manifest',
      message: expect.stringContaining("The model source's format should be 2, but is 1. Pack the model again with this Pannier."),
    });
    expect(asked).toEqual([]);
  });
});
