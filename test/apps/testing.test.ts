/** An app's own tests with `pannier/testing`, as docs/testing.md shows them: by Vitest and by Jest, each a real run. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { type App, makeApp } from './app.js';

const modules = resolve(import.meta.dirname, '../../node_modules');

/** The page's samples, by the file name in their first line. */
const samples = new Map(
  [...readFileSync('docs/testing.md', 'utf8').matchAll(/^```[jt]s\n\/\/ (\S+)\n([\s\S]*?)^```/gm)].map(([, name = '', code = '']) => [
    name,
    code,
  ]),
);
const sample = (name: string): string => {
  const code = samples.get(name);
  if (code === undefined) throw new Error(`docs/testing.md has no sample ${name}`);
  return code;
};

/** An app with the pose model's module alone: a double needs no weights. */
const appWith = (name: string, files: Record<string, string>): App =>
  makeApp(name, {
    'models/pose/model.js': readFileSync('examples/pose/model/model.js', 'utf8'),
    'nose.ts': sample('nose.ts'),
    // Else the project's own would be found above.
    'vitest.config.js': 'export default {};',
    ...files,
  });

const vitest = (app: App): string => stripVTControlCharacters(app.node(join(modules, 'vitest/vitest.mjs'), 'run', '--reporter=verbose'));
const jest = (app: App, ...flags: string[]): string => app.node('run-jest.mjs', ...flags);

/** Jest reports on stderr. Flags of Node's come before it. */
const RUN_JEST = `
import { spawnSync } from 'node:child_process';
const args = [...process.argv.slice(2), '${join(modules, 'jest/bin/jest.js')}', '--verbose', '--ci'];
const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
console.log(stdout + stderr);
process.exit(status ?? 1);
`;

test('Vitest runs the sample, with no setting', () => {
  const app = appWith('testing-vitest', { 'vitest/nose.test.ts': sample('vitest/nose.test.ts') });
  expect(vitest(app)).toMatch(/✓ .*shows where the nose is[\s\S]*Tests +1 passed/);
});

test("a sample's test fails where the app is wrong", () => {
  const wrong = sample('nose.ts').replace('nose.x', 'nose.x + 1');
  const app = appWith('testing-wrong', { 'nose.ts': wrong, 'vitest/nose.test.ts': sample('vitest/nose.test.ts') });
  expect(() => vitest(app)).toThrow(/expected '97, 96' to be '96, 96'/);
});

test('Jest with jsdom runs the sample by its one line, behind a transformer of the app’s', () => {
  // Next.js brings a compiler, which hoists mocks as babel's does.
  const config = sample('jest.config.js').replace(/export default (\{[\s\S]*\});/, "export default nextJest({ dir: './' })($1);");
  expect(config).toContain('nextJest');
  const app = appWith('testing-jest', {
    'jest.config.js': `import nextJest from 'next/jest.js';\n${config}`,
    'jest/nose.test.ts': sample('jest/nose.test.ts'),
    'app/page.js': 'export default () => null;',
    'run-jest.mjs': RUN_JEST,
  });
  expect(jest(app)).toMatch(/✓ shows where the nose is[\s\S]*Tests: +1 passed, 1 total/);
});

/** As CommonJS, which Jest's own transformer leaves as it is. */
const COMMONJS = `
const { PannierError, loadModel } = require('pannier');
const { topK } = require('pannier/read');
const { fakeModel } = require('pannier/testing');
const { default: pose } = require('./models/pose/model.js');
const { runInNewContext } = require('node:vm');

test('the model is the packed one, and its files lie where they lie', () => {
  expect(pose.targets.tfjs.graph.url()).toBe('file://' + require('node:path').join(__dirname, 'models/pose', pose.targets.tfjs.graph.name));
  expect(typeof loadModel).toBe('function');
  expect(topK({ dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) }, { k: 1, values: 'probabilities' })[0].index).toBe(1);
});

test('arrays of another realm are arrays', async () => {
  const foreign = runInNewContext('new Int32Array(192 * 192 * 3)');
  expect(foreign instanceof Int32Array).toBe(false);
  const { outputs } = await fakeModel(pose, { outputs: { keypoints: runInNewContext('new Float32Array(51).fill(2)') } }).predict({ image: foreign });
  expect(outputs.keypoints.data[50]).toBe(2);
});

test('one PannierError, whoever throws it', async () => {
  await expect(fakeModel(pose, { fail: 'offline' }).predict({ image: new Image() })).rejects.toBeInstanceOf(PannierError);
  expect(() => fakeModel(pose, { outputs: { nope: [1] } })).toThrow(PannierError);
});

test('fake timers hold an answer', async () => {
  jest.useFakeTimers();
  const seen = [];
  const answer = fakeModel(pose, { delayMs: 300 }).predict({ image: document.createElement('canvas') }).then(() => seen.push('answer'));
  await jest.advanceTimersByTimeAsync(299);
  expect(seen).toEqual([]);
  await jest.advanceTimersByTimeAsync(1);
  await answer;
  jest.useRealTimers();
});

test('aborts and streams', async () => {
  const model = fakeModel(pose, { delayMs: 1e9 });
  const controller = new AbortController();
  const answer = model.predict({ image: new Blob(['x']) }, { signal: controller.signal });
  controller.abort();
  await expect(answer).rejects.toBe(controller.signal.reason);
  let count = 0;
  for await (const { images } of fakeModel(pose).predictEach([{ image: new Image() }, { image: new Image() }])) count += images.image.width;
  expect(count).toBe(384);
});
`;

test('Jest with jsdom and no transformer but its own', () => {
  const app = appWith('testing-jest-plain', {
    'package.json': JSON.stringify({ name: 'testing-jest-plain', private: true }),
    'jest.config.json': JSON.stringify({ testEnvironment: 'jsdom', resolver: 'pannier/jest' }),
    'pose.test.js': COMMONJS,
    'run-jest.mjs': RUN_JEST,
  });
  expect(jest(app)).toMatch(/Tests: +5 passed, 5 total/);
  app.write('jest.config.json', JSON.stringify({ testEnvironment: 'jsdom' }));
  expect(() => jest(app)).toThrow(
    /Cannot use 'import.meta'|Unexpected token 'export'|Must use import to load ES Module|Cannot find module/,
  );
});

test('Jest runs what the packed module says, and no copy of another content', () => {
  const app = appWith('testing-jest-copies', {
    'package.json': JSON.stringify({ name: 'testing-jest-copies', private: true }),
    'jest.config.json': JSON.stringify({ testEnvironment: 'node', resolver: 'pannier/jest' }),
    'pose.test.js': "test('named', () => expect(require('./models/pose/model.js').default.name).toBe('pose'));",
    'run-jest.mjs': RUN_JEST,
  });
  const cache = join(app.folder, 'node_modules/.cache/pannier');
  expect(jest(app)).toMatch(/Tests: +1 passed, 1 total/);
  const copies = readdirSync(cache);
  expect(copies).toHaveLength(1);
  app.write(`node_modules/.cache/pannier/${copies[0]}`, 'exports.default = { name: "planted" };');
  expect(jest(app)).toMatch(/Tests: +1 passed, 1 total/);
  const module = readFileSync(join(app.folder, 'models/pose/model.js'), 'utf8');
  app.write('models/pose/model.js', module.replace("name: 'pose'", "name: 'repacked'"));
  expect(() => jest(app)).toThrow(/Received: +"repacked"/);
  expect(readdirSync(cache)).toEqual(copies);
});

test('Jest that runs ES modules keeps them', () => {
  const app = appWith('testing-jest-modules', {
    'jest.config.json': JSON.stringify({ testEnvironment: 'jsdom', resolver: 'pannier/jest', transform: {} }),
    'pose.test.js': `
import { PannierError } from 'pannier';
import { fakeModel } from 'pannier/testing';
import pose from './models/pose/model.js';

test('the same double', async () => {
  expect(pose.targets.tfjs.graph.url()).toBe(new URL('./models/pose/' + pose.targets.tfjs.graph.name, import.meta.url).href);
  const { outputs } = await fakeModel(pose).predict({ image: document.createElement('img') });
  expect(outputs.keypoints.data.length).toBe(51);
  expect(() => fakeModel(pose, { outputs: { nope: [] } })).toThrow(PannierError);
});
`,
    'run-jest.mjs': RUN_JEST,
  });
  expect(jest(app, '--experimental-vm-modules')).toMatch(/Tests: +1 passed, 1 total/);
});
