/** What an update downloads: files that are new, counted by requests, and no other. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { Prediction } from '../../src/api/model.js';
import { loadModel } from '../../src/index.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { type PackOptions, pack } from '../../src/pack/index.js';
import { tfjsAssets } from '../fixtures/fakes.js';
import { memoryCache } from '../fixtures/memory-cache.js';
import { chainModel, scratch, writeModel } from '../fixtures/models.js';

const folder = scratch();
const WIDTH = 200_000;

/** y = x + every layer's number: layers of 800 kB, in shards of one or two. */
async function release(version: string, layers: Readonly<Record<string, number>>, more?: Partial<PackOptions>): Promise<Manifest> {
  const model = writeModel(chainModel(WIDTH, layers), join(folder, `source-${version}`));
  return (await pack({ model, out: join(folder, version), name: 'chain', version, ...more })).manifest;
}

const cache = memoryCache();

/** Loads a version as a visit does. @returns the names of the files that were asked for, and an answer */
async function visit(source: Manifest): Promise<{ asked: string[]; first: number; outcome: string }> {
  const asked: string[] = [];
  using model = await loadModel(source, {
    ...{ backend: 'cpu', cache, assetUrl: (name) => `https://models.test/${name}` },
    fetch: async (url) => {
      const name = String(url).split('/').at(-1) as string;
      asked.push(name);
      return new Response(readFileSync(join(folder, source.version, name)));
    },
  });
  const { outputs } = (await model.predict({ x: new Float32Array(WIDTH) })) as Prediction;
  // All is stored when the record is.
  await vi.waitFor(async () => expect(await cache.keys()).toContain(`model:${source.hash}`));
  await vi.waitFor(async () => {
    const keys = await cache.keys();
    expect(tfjsAssets(source).every(({ sha256 }) => keys.includes(sha256))).toBe(true);
  });
  return { asked: asked.sort(), first: outputs['y']?.data[0] as number, outcome: model.loadTiming.cache };
}

const namesOf = (source: Manifest) => [...new Set(tfjsAssets(source).map(({ name }) => name))];
/** Files of a release that those before it did not have. */
const fresh = (source: Manifest, ...before: Manifest[]) => {
  const known = new Set(before.flatMap(namesOf));
  return namesOf(source)
    .filter((name) => !known.has(name))
    .sort();
};
const weightsIn = (names: readonly string[]) => names.filter((name) => name.startsWith('weights-')).length;

const layers = { a: 1, b: 2, c: 4, d: 8, e: 16, f: 32 };

it('a release with one layer retrained, one more layer, or only other words about itself', async () => {
  const one = await release('1', layers);
  expect(one.weights.length).toBeGreaterThan(2);
  expect(await visit(one)).toEqual({ asked: namesOf(one).sort(), first: 63, outcome: 'miss' });

  const retrained = await release('2', { ...layers, c: 5 });
  const second = await visit(retrained);
  expect(second).toEqual({ asked: fresh(retrained, one), first: 64, outcome: 'partial' });
  expect(weightsIn(second.asked)).toBe(1);

  const { a, b, ...rest } = { ...layers, c: 5 };
  const deeper = await release('3', { a, b, new: 100, ...rest });
  const third = await visit(deeper);
  expect(third).toEqual({ asked: fresh(deeper, retrained), first: 164, outcome: 'partial' });
  expect(weightsIn(third.asked)).toBeLessThanOrEqual(3);
  expect(deeper.weights.length).toBeGreaterThan(3);

  const reworded = await release('4', { a, b, new: 100, ...rest }, { license: 'MIT' });
  expect(reworded.hash).not.toBe(deeper.hash);
  expect(await visit(reworded)).toEqual({ asked: [], first: 164, outcome: 'hit' });
});
