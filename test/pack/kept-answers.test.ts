/** Answers of the reference are kept by graph and inputs: packing again with other options computes none of them twice. */
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { KeptAnswers } from '../../src/pack/golden/kept-answers.js';
import { type PackOptions, pack } from '../../src/pack/index.js';
import { chainModel, type RawModel, scratch, writeModel } from '../fixtures/models.js';

/** Runs of the reference since the test began, and the build of the packer. */
const counted = vi.hoisted(() => ({ runs: 0, build: 'one' as string | undefined }));

vi.mock('../../src/engines/reference/interpreter.js', async (original) => {
  const { openReference, ...rest } = await original<typeof import('../../src/engines/reference/interpreter.js')>();
  const open: typeof openReference = (graph) => {
    const model = openReference(graph);
    return {
      run: (...given) => {
        counted.runs++;
        return model.run(...given);
      },
    };
  };
  return { ...rest, openReference: open };
});

vi.mock('../../src/pack/digest.js', async (original) => ({
  ...(await original<typeof import('../../src/pack/digest.js')>()),
  packerDigest: async () => counted.build,
}));

const folder = scratch();
const WIDTH = 300;
const model = (value = 1): RawModel => chainModel(WIDTH, { a: value, b: 2 });

let app: string;
let count = 0;
beforeEach(() => {
  app = join(folder, `app-${count++}`);
  mkdirSync(join(app, 'node_modules'), { recursive: true });
  Object.assign(counted, { runs: 0, build: 'one' });
});

/** Packs a model of the app, and tells the runs of the reference that this took. */
async function runsOf(raw: RawModel, more: Partial<PackOptions> = {}) {
  counted.runs = 0;
  const packed = await pack({ model: writeModel(raw, join(app, 'model')), out: join(app, 'out'), ...more });
  return { ...packed, runs: counted.runs, golden: readFileSync(join(app, 'out', packed.manifest.golden.asset.name)) };
}

const answersFolder = () => join(app, 'node_modules/.cache/pannier/answers');
const kept = () => readdirSync(answersFolder()).map((name) => join(answersFolder(), name));

it('packs a graph again with other options without a run', async () => {
  const first = await runsOf(model());
  expect(first.runs).toBe(4);
  expect(kept()).toHaveLength(4);
  for (const more of [{ budget: { bytes: 1e6, mflop: 1 } }, { outputs: { y: { name: 'sum' } } }, { version: '2' }]) {
    const { changed, runs, golden, manifest } = await runsOf(model(), more);
    expect([changed, runs]).toEqual([true, 0]);
    expect(golden).toEqual(first.golden);
    expect([manifest.flops, manifest.intermediateBytes]).toEqual([first.manifest.flops, first.manifest.intermediateBytes]);
  }
});

it('runs quantised weights once, and the original ones not again', async () => {
  const { runs } = await runsOf(model());
  expect((await runsOf(model(), { quantize: 'uint8' })).runs).toBe(runs);
  expect((await runsOf(model(), { quantize: 'uint8', version: '2' })).runs).toBe(0);
});

it.each<[string, () => RawModel]>([
  ['another weight', () => model(3)],
  [
    'another op',
    () => {
      const changed = model();
      Object.assign(changed.json.modelTopology.node.at(-1) as object, { op: 'Mul' });
      return changed;
    },
  ],
  [
    'another build of the reference',
    () => {
      counted.build = 'another';
      return model();
    },
  ],
])('computes the answers of %s', async (_what, change) => {
  const { runs } = await runsOf(model());
  expect((await runsOf(change(), { version: '2' })).runs).toBe(runs);
});

it('computes damaged answers again, and keeps them', async () => {
  const first = await runsOf(model());
  const [flipped, cut] = kept() as [string, string, ...string[]];
  const bytes = readFileSync(flipped);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] as number) ^ 1;
  writeFileSync(flipped, bytes);
  writeFileSync(cut, readFileSync(cut).subarray(0, 10));
  const second = await runsOf(model(), { version: '2' });
  expect([second.runs, second.golden]).toEqual([2, first.golden]);
  expect((await runsOf(model(), { version: '3' })).runs).toBe(0);
});

it('packs where nothing can be kept', async () => {
  writeFileSync(join(app, 'node_modules/.cache'), 'a file');
  const first = await runsOf(model());
  expect((await runsOf(model(), { version: '2' })).runs).toBe(first.runs);
});

it('keeps nothing of code that runs from its source', async () => {
  counted.build = undefined;
  const first = await runsOf(model());
  expect((await runsOf(model(), { version: '2' })).runs).toBe(first.runs);
});

it('makes room for half of its bytes by the answers that were used longest ago', async () => {
  await runsOf(model());
  const files = kept();
  const { size } = statSync(files[0] as string);
  for (const [index, file] of files.entries()) utimesSync(file, new Date(1e9 * (index + 1)), new Date(1e9 * (index + 1)));
  const { answers, keyOf } = await keysIn(4 * size);
  expect(kept()).toEqual(files.slice(2));
  const answer = {
    outputs: [{ dtype: 'float32', shape: [WIDTH], data: new Float32Array(WIDTH) }],
    cost: { calls: [], peakBytes: 0 },
  } as const;
  for (const value of [1, 2, 3]) await answers.write(keyOf(value), answer);
  expect(await Promise.all([1, 2, 3].map((value) => answers.read(keyOf(value))))).toEqual([answer, answer, undefined]);
  // An answer that is read counts as used just now.
  for (const value of [1, 2]) utimesSync(join(answersFolder(), `${keyOf(value)}.bin`), new Date(value), new Date(value));
  await answers.read(keyOf(1));
  await keysIn(4 * size);
  expect(kept()).toContain(join(answersFolder(), `${keyOf(1)}.bin`));
  expect(kept()).not.toContain(join(answersFolder(), `${keyOf(2)}.bin`));
});

async function keysIn(maxBytes: number) {
  const answers = (await KeptAnswers.open(join(app, 'out'), maxBytes)) as KeptAnswers;
  const keyOf = answers.keysOf({ inputs: [], constants: [], nodes: [], outputs: [] });
  return { answers, keyOf: (value: number) => keyOf([{ dataType: 'float32', shape: [1], data: Float32Array.of(value) }]) };
}
