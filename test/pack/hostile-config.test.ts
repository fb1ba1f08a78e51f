/** Broken and hostile `pannier.config.mjs` files and options: one line each, exit code 1, and every folder as it was. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { IMPORT_LIMIT_MS, readConfig } from '../../src/pack/config.js';
import { pack } from '../../src/pack/index.js';
import type { PackOptions } from '../../src/pack/options.js';
import { addModel, realModel, scratch, tabularModel, writeModel } from '../fixtures/models.js';
import { npy } from '../fixtures/npy.js';
import { bundleProgram, pannier } from './program.js';

const folder = scratch();
const program = join(folder, 'program');
let count = 0;

/** An app with a model that packs, beside a folder that was packed before. */
function app(config: string): { place: string; contents: () => Record<string, string> } {
  const place = join(folder, `app-${count++}`);
  writeModel(addModel(), join(place, 'source'));
  mkdirSync(join(place, 'packed'));
  writeFileSync(join(place, 'packed/model.js'), '// Written by `pannier pack` long ago\n');
  writeFileSync(join(place, 'pannier.config.mjs'), config);
  const contents = () => {
    const files = readdirSync(place, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    return Object.fromEntries(
      files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'latin1')]),
    );
  };
  return { place, contents };
}

/** Packs by a config that must be refused. @returns the line on stderr */
function refusal(config: string): string {
  const { place, contents } = app(config);
  const before = contents();
  const { status, stdout, stderr } = pannier(program, ['pack'], { cwd: place });
  expect({ status, stdout, lines: stderr.split('\n').length - 1 }).toEqual({ status: 1, stdout: '', lines: 1 });
  expect(contents()).toEqual(before);
  return stderr;
}

/** A config of one model that would pack, with more options. */
const one = (more: string, before = '') =>
  `${before}export default { models: { m: { model: 'source/model.json', out: 'packed', ${more} } } };`;

beforeAll(() => bundleProgram(program));

it('the app of these tests would pack', () => {
  const { place } = app(one(''));
  expect(pannier(program, ['pack'], { cwd: place })).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^m packed/) });
});

describe('a config file', () => {
  it.each<[string, string, RegExp]>([
    ['that is no JavaScript', 'export default {{', /pannier.config.mjs cannot be imported: Unexpected token/],
    ['that is no text', '\0\x01\x02', /cannot be imported: Invalid or unexpected token/],
    ['that throws', "throw new Error('no\\nway');", /cannot be imported: no way\. \(node_modules\/pannier\/docs\/errors.md#options\)\n$/],
    ['that throws nothing', 'throw undefined;', /cannot be imported: undefined/],
    ['that throws what is no text', 'throw Object.create(null);', /cannot be imported: something without a message was thrown/],
    ['that imports what is not there', "import 'nowhere';", /cannot be imported: Cannot find package 'nowhere'/],
    ['that rejects', "await Promise.reject(new TypeError('late'));", /cannot be imported: late/],
    ['without a default export', 'export const models = {};', /should export default defineConfig/],
    ['that is empty', '', /should export default defineConfig/],
    ['of a function', 'export default () => ({ models: {} });', /should export default defineConfig/],
    ['of an array', 'export default [{ models: {} }];', /should export default defineConfig/],
    ['of a promise', 'export default Promise.resolve({ models: {} });', /should export default defineConfig/],
    ['of null', 'export default null;', /should export default defineConfig/],
    ['of a text', "export default 'models';", /should export default defineConfig/],
    ['whose models are an array', 'export default { models: [] };', /should export default defineConfig/],
    ['whose models are a function', 'export default { models: () => ({}) };', /should export default defineConfig/],
    ['whose models throw', "export default { get models() { throw new Error('gone'); } };", /cannot be read: gone/],
    ['whose models are a proxy', 'export default { models: new Proxy({}, {}) };', /models of .* cannot be read \(.* could not be cloned/],
    ['that is a proxy that throws', "export default new Proxy({}, { get() { throw new Error('trap'); } });", /cannot be read: trap/],
    [
      'with a model that is a text',
      "export default { models: { m: 'source/model.json' } };",
      /models\["m"\] of .* should be the options of one model/,
    ],
    ['with a model that is null', 'export default { models: { m: null } };', /models\["m"\] of .* should be the options of one model/],
    [
      'with a promise for a model',
      'export default { models: { m: Promise.resolve({}) } };',
      /models of .* cannot be read \(.*could not be cloned/,
    ],
    [
      'with a getter that throws',
      one("get version() { throw new Error('thrice'); }"),
      /models of .* cannot be read \(thrice\); plain objects/,
    ],
    ['with a symbol', one("name: Symbol('m')"), /models of .* cannot be read \(Symbol\(m\) could not be cloned/],
    ['with a method', one('version() { return 1; }'), /models of .* cannot be read \(.*could not be cloned/],
    ['of no models', 'export default { models: {} };', /pannier.config.mjs names no model; write models: /],
    [
      'that nests without end',
      'let m = {}; for (let i = 0; i < 1e5; i++) m = { m }; export default { models: { m } };',
      /cannot be read \(Maximum call stack/,
    ],
    ['that resolves to another module', 'export const then = (settle) => settle({ default: 5 });', /should export default defineConfig/],
    [
      'that leaves a promise to fail',
      one('', "Promise.reject(new Error('left'));"),
      /^pannier: left, thrown outside of any step file:\S+pannier.config.mjs:1:16\n$/,
    ],
    [
      'that throws later',
      "setTimeout(() => { throw new Error('much\\nlater'); }); await new Promise(() => {});",
      /^pannier: much later, thrown outside of any step file:\S+pannier.config.mjs:1:26\n$/,
    ],
    [
      'of too many models',
      'const models = {}; for (let i = 0; i < 1e5; i++) models[i] = {}; export default { models };',
      /has 100000 models; the limit is 1000/,
    ],
    [
      'of two models in one folder',
      "const m = { model: 'source/model.json', out: 'packed' }; export default { models: { a: m, b: { ...m, out: './x/../packed/' } } };",
      /models\["a"\] and models\["b"\] of .* both have out: ".*packed"; each needs a folder of its own/,
    ],
    [
      'with a key of every object',
      `export default { models: JSON.parse('{"m":{"model":"source/model.json","out":"packed","__proto__":{"check":true}}}') };`,
      /pack has no option "__proto__"/,
    ],
    [
      'with inherited options',
      "export default { models: { m: Object.create({ model: 'source/model.json', out: 'packed' }) } };",
      /Option model should be a text.*but is undefined/,
    ],
    ['whose model is no file', one("model: '.'"), /is a folder, and a model file is wanted/],
  ])('%s', (_what, config, message) => expect(refusal(config)).toMatch(message));

  it('that awaits what never comes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { place } = app('await new Promise(() => {});');
    const reading = expect(readConfig(join(place, 'pannier.config.mjs'))).rejects.toMatchObject({
      code: 'options',
      message: expect.stringMatching(/cannot be imported: it awaits something that did not come in 10 seconds/),
    });
    await vi.advanceTimersByTimeAsync(IMPORT_LIMIT_MS);
    await reading;
  });

  it('in a folder of its name', () => {
    const place = join(folder, 'named');
    mkdirSync(join(place, 'pannier.config.mjs'), { recursive: true });
    const { status, stderr } = pannier(program, ['pack'], { cwd: place });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^pannier: .*cannot be imported: .*\n$/)]);
  });
});

describe('an option', () => {
  const model = writeModel(addModel(), join(folder, 'source'));
  const picture = realModel('liveness');
  const array = join(folder, 'y.npy');
  writeFileSync(array, npy([1, 4], new Float32Array(4)));

  /** Tries options that must be refused. @returns the message */
  async function refused(more: object, code = 'options'): Promise<string> {
    const out = join(folder, `out-${count++}`);
    const thrown = await pack({ model, out, ...more } as PackOptions).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(thrown).toMatchObject({ name: 'PannierError', code });
    expect(existsSync(out)).toBe(false);
    const { message } = thrown as Error;
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThan(1000);
    return message;
  }

  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const wide = { image: { width: 2 ** 30, height: 2 ** 30 } };

  it.each<[string, object, RegExp]>([
    ['model of a number', { model: 5 }, /Option model should be a text.*but is 5/],
    ['model of nothing', { model: '' }, /Option model should be .*but is ""/],
    ['model with NUL', { model: 'a\0b' }, /Option model should be a text .* without NUL, but is "a\\u0000b"/],
    ['out with NUL', { out: 'a\0b' }, /Option out should be .*but is "a\\u0000b"/],
    ['out of an array', { out: ['a'] }, /Option out should be .*but is an array/],
    ['out that is endless', { out: 'x'.repeat(1e6) }, /Option out should be a text of at most 65536 characters .*but is "x+…/],
    ['a name of a megabyte', { name: 'x'.repeat(1e6) }, /Option name should be .*but is "x+…/],
    ['a version of a number', { version: 1 }, /Option version should be .*but is 1/],
    [
      'a day that is none',
      { packedAt: '2026-02-31' },
      /Option packedAt should be an ISO date, such as 2026-11-22 or .*but is "2026-02-31"/,
    ],
    ['a time without a zone', { packedAt: '2026-11-22T10:00' }, /Option packedAt should be an ISO date.*but is "2026-11-22T10:00"/],
    [
      'an age of text',
      { packedAt: '2026-11-22', staleAfterDays: '90' },
      /Option staleAfterDays should be a number of days above 0.*but is "90"/,
    ],
    ['an age of no days', { packedAt: '2026-11-22', staleAfterDays: 0 }, /Option staleAfterDays should be .*but is 0/],
    ['an age of NaN', { packedAt: '2026-11-22', staleAfterDays: Number.NaN }, /Option staleAfterDays should be .*but is NaN/],
    [
      'an age without end',
      { packedAt: '2026-11-22', staleAfterDays: Number.POSITIVE_INFINITY },
      /Option staleAfterDays should be .*but is Infinity/,
    ],
    ['an age of nobody knows when', { staleAfterDays: 90 }, /Option staleAfterDays counts from packedAt, which is not given; say when/],
    ['check of a text', { check: 'yes' }, /Option check should be true or false.*but is "yes"/],
    ['a function', { name: () => 'm' }, /What pack was given cannot be read \(.*could not be cloned/],
    ['inputs of a number', { inputs: 7 }, /Option inputs should be an object.*but is 7/],
    ['inputs of an array', { inputs: [] }, /Option inputs should be an object.*but is an array/],
    ['inputs of a map', { inputs: new Map() }, /Option inputs should be an object, but is Map/],
    ['outputs of a text', { outputs: 'y' }, /Option outputs should be an object.*but is "y"/],
    ['an input of null', { inputs: { x: null } }, /Option inputs\["x"\] should be .*but is null/],
    ['an input of a cycle', { inputs: { x: cycle } }, /inputs\["x"\] has no option "self"/],
    ['an input of an endless name', { inputs: { ['x'.repeat(1e6)]: 5 } }, /Option inputs\["x+…\] should be .*but is 5/],
    [
      'an input called constructor',
      { inputs: { x: { name: 'constructor' } } },
      /name should be a short printable name.*but is "constructor"/,
    ],
    ['a shape of text', { inputs: { x: { shape: '1,4' } } }, /shape should be an array of whole sizes.*but is "1,4"/],
    ['a shape of NaN', { inputs: { x: { shape: [1, Number.NaN] } } }, /shape should be an array of whole sizes.*but is an array/],
    ['a shape below 0', { inputs: { x: { shape: [-1, 4] } } }, /an array of whole sizes/],
    ['a picture of an array', { inputs: { x: { image: [] } } }, /Option inputs\["x"\]\.image should be .*but is an array/],
    [
      'a width of Infinity',
      { inputs: { x: { image: { width: Number.POSITIVE_INFINITY } } } },
      /image\.width should be a size in pixels.*but is Infinity/,
    ],
    ['a height of half a pixel', { inputs: { x: { image: { height: 0.5 } } } }, /image\.height should be .*but is 0\.5/],
    ['a scale of NaN', { inputs: { x: { image: { scale: Number.NaN } } } }, /image\.scale should be .*but is NaN/],
    [
      'a scale of holes',
      { inputs: { x: { image: { scale: Array(3) } } } },
      /image\.scale should be a number or an array of one per channel.*but is an array/,
    ],
    [
      'an offset of text',
      { inputs: { x: { image: { offset: ['1'] } } } },
      /image\.offset should be a number or an array of one per channel.*but is an array/,
    ],
    ['a background below black', { inputs: { x: { image: { background: -1 } } } }, /image\.background should be a number from 0 to 255/],
    [
      'a filter of its own',
      { inputs: { x: { image: { filter: 'toString' } } } },
      /image\.filter should be "bilinear" or "area".*but is "toString"/,
    ],
    [
      'labels of holes',
      { outputs: { y: { labels: Array(4), values: 'logits' } } },
      /labels\[0\] should be a text of at most 1024 bytes, but is undefined/,
    ],
    ['labels of one text', { outputs: { y: { labels: 'abcd', values: 'logits' } } }, /labels should be .*but is "abcd"/],
    ['quantize of a number', { quantize: 8 }, /Option quantize should be 'float16', 'uint8', 'int8' or.*but is 8/],
    ['quantize of an unknown kind', { quantize: 'int4' }, /Option quantize should be .*but is "int4"/],
    ['quantize of none', { quantize: 'none' }, /Option quantize should be .*but is "none"/],
    ['quantize of an array', { quantize: ['uint8'] }, /Option quantize should be .*but is an array/],
    [
      'quantize by an unknown kind',
      { quantize: { '*': 'int4' } },
      /Option quantize\["\*"\] should be "float16" or "uint8" or "int8" or "none", but is "int4"/,
    ],
    ['quantize by a pattern of nothing', { quantize: { 'z*': 'uint8' } }, /the pattern "z\*", which matches no weight/],
    ['quantize by a pattern of stars', { quantize: { [`${'*'.repeat(50_000)}z`]: 'uint8' } }, /the pattern "\*+…, which matches no weight/],
    ['a budget of a number', { budget: 5 }, /Option budget should be .*but is 5/],
    ['a budget of another thing', { budget: { seconds: 1 } }, /budget has no option "seconds"; it takes bytes, mflop, goldenError/],
    ['a budget of NaN', { budget: { bytes: Number.NaN } }, /Option budget\.bytes should be a number from 0 up.*but is NaN/],
    ['a budget below 0', { budget: { mflop: -1 } }, /Option budget\.mflop should be .*but is -1/],
    ['a budget of text', { budget: { bytes: '5e6' } }, /Option budget\.bytes should be .*but is "5e6"/],
    [
      'a budget without end',
      { budget: { goldenError: Number.POSITIVE_INFINITY } },
      /Option budget\.goldenError should be .*but is Infinity/,
    ],
    ['golden of a path', { golden: 'cat.png' }, /Option golden should be an array of .* \{ image, expect \}.*but is "cat.png"/],
    [
      'golden of a million',
      { golden: Array(1e6).fill({ expect: 'y.npy' }) },
      /Option golden should be an array of 0 to 100 checks, .*but is an array of 1000000/,
    ],
    ['a check of null', { golden: [null] }, /Option golden\[0\] should be .*but is null/],
    [
      'a check without an answer',
      { golden: [{ image: 'a.png' }] },
      /Option golden\[0\]\.expect should be an object of files by name.*but is undefined/,
    ],
    [
      'a check of no answers',
      { golden: [{ expect: {} }] },
      /Option golden\[0\]\.expect should be an object of files by name.*but is an object/,
    ],
    [
      'a check with a number for a file',
      { golden: [{ inputs: { x: 1 }, expect: 'y.npy' }] },
      /golden\[0\]\.inputs\["x"\] should be .*but is 1/,
    ],
    [
      'a tolerance of NaN',
      { golden: [{ expect: 'y.npy', tolerance: Number.NaN }] },
      /golden\[0\]\.tolerance should be a share above 0.*but is NaN/,
    ],
    [
      'a check of an input that is not there',
      { golden: [{ inputs: { z: array }, expect: array }] },
      /golden\[0\]\.inputs names "z"; the model takes "x"/,
    ],
    ['a check of an inherited input', { golden: [{ inputs: { toString: array }, expect: array }] }, /golden\[0\]\.inputs names "toString"/],
    ['a check of a device', { golden: [{ inputs: { x: '/dev/zero' }, expect: array }] }, /should be an .npy file/],
    ['a check against a device', { golden: [{ inputs: { x: array }, expect: '/dev/zero' }] }, /\/dev\/zero is not a regular file/],
    ['drift of samples alone', { drift: [] }, /Option drift should be an object.*but is an array/],
    ['drift without samples', { drift: { output: 'y' } }, /Option drift\.samples should be an array of .* \{ image \}.*but is undefined/],
    [
      'drift of no samples',
      { drift: { samples: [] } },
      /Option drift\.samples should be an array of 1 to 10000 samples, .*but is an array of 0/,
    ],
    [
      'drift of a million',
      { drift: { samples: Array(1e6).fill({}) } },
      /Option drift\.samples should be an array of 1 to 10000 samples, .* but is an array of 1000000/,
    ],
    ['drift of holes', { drift: { samples: Array(3) } }, /Option drift\.samples\[0\] should be an object.*but is undefined/],
    ['drift of a path', { drift: { samples: ['x.npy'] } }, /Option drift\.samples\[0\] should be an object.*but is "x\.npy"/],
    ['drift by another name', { drift: { sample: [] } }, /drift has no option "sample"; it takes output, samples\. Is samples meant\?/],
    [
      'drift that expects',
      { drift: { samples: [{ expect: 'y.npy' }] } },
      /drift\.samples\[0\] has no option "expect"; it takes image, inputs/,
    ],
    ['drift of a number', { drift: { output: 5, samples: [{}] } }, /Option drift\.output should be .*but is 5/],
    [
      'a sample of a device',
      { drift: { samples: [{ inputs: { x: '/dev/zero' } }] } },
      /drift\.samples\[0\]'s \/dev\/zero should be an .npy file/,
    ],
    ['a golden picture that is a device', { goldenPicture: '/dev/zero' }, /is not a regular file/],
    ['a golden picture that is none', { goldenPicture: picture }, /golden picture .* (pixels|not a picture)/],
    ['a picture for what is none', { inputs: { x: wide } }, /no batch of one picture/],
  ])('%s', async (_what, more, message) => expect(await refused(more)).toMatch(message));

  it('of null, wherever there is one', async () => {
    const picture = writeModel(addModel([1, 4, 4, 3], new Float32Array(3)), join(folder, 'picture'));
    const tabular = writeModel(tabularModel(), join(folder, 'tabular'));
    const keys = (all: string) => all.split(' ');
    const cases = [
      ...keys('name version license source packedAt staleAfterDays inputs outputs quantize budget golden drift goldenPicture check').map(
        (key) => ({
          [key]: null,
        }),
      ),
      ...keys('name shape image columns pad').map((key) => ({ inputs: { x: { [key]: null } } })),
      ...keys('width height fit filter channels layout background scale offset').map((key) => ({
        inputs: { x: { image: { [key]: null } } },
      })),
      ...keys('name labels values').map((key) => ({ outputs: { y: { [key]: null } } })),
      ...keys('bytes mflop goldenError').map((key) => ({ budget: { [key]: null } })),
      ...keys('image inputs expect tolerance').map((key) => ({ golden: [{ inputs: { x: array }, expect: array, [key]: null }] })),
      ...keys('output samples').map((key) => ({ drift: { samples: [{ inputs: { x: array } }], [key]: null } })),
      ...keys('image inputs').map((key) => ({ drift: { samples: [{ inputs: { x: array }, [key]: null }] } })),
      ...[{ scale: [null, 1, 1] }, { offset: [0, 0, null] }].map((image) => ({ inputs: { x: { image } } })),
    ].map((each) => ({ model: picture, ...each }));
    const rest = { name: 'rest', categories: [1, 2, 3, 4] };
    const columns = [
      ...keys('name mean std').map((key) => [{ name: 'a', [key]: null }, rest]),
      ...keys('categories encode').map((key) => [{ name: 'a' }, { ...rest, [key]: null }]),
    ];
    const rows = [
      ...columns.map((given) => ({ columns: given })),
      ...keys('to axis value').map((key) => ({ pad: { to: [2, 4], axis: 0, [key]: null } })),
    ].map((features) => ({ model: tabular, inputs: { features } }));
    for (const each of [...cases, ...rows]) expect(await refused(each)).toMatch(/ but is (null|an array of 3)\./);
  });
  it('sizes that no memory holds', async () => {
    expect(await refused({ model: realModel('faceboxes'), inputs: { image_tensor: wide } })).toMatch(
      /Input "imageTensor" would take \d+ values, \[1, 1073741824, 1073741824, 3\]; the limit is 67108864/,
    );
    const huge = writeModel(addModel([1, 2 ** 30], Float32Array.of(1)), join(folder, 'huge'));
    expect(await refused({ model: huge }, 'model-format')).toMatch(/Input "x" would take 1073741824 values/);
  });
  it('nothing at all', async () => {
    for (const options of [undefined, null, 5, 'model.json', [], new Map()]) {
      await expect(pack(options as never)).rejects.toMatchObject({
        code: 'options',
        message: expect.stringMatching(/^pack takes an object of options, but got /),
      });
    }
  });
});

describe('out', () => {
  const files = (place: string) => Object.fromEntries(readdirSync(place).map((name) => [name, readFileSync(join(place, name), 'latin1')]));

  it("is not the model's own folder, by no name of it", async () => {
    const place = join(folder, 'own');
    // A packed model's own graph: packed in place, its weights would be left over and go away.
    const first = await pack({ model: realModel('liveness'), out: place });
    const before = files(place);
    symlinkSync(place, join(folder, 'alias'));
    for (const out of [place, `${place}/../own/`, join(folder, 'alias')]) {
      await expect(pack({ model: join(place, first.manifest.targets.tfjs.graph.name), out, quantize: 'uint8' })).rejects.toMatchObject({
        code: 'options',
        message: expect.stringMatching(/^Option out is .*, where the model itself lies; choose a folder/),
      });
      expect(files(place)).toEqual(before);
    }
  });
  it('may be a folder above, which leaves the source as it is', async () => {
    const above = join(folder, 'above');
    const model = writeModel(addModel(), join(above, 'source'));
    const before = files(join(above, 'source'));
    await pack({ model, out: above });
    expect(files(join(above, 'source'))).toEqual(before);
  });
  it.each<[string, (place: string) => void, RegExp]>([
    ['a file', (place) => writeFileSync(place, 'mine'), /cannot be written: EEXIST/],
    ['a link that leads nowhere', (place) => symlinkSync('/nowhere/at/all', place), /cannot be written: /],
    [
      'a folder with a folder in place of a file',
      (place) => mkdirSync(join(place, 'model.js'), { recursive: true }),
      /cannot be written: model\.js cannot be read: EISDIR/,
    ],
  ])('is not %s', async (_what, make, message) => {
    const out = join(folder, `odd-${count++}`);
    make(out);
    const model = writeModel(addModel(), join(folder, `odd-model-${count++}`));
    await expect(pack({ model, out })).rejects.toMatchObject({ code: 'options', message: expect.stringMatching(message) });
    expect(readdirSync(folder).filter((name) => name.includes('.tmp'))).toEqual([]);
  });
  it("is not a folder with somebody else's model.js", async () => {
    const out = join(folder, 'foreign');
    mkdirSync(out);
    writeFileSync(join(out, 'model.js'), 'export default 1;');
    const model = writeModel(addModel(), join(folder, 'foreign-model'));
    await expect(pack({ model, out })).rejects.toMatchObject({
      code: 'options',
      message: expect.stringMatching(/was not written by pannier pack and stays/),
    });
    expect(files(out)).toEqual({ 'model.js': 'export default 1;' });
  });
});
