/** `pannier pack` as a program: flags, config file, one-line errors, the same bytes everywhere (B12). */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { addModel, realModel, scratch, twoInputModel, writeModel } from '../fixtures/models.js';
import { npy } from '../fixtures/npy.js';
import { pannierHere } from '../fixtures/terminal.js';
import { bundleProgram, pannier } from './program.js';

const folder = scratch();
const program = join(folder, 'program');
const run = (args: readonly string[], options?: Parameters<typeof pannier>[2]) => pannier(program, args, options);
const contents = (out: string) => Object.fromEntries(readdirSync(out).map((name) => [name, readFileSync(join(out, name), 'base64')]));

beforeAll(() => bundleProgram(program));

it('packs with flags and says what it made', () => {
  const out = join(folder, 'live');
  const labels = join(folder, 'labels.txt');
  writeFileSync(labels, 'real\nfake\n');
  const flags = [
    '--name',
    'live',
    '--version',
    '2',
    '--license',
    'MIT',
    '--packed-at',
    '2026-01-01',
    '--stale-after-days',
    '90',
    '--quantize',
    '*conv2d_1/*=none',
    '--quantize',
    'float16',
  ];
  const input = [
    '--input',
    'conv2d_1_input=photo',
    '--fit',
    'conv2d_1_input=cover',
    '--background',
    'conv2d_1_input=114',
    '--scale',
    'conv2d_1_input=0.1,0.2,0.3',
    '--offset',
    'conv2d_1_input=-1',
  ];
  const output = ['--output', 'activation_6=face', '--labels', `activation_6=${labels}`, '--values', 'activation_6=probabilities'];
  const { status, stdout, stderr } = run(['pack', realModel('liveness'), '--out', out, ...flags, ...input, ...output]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(
    /^live packed: .*8 files, 0.3 MB, 13.\d M FLOPs a predict\n {2}takes photo: float32 \[\?, 32, 32, 3\], a picture\n {2}gives face: float32 \[\?, 2\]\n {2}quantised: 4 weights as float16, 0\.3 MB \(all weights were 0\.6 MB\); golden outputs moved by at most 0\.\d+ % of their spread\n$/,
  );
  const module = readFileSync(join(out, 'model.js'), 'utf8');
  for (const part of [
    "fit: 'cover'",
    'background: 114',
    'scale: [0.1, 0.2, 0.3]',
    'offset: [-1, -1, -1]',
    "labels: ['real', 'fake']",
    "packedAt: '2026-01-01'",
    'staleAfterDays: 90',
  ])
    expect(module).toContain(part);
});

// faceboxes: a loop, outputs of any size, a constant of -Infinity.
it('packs a graph of open sizes by its flags', () => {
  const flags = ['--width', 'image_tensor=128', '--height', 'image_tensor=128', '--output', 'scores=likely'];
  const { status, stdout, stderr } = run(['pack', realModel('faceboxes'), '--out', join(folder, 'faces'), ...flags]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^faceboxes packed: .*\n {2}takes imageTensor: uint8 \[\?, \?, \?, 3\], a picture\n {2}gives .*likely: float32/);
});

it('packs what the config file says, and checks it', () => {
  const app = join(folder, 'app');
  writeModel(twoInputModel(), join(app, 'x'));
  const config = (version: string) =>
    writeFileSync(
      join(app, 'pannier.config.mjs'),
      `export default { models: { sum: { model: './x/model.json', out: 'src/sum', version: '${version}' } } };`,
    );
  config('1');
  expect(run(['pack', '--check'], { cwd: app })).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^pannier: .*sum.* (is missing|no such file).*\n$/),
  });
  expect(run(['pack'], { cwd: app })).toMatchObject({ status: 0, stdout: expect.stringMatching(/^sum packed: src\/sum/) });
  expect(run(['pack', '--check'], { cwd: app })).toMatchObject({ status: 0, stdout: expect.stringMatching(/^sum is up to date/) });
  expect(run(['pack', '--config', 'app/pannier.config.mjs'], { cwd: folder })).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^sum unchanged/),
  });
  config('2');
  const before = contents(join(app, 'src/sum'));
  const { status, stderr } = run(['pack', '--check'], { cwd: app });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^pannier: .*src\/sum is out of date: option version has changed; run `pannier pack` and commit what it writes\. \(node_modules\/pannier\/docs\/errors\.md#output-stale\)\n$/,
  );
  expect(contents(join(app, 'src/sum'))).toEqual(before);
});

it('finds the files of golden checks beside the config', () => {
  const app = join(folder, 'checked');
  writeModel(addModel(), join(app, 'x'));
  writeFileSync(join(app, 'x.npy'), npy([1, 4], new Float32Array(4)));
  writeFileSync(join(app, 'y.npy'), npy([1, 4], Float32Array.of(1, 2, 3, 4)));
  const golden = "golden: [{ inputs: { x: 'x.npy' }, expect: { y: './y.npy' } }]";
  writeFileSync(
    join(app, 'pannier.config.mjs'),
    `export default { models: { sum: { model: 'x/model.json', out: 'sum', outputs: { y: { name: 'y' } }, ${golden} } } };`,
  );
  expect(run(['pack', '--config', 'checked/pannier.config.mjs'], { cwd: folder })).toMatchObject({ status: 0, stderr: '' });
});

it('says a name on one line, whatever it holds', () => {
  const model = writeModel(addModel([1, 4, 4, 3], new Float32Array(3)), join(folder, 'lines'));
  const { status, stdout } = run(['pack', model, '--out', join(folder, 'lines-out'), '--name', 'a\nforged packed\r\u001b[2K\u202e']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^a forged packed packed: \S+, \d+ files, .*\n {2}takes x: .*\n {2}gives .*\n {2}warning: Input "x" .*\n$/);
});

it('ends, with all printed, whatever the config leaves running', () => {
  const app = join(folder, 'timer');
  writeModel(twoInputModel(), join(app, 'x'));
  const models = Array.from({ length: 4 }, (_, index) => `m${index}: { model: 'x/model.json', out: 'm${index}' }`);
  writeFileSync(
    join(app, 'pannier.config.mjs'),
    `setInterval(() => {}, 1_000); console.log('x'.repeat(1e6)); export default { models: { ${models} } };`,
  );
  const { status, stdout } = run(['pack'], { cwd: app, timeout: 40_000 });
  expect(status).toBe(0);
  expect(stdout.match(/^(x+|m\d packed)/gm)?.map(({ length }) => length)).toEqual([1e6, 9, 9, 9, 9]);
});

describe('errors are one line and exit code 1', () => {
  const model = writeModel(addModel(), join(folder, 'add'));
  const out = join(folder, 'never');
  it.each([
    ['no command', [], /^pannier \d+\.\d+\.\d+\n\nUsage:/],
    [
      'an unknown command',
      ['train'],
      /^pannier: There is no command train; there are pack, predict, doctor, diff, try, export\. pannier --help lists them\.\n$/,
    ],
    [
      'a mistyped command',
      ['pakc'],
      /^pannier: There is no command pakc; there are pack, predict, doctor, diff, try, export\. Is pack meant\?\n$/,
    ],
    [
      'a model that is another file',
      ['pack', join(folder, 'add/modle.json'), '--out', out],
      /^pannier: There is no \S+modle\.json; that folder has model\.json\..*\n$/,
    ],
    [
      'a folder that is not there',
      ['doctor', 'gone/model.json'],
      /^pannier: There is no gone\/model\.json, nor a folder gone\. MODEL is a packed folder.*\n$/,
    ],
    ['a folder without a model', ['doctor', folder], /^pannier: \S+ holds no model\.js\. MODEL is.*\n$/],
    ['no config', ['pack', '--config', '/nowhere/c.mjs'], /^pannier: There is no \/nowhere\/c.mjs\..*\n$/],
    [
      'no --out',
      ['pack', model],
      /^pannier: Say where to: pannier pack MODEL --out DIR\. \(node_modules\/pannier\/docs\/errors\.md#options\)\n$/,
    ],
    ['an unknown flag', ['pack', model, '--out', out, '--colour', 'red'], /^pannier: Unknown option '--colour'.*\n$/],
    [
      'a flag without node',
      ['pack', model, '--out', out, '--fit', 'cover'],
      /^pannier: --fit is "cover"; NODE=VALUE is wanted\. \(node_modules\/pannier\/docs\/errors\.md#options\)\n$/,
    ],
    [
      'a wrong word',
      ['pack', model, '--out', out, '--fit', 'x=squash'],
      /^pannier: Option inputs\["x"\]\.image\.fit should be "stretch" or "contain" or "cover", but is "squash"\. \(node_modules\/pannier\/docs\/errors\.md#options\)\n$/,
    ],
    [
      'a wrong number',
      ['pack', model, '--out', out, '--shape', 'x=1,,3'],
      /^pannier: --shape is "1,,3"; numbers are wanted, such as 0.5 or 1\/255\. \(node_modules\/pannier\/docs\/errors\.md#options\)\n$/,
    ],
    [
      'a budget',
      ['pack', model, '--out', out, '--budget', 'bytes=1e2'],
      /^pannier: The packed model has \d+ bytes, more than budget.bytes, 100\. Its largest weights: "w" 16 \(float32\)\. .*\n$/,
    ],
    [
      'a budget without a number',
      ['pack', model, '--out', out, '--budget', 'bytes'],
      /^pannier: --budget is "bytes"; NAME=NUMBER is wanted\. \(node_modules\/pannier\/docs\/errors\.md#options\)\n$/,
    ],
    ...['--budget', '--width', '--height'].map((flag): [string, string[], RegExp] => [
      `two numbers for ${flag}`,
      ['pack', model, '--out', out, flag, 'bytes=1,2'],
      new RegExp(`^pannier: ${flag} is "1,2"; one number is wanted\\. \\(node_modules/pannier/docs/errors\\.md#options\\)\\n$`),
    ]),
    ['a kind', ['pack', model, '--out', out, '--quantize', 'int4'], /^pannier: Option quantize should be .*, but is "int4"\..*\n$/],
    [
      'a pattern',
      ['pack', model, '--out', out, '--quantize', 'v*=uint8'],
      /^pannier: Option quantize has the pattern "v\*", which matches no weight.*\n$/,
    ],
    ['a broken model', ['pack', join(folder, 'labels.txt'), '--out', out], /^pannier: labels.txt is not valid JSON: .*\n$/],
    ['a file in the way', ['pack', model, '--out', model], /^pannier: Option out is .*model\.json, where the model itself lies.*\n$/],
  ])('%s', async (_what, args, message) => {
    const { status, stdout, stderr } = await pannierHere(args);
    expect(stderr).toMatch(message);
    expect([status, stdout]).toEqual([1, '']);
  });
  it('helps', () =>
    expect(run(['pack', '--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('pannier pack MODEL --out DIR') }));
  it.each(['--version', '-v'])('%s prints the version of package.json', (flag) => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(run([flag])).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
    expect(run(['--help']).stdout).toMatch(`pannier ${version}\n\nUsage:\n`);
  });
});

describe('a name in the config', () => {
  const named = (files: Record<string, string>) => {
    const place = mkdtempSync(join(folder, 'named-'));
    writeModel(addModel(), join(place, 'source'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(place, name), text);
    return { place, stderrOf: (args: readonly string[]) => run(args, { cwd: place }).stderr };
  };
  const config = (more = '') =>
    `export default { models: { emotion: { model: 'source/model.json', out: 'a', ${more} }, prices: { model: 'source/model.json', out: 'b' } } };`;

  it.each([
    ['no out', 'out: undefined', /^pannier: models\["emotion"\]: Option out should be a text .*, but is undefined/],
    ['a mistyped option', 'input: {}', /^pannier: models\["emotion"\]: pack has no option "input"; it takes .*\. Is inputs meant\?/],
    [
      'a mistyped option of a picture',
      'inputs: { x: { image: { with: 5 } } }',
      /^pannier: models\["emotion"\]: Option inputs\["x"\]\.image has no option "with"; .*Is width meant\?/,
    ],
    [
      'no such file',
      "model: 'source/emotion.json'",
      /^pannier: models\["emotion"\]: There is no \S+source\/emotion\.json; that folder has model\.json\./,
    ],
  ])('is said where pack fails: %s', (_what, more, message) => {
    const { stderrOf } = named({ 'pannier.config.mjs': config(more) });
    expect(stderrOf(['pack'])).toMatch(message);
    // `doctor` packs to a folder of its own.
    if (!more.startsWith('out')) expect(stderrOf(['doctor', 'emotion'])).toMatch(message);
  });

  it('that nobody has given', () => {
    const { stderrOf } = named({ 'pannier.config.mjs': config() });
    expect(stderrOf(['doctor', 'emotoin'])).toMatch(
      /^pannier: There is no file or folder emotoin, and pannier\.config\.mjs has emotion, prices\. Is emotion meant\?/,
    );
  });

  it.each(['js', 'ts', 'json'])('of a file called pannier.config.%s', (extension) => {
    const { stderrOf, place } = named({ [`pannier.config.${extension}`]: config() });
    expect(stderrOf(['pack'])).toBe(
      `pannier: There is no ${place}/pannier.config.mjs, but pannier.config.${extension} is beside it; only pannier.config.mjs is read. Rename it, and write it as JavaScript. (node_modules/pannier/docs/errors.md#options)\n`,
    );
    expect(stderrOf(['doctor', 'emotion'])).toMatch(
      `There is no file or folder emotion, and pannier.config.${extension} is here, but only pannier.config.mjs is read.`,
    );
  });

  it('of a file that is no JavaScript, with the line', () => {
    const { stderrOf } = named({
      'pannier.config.mjs': "export default {\n  models: {\n    m: { model: 'a', },,\n};\n",
      'outer.mjs': "import './pannier.config.mjs';\n",
    });
    expect(stderrOf(['pack'])).toMatch(/pannier\.config\.mjs cannot be imported: Unexpected token ',' in line 3\./);
    expect(stderrOf(['pack', '--config', 'outer.mjs'])).toMatch(/outer\.mjs cannot be imported: Unexpected token ','\./);
  });
});

it('B12: writes the same bytes from anywhere, at any time, in any language', () => {
  const places = [join(folder, 'here'), join(folder, 'there')] as const;
  for (const place of places) mkdirSync(place);
  run(['pack', realModel('emotion'), '--out', 'm'], { cwd: places[0], env: { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8' } });
  run(['pack', realModel('emotion'), '--out', '../there/m'], { cwd: places[0], env: { TZ: 'America/New_York', LC_ALL: 'C' } });
  const [first, second] = places.map((place) => contents(join(place, 'm')));
  expect(Object.keys(first as object)).toHaveLength(9);
  expect(second).toEqual(first);
});

it('does not rewrite what has not changed', () => {
  const out = join(folder, 'here/m');
  const times = () => readdirSync(out).map((name) => statSync(join(out, name)).mtimeMs);
  const before = times();
  expect(run(['pack', realModel('emotion'), '--out', out]).stdout).toMatch(/^emotion unchanged/);
  expect(times()).toEqual(before);
});

it('says that it waits for what never comes', () => {
  const out = join(folder, 'waiting');
  mkdirSync(out);
  writeFileSync(join(out, 'model.js'), 'await new Promise(() => {});\nexport default {};\n');
  const { status, stderr } = run(['doctor', out]);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'pannier: The command waits for what never comes, such as an import whose top-level await never ends.\n',
  });
});
