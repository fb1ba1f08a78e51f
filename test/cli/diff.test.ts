/** `pannier diff OLD NEW` on packed folders: costs, signature and answers, for people, for pull requests and for programs. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/pack/digest.js';
import { type PackOptions, pack } from '../../src/pack/index.js';
import {
  addModel,
  chainModel,
  embeddingModel,
  type RawModel,
  scratch,
  tabularModel,
  twoInputModel,
  writeModel,
} from '../fixtures/models.js';
import { pannierHere } from '../fixtures/terminal.js';

const folder = scratch();

async function packed(name: string, model: RawModel, options: Partial<PackOptions> = {}): Promise<string> {
  const { out } = await pack({ model: writeModel(model, join(folder, `${name} raw`)), out: join(folder, name), name: 'm', ...options });
  return out;
}

async function printed(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await pannierHere(['diff', ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const parsed = async (...args: string[]) => JSON.parse(await printed(...args, '--json'));

let add: string;
beforeAll(async () => {
  add = await packed('add', addModel(), { version: '1' });
});

it('prints costs, signature and answers', async () => {
  const other = await packed('other', addModel([1, 4], Float32Array.of(1, 2, 9, 4)), { version: '2' });
  expect(await printed(add, other)).toMatch(
    /^m 1 → 2\n\nCosts\n +old +new\n {2}first download +[\d.]+ kB +[\d.]+ kB {2}\S.*\n {2}update +[\d.]+ kB {2}1 of 1 shard, 2 of 3 other files\n {2}work of a call +4 FLOP +4 FLOP {2}the same\n {2}memory +\d+\.?\d* kB +\d+\.?\d* kB {2}the same\n\nSignature {2}the same\n\nAnswers {2}to 2 samples, both models on wasm\n +largest difference {2}of the spread {2}mean difference {2}same top answer\n {2}sumY +6 +\d+ % +1\.500 +\d of 2\n$/,
  );
});

it('prints the same as Markdown', async () => {
  const other = await packed('markdown', addModel([1, 4], Float32Array.of(1, 2, 9, 4)), { version: '2' });
  expect(await printed(add, other, '--markdown')).toMatch(
    /^### `m 1` → `2`\n\n\*\*Costs\*\*\n\n\| \| old \| new \| \|\n\|---\|---:\|---:\|---\|\n\| first download \| .* \|\n\| update \| \| [\d.]+ kB \| 1 of 1 shard, 2 of 3 other files \|\n(?:\|.*\|\n)+\n\*\*Signature\*\*: the same\n\n\*\*Answers\*\*: to 2 samples, both models on wasm\n\n\| \| largest difference \| of the spread \| mean difference \| same top answer \|\n\|---\|---:\|---:\|---:\|---:\|\n\| `sumY` \| 6 \| \d+ % \| 1\.500 \| \d of 2 \|\n$/,
  );
});

it('finds nothing between a model and itself', async () => {
  const again = await packed('again', addModel(), { version: '1' });
  expect(await parsed(add, again)).toMatchObject({
    downloads: { bytes: 0, shards: { changed: 0, of: 1 }, others: { changed: 0, of: 3 } },
    signature: [],
    answers: { samples: 2, outputs: { sumY: { maxAbsDifference: 0, shareOfSpread: 0, sameTop: { same: 2, of: 2 } } } },
  });
  expect(await printed(add, again)).toMatch(/^ {2}update +nothing {2}0 of 1 shard, 0 of 3 other files$/m);
});

it('counts the bytes of the shards and files that changed', async () => {
  const layers = { a: 1, b: 2, c: 3, d: 4 };
  const width = 200_000;
  const old = await packed('four layers', chainModel(width, layers));
  const now = await packed('the last trained again', chainModel(width, { ...layers, d: 5 }));
  const { downloads, answers } = await parsed(old, now);
  // Four layers of 0.8 MB are two shards of at most 2 MiB, and the last layer lies in the second one.
  expect(downloads.shards).toEqual({ changed: 1, of: 2 });
  expect(downloads.bytes).toBeGreaterThan(width * 4);
  expect(downloads.bytes).toBeLessThan(width * 4 * 2 + 100_000);
  expect(answers.outputs.y.maxAbsDifference).toBeCloseTo(1, 5);
  expect(answers.outputs.y.meanAbsDifference).toBeCloseTo(1, 5);
});

it('says what the packer stored in fewer bytes', async () => {
  const weights = Float32Array.from({ length: 4096 }, (_, index) => Math.sin(index));
  const old = await packed('float32', addModel([1, 4096], weights));
  const now = await packed('float16', addModel([1, 4096], weights), { quantize: 'float16' });
  expect(await printed(old, now)).toMatch(/^ {2}weights +as in the file +float16$/m);
  const { maxAbsDifference, shareOfSpread } = (await parsed(old, now)).answers.outputs.sumY;
  expect(maxAbsDifference).toBeGreaterThan(0);
  expect(maxAbsDifference).toBeLessThan(2 ** -11);
  expect(shareOfSpread).toBeGreaterThan(maxAbsDifference / 8);
  expect(shareOfSpread).toBeLessThan(maxAbsDifference / 2);
});

describe('pictures', () => {
  const filled = (scale: number, size: number) => {
    const model = addModel([1, 2, size, 3], Float32Array.of(0, 0, 0));
    return [model, { inputs: { x: { image: { scale, offset: 0 } } } }] as const;
  };

  it('go through the preprocessing of each model', async () => {
    const old = await packed('dark', ...filled(1 / 255, 2));
    const now = await packed('bright', ...filled(2 / 255, 2));
    const { signature, answers } = await parsed(old, now);
    expect(signature).toEqual([
      { side: 'input', name: 'x', field: 'image scale', old: [1 / 255, 1 / 255, 1 / 255], new: [2 / 255, 2 / 255, 2 / 255] },
    ]);
    // The answers are the pixels, of which the new model sees twice the value.
    expect(answers.outputs.sumY.maxAbsDifference).toBeGreaterThan(0.5);
    expect(answers.outputs.sumY.maxAbsDifference).toBeLessThanOrEqual(1);
  });

  it('are those of the caller, too', async () => {
    const old = await packed('seen', ...filled(1 / 255, 2));
    expect((await parsed(old, old, '--image', 'test/fixtures/chelsea.png', '--image', 'test/fixtures/astronaut.png')).answers.samples).toBe(
      4,
    );
    const { status, stderr } = await pannierHere(['diff', old, old, '--image', 'package.json']);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^pannier: package\.json is not a picture that can be read/),
    });
    expect((await pannierHere(['diff', add, add, '--image', 'test/fixtures/chelsea.png'])).stderr).toMatch(
      /^pannier: --image is for the only input that takes a picture, but there is none\./,
    );
  });

  it('fit a model of another size, whose output of another size is named', async () => {
    const old = await packed('small', ...filled(1, 2));
    const now = await packed('large', ...filled(1, 4));
    const text = await printed(old, now);
    expect(text).toMatch(/^ {2}input x: shape \[1, 2, 2, 3\] → \[1, 2, 4, 3\]$/m);
    expect(text).toMatch(/^ {2}input x: image width 2 → 4$/m);
    expect(text).toMatch(/^ {2}sumY +unknown +float32 \[1, 2, 2, 3\] → float32 \[1, 2, 4, 3\]$/m);
  });
});

it.each([
  ['other inputs', () => packed('two', twoInputModel()), 'the models have no output in common'],
  [
    'an input of another size',
    () => packed('wide', addModel([1, 5], new Float32Array(5))),
    /^input "x" is \[1, 5\], which \[1, 4\] of the old/,
  ],
  [
    'an input that the old one has not',
    () => packed('renamed', addModel(), { inputs: { x: { name: 'z' } } }),
    'the new model has no input "x"',
  ],
])('runs nothing on %s', async (_, other, reason) => {
  const { answers } = await parsed(add, await other());
  expect(answers).toEqual({ reason: typeof reason === 'string' ? reason : expect.stringMatching(reason) });
});

it('runs nothing on rows of other columns', async () => {
  const columns = (mean: number) => ({
    inputs: { features: { columns: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, mean, std: 1 })) } },
  });
  const old = await packed('rows', tabularModel(), columns(0));
  const now = await packed('other rows', tabularModel(), columns(3));
  const { answers, signature } = await parsed(old, now);
  expect(answers).toEqual({ reason: 'input "features" has other columns' });
  expect(signature).toHaveLength(5);
  expect(signature[0]).toEqual({ side: 'input', name: 'features', field: 'column a mean', old: 0, new: 3 });
  expect((await parsed(old, old)).answers.outputs.price.maxAbsDifference).toBe(0);
});

it('runs indices that both models have', async () => {
  const smaller = embeddingModel();
  smaller.json.weightsManifest[0]!.weights[0]!['shape'] = [2, 2];
  smaller.files['w.bin'] = smaller.files['w.bin']!.slice(16);
  const now = await packed('two entries', smaller);
  const { answers } = await parsed(await packed('four entries', embeddingModel()), now);
  // Entries 0 and 1 are [0, 1] and [2, 3] in the old table, [4, 5] and [6, 7] in the new one; no other is in both.
  expect(answers.outputs.vector).toMatchObject({ maxAbsDifference: 4, meanAbsDifference: 4 });
});

it('says why the new model does not run', async () => {
  const other = await packed('wrong', addModel());
  const script = join(other, 'model.js');
  const text = readFileSync(script, 'utf8');
  const name = /golden-\w+\.bin/.exec(text)?.[0] as string;
  const golden = readFileSync(join(other, name));
  const changed = Buffer.from(
    Float32Array.from(new Float32Array(golden.buffer, golden.byteOffset, golden.length / 4), (value) => value + 1).buffer,
  );
  writeFileSync(join(other, name), changed);
  writeFileSync(script, text.replace(sha256(golden), sha256(changed)));
  const { answers } = await parsed(add, other);
  expect(answers).toEqual({ reason: expect.stringMatching(/cpu: it disagrees with the golden sample: output "sumY" is off/) });
  expect(await printed(add, other)).toMatch(/^Answers {2}not compared, since .*it disagrees/m);
});

it('packs a model file on the way', async () => {
  const model = writeModel(addModel([1, 4], Float32Array.of(2, 2, 3, 4)), join(folder, 'source'));
  const { answers, downloads } = await parsed(add, model);
  expect(answers.outputs.sumY.maxAbsDifference).toBe(1);
  expect(downloads.shards).toEqual({ changed: 1, of: 1 });
});

it('refuses a folder with a file that is not as it was packed', async () => {
  const broken = await packed('broken', addModel([1, 4], Float32Array.of(5, 6, 7, 8)));
  const [name] = /weights-\w+\.bin/.exec(readFileSync(join(broken, 'model.js'), 'utf8')) as RegExpExecArray;
  writeFileSync(join(broken, name), new Uint8Array(16));
  const { status, stderr, stdout } = await pannierHere(['diff', add, broken, '--json']);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(new RegExp(`^pannier: ${name} of the packed model is not as`)),
  });
  expect(JSON.parse(stdout).error).toMatchObject({ code: 'integrity', detail: { asset: name } });
  rmSync(join(broken, name));
  expect((await pannierHere(['diff', broken, add])).stderr).toMatch(
    new RegExp(`^pannier: ${name} of the packed model cannot be read: ENOENT`),
  );
});
