/** `packed-from.json`: when packing runs, when it does not, and what `check` says. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/pack/digest.js';
import type { PackOptions } from '../../src/pack/index.js';
import { STAMP_FILE } from '../../src/pack/out/write.js';
import { pack, packIfStale } from '../../src/pack/pack.js';
import { addModel, scratch, writeModel } from '../fixtures/models.js';
import { npy } from '../fixtures/npy.js';

const folder = scratch();
const pristine = join(folder, 'pristine');

const optionsIn = (home: string, more: Partial<PackOptions> = {}): PackOptions => ({
  model: join(home, 'source/model.json'),
  out: join(home, 'packed'),
  version: '1',
  golden: [{ inputs: { x: join(home, 'x.npy') }, expect: join(home, 'y.npy') }],
  ...more,
});

beforeAll(async () => {
  writeModel(addModel([1, 4]), join(pristine, 'source'));
  writeFileSync(join(pristine, 'x.npy'), npy([1, 4], new Float32Array(4)));
  writeFileSync(join(pristine, 'y.npy'), npy([1, 4], Float32Array.of(1, 2, 3, 4)));
  await pack(optionsIn(pristine));
});

/** A clone of the model and its packed folder, elsewhere. */
function clone() {
  const home = mkdtempSync(join(folder, 'clone-'));
  cpSync(pristine, home, { recursive: true });
  const at = (name: string) => join(home, name);
  const options = (more: Partial<PackOptions> = {}) => optionsIn(home, more);
  const stamp = () => JSON.parse(readFileSync(at(`packed/${STAMP_FILE}`), 'utf8'));
  const change = (edit: (stamp: ReturnType<typeof JSON.parse>) => void) => {
    const changed = stamp();
    edit(changed);
    writeFileSync(at(`packed/${STAMP_FILE}`), JSON.stringify(changed));
  };
  /** Packs, and says which steps that took. */
  const run = async (more: Partial<PackOptions> = {}) => {
    const steps: string[] = [];
    const result = await packIfStale(options(more), { onStep: (_model, step) => steps.push(step) });
    return { steps, result };
  };
  const check = (more: Partial<PackOptions> = {}) => run({ check: true, ...more });
  return { at, options, stamp, change, run, check };
}

const PACKING = ['reading the model', 'running the golden sample', 'comparing answers of the training framework'];

describe('an unchanged model', () => {
  it('runs nothing in a fresh clone, and has the result of the pack', async () => {
    const { run, check, options, stamp } = clone();
    const first = await pack(options({ out: join(folder, 'anew') }));
    for (const { steps, result } of [await run(), await check()]) {
      expect(steps).toEqual([]);
      expect(result).toEqual({ ...first, out: options().out, manifest: expect.anything(), changed: false });
      expect(JSON.stringify(result.manifest)).toBe(JSON.stringify(first.manifest));
      expect(result.manifest.weights[0]?.url()).toBe(new URL(`file:${options().out}/${result.manifest.weights[0]?.name}`).href);
    }
    // The same stamp, wherever the model was packed, and into which folder.
    expect(stamp()).toEqual(JSON.parse(readFileSync(join(folder, 'anew', STAMP_FILE), 'utf8')));
    expect(JSON.stringify(stamp())).not.toContain(folder);
  });
  it('names every file that was read', () => {
    expect(Object.keys(clone().stamp().sources)).toEqual(['../x.npy', '../y.npy', 'model.json', 'w.bin']);
  });
  it('has pictures and samples among its sources, and not the picture that ships', async () => {
    const model = writeModel(addModel([1, 4, 4, 3], new Float32Array(3)), join(folder, 'pictures'));
    const picture = join(folder, 'own.png');
    cpSync('src/pack/golden/golden.png', picture);
    const inputs = { x: { image: {} } };
    const outputs = { y: { values: 'logits' as const, labels: ['a', 'b', 'c'] } };
    const options = { model, out: join(folder, 'pictures-out'), inputs, outputs };
    const sourcesOf = () => Object.keys(JSON.parse(readFileSync(join(options.out, STAMP_FILE), 'utf8')).sources);
    for (const [more, sources] of [
      [{ drift: { samples: [{ image: picture }] } }, ['../own.png', 'model.json', 'w.bin']],
      [{ goldenPicture: picture }, ['../own.png', 'model.json', 'w.bin']],
      [{}, ['model.json', 'w.bin']],
    ] as const) {
      const steps: string[][] = [[], []];
      for (const each of steps) await packIfStale({ ...options, ...more }, { onStep: (_model, step) => each.push(step) });
      expect([steps[0]?.[0], steps[1], sourcesOf()]).toEqual(['reading the model', [], sources]);
    }
  });
  it('keeps the warnings of the pack', async () => {
    const picture = {
      model: writeModel(addModel([1, 4, 4, 3], new Float32Array(3)), join(folder, 'warned')),
      out: join(folder, 'warned-out'),
    };
    const { warnings } = await pack(picture);
    expect(warnings).toHaveLength(1);
    expect((await pack(picture)).warnings).toEqual(warnings);
  });
});

describe('packs again and fails check', () => {
  type Clone = ReturnType<typeof clone>;
  const weights = new Uint8Array(Float32Array.of(1, 2, 3, 4.001).buffer);
  it.each<[string, (its: Clone) => unknown, RegExp]>([
    ['an option', () => ({ version: '2' }), /packed is out of date: option version has changed; run `pannier pack`/],
    ['an option that is gone', () => ({ version: undefined }), /packed is out of date: option version has changed/],
    ['an option that is new', () => ({ license: 'MIT' }), /packed is out of date: option license has changed/],
    [
      'the order of patterns',
      (its) => {
        its.change((stamp) => {
          stamp.options.quantize = { '*': 'none', w: 'none' };
        });
        return { quantize: { w: 'none', '*': 'none' } };
      },
      /packed is out of date: option quantize has changed/,
    ],
    [
      'the model file',
      (its) => writeFileSync(its.at('source/model.json'), ` ${readFileSync(its.at('source/model.json'), 'utf8')}`),
      /out of date: \S+source\/model\.json has changed/,
    ],
    ['a weight file', (its) => writeFileSync(its.at('source/w.bin'), weights), /out of date: \S+source\/w\.bin has changed/],
    [
      'an answer of the training framework',
      (its) => writeFileSync(its.at('y.npy'), npy([1, 4], Float32Array.of(1, 2, 3, 4.001))),
      /out of date: \S+y\.npy has changed/,
    ],
    [
      'a file that was not there',
      (its) =>
        its.change((stamp) => {
          stamp.sources['../x.npy'] = null;
        }),
      /out of date: \S+x\.npy has changed/,
    ],
    ['a packed file that is gone', (its) => rmSync(its.at('packed/model.d.ts')), /packed\/model\.d\.ts is missing/],
    [
      'a packed file that was edited',
      (its) => writeFileSync(its.at('packed/model.js'), `${readFileSync(its.at('packed/model.js'), 'utf8')}// edited`),
      /packed\/model\.js is not as it was packed/,
    ],
    [
      'an asset of the model before',
      (its) => writeFileSync(its.at('packed/weights-0123456789abcdef.bin'), 'old'),
      /packed\/weights-0123456789abcdef\.bin is of an older model/,
    ],
    ['no stamp', (its) => rmSync(its.at(`packed/${STAMP_FILE}`)), /packed\/packed-from\.json is missing/],
    [
      'a stamp that was cut off',
      (its) => writeFileSync(its.at(`packed/${STAMP_FILE}`), '{"packer":'),
      /packed\/packed-from\.json is broken/,
    ],
    [
      'another format',
      (its) =>
        its.change((stamp) => {
          stamp.manifest.format = 1;
        }),
      /packed has format 1, and this version loads 2; run `pannier pack`/,
    ],
  ])('for %s', async (_what, edit, message) => {
    const its = clone();
    const more = (edit(its) ?? {}) as Partial<PackOptions>;
    const failed = await its.check(more).catch((thrown) => thrown);
    expect([failed.code, failed.message]).toEqual(['output-stale', expect.stringMatching(message)]);
    expect((await its.run(more)).steps.slice(0, 3)).toEqual(PACKING);
    expect((await its.run(more)).steps).toEqual([]);
    expect((await its.check(more)).steps).toEqual([]);
  });
});

describe('another packer', () => {
  it.each([
    ['0.0.9', /^Pannier 0\.0\.9 packed this folder, which stays valid; `pannier pack` without --check packs it again with \d/],
    [undefined, /^Another build of Pannier \d+\.\d+\.\d+ packed this folder/],
  ])('of version %s: the folder passes the check with a warning, and is packed again', async (version, warning) => {
    const { change, check, run } = clone();
    change(({ packer }) => Object.assign(packer, { sha256: sha256('another'), ...(version && { version }) }));
    const { steps, result } = await check();
    expect([steps, result.warnings]).toEqual([[], [expect.stringMatching(warning)]]);
    expect((await run()).steps.slice(0, 3)).toEqual(PACKING);
    expect((await check()).result.warnings).toEqual([]);
  });
});

describe('an absent source', () => {
  const pointer = (content: Uint8Array) =>
    `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(content)}\nsize ${content.length}\n`;
  const absent = (file: string) =>
    expect.stringMatching(`${file} is absent, so that the model cannot be packed here; the packed folder is whole`);

  it.each<[string, string, (its: ReturnType<typeof clone>) => void]>([
    ['the model file', 'source/model.json', (its) => rmSync(its.at('source'), { recursive: true })],
    ['a weight file', 'source/w.bin', (its) => rmSync(its.at('source/w.bin'))],
    [
      'a weight file that is a pointer of Git LFS',
      'source/w.bin',
      (its) => writeFileSync(its.at('source/w.bin'), pointer(readFileSync(its.at('source/w.bin')))),
    ],
    [
      'a source of another packer',
      'source/w.bin',
      (its) => {
        its.change(({ packer }) => Object.assign(packer, { sha256: sha256('another') }));
        rmSync(its.at('source/w.bin'));
      },
    ],
  ])('is a warning where the folder is whole: %s', async (_what, file, edit) => {
    const its = clone();
    edit(its);
    for (const { steps, result } of [await its.run(), await its.check()]) {
      expect([steps, result.changed, result.warnings[0]]).toEqual([[], false, absent(file)]);
    }
  });
  it.each<[string, (its: ReturnType<typeof clone>) => unknown]>([
    ['is not whole', (its) => rmSync(its.at('packed/model.d.ts'))],
    ['has other options', () => ({ version: '2' })],
    ['has another source that changed', (its) => writeFileSync(its.at('x.npy'), npy([1, 4], Float32Array.of(1, 0, 0, 0)))],
  ])('is an error where the folder %s', async (_what, edit) => {
    const its = clone();
    const more = (edit(its) ?? {}) as Partial<PackOptions>;
    rmSync(its.at('source'), { recursive: true });
    await expect(its.run(more)).rejects.toMatchObject({ code: 'model-format', message: expect.stringContaining('There is no ') });
    await expect(its.check(more)).rejects.toMatchObject({ code: 'output-stale' });
  });
  it('is a change where Git LFS points to another file', async () => {
    const its = clone();
    writeFileSync(its.at('source/w.bin'), pointer(Uint8Array.of(1)));
    await expect(its.check()).rejects.toMatchObject({ code: 'output-stale', message: expect.stringContaining('w.bin has changed') });
  });
});
