/** When the plugins pack, and when not: seen through the hook that starts a build. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import type { PannierError } from '../../src/base/errors.js';
import { type App, CONFIG, makeApp } from './app.js';

let app: App;
let said: string[] = [];

async function start(options: object = { config: 'pannier.config.mjs' }): Promise<void> {
  const { pannier } = await import(pathToFileURL(join(app.folder, 'node_modules/pannier/dist/rollup.js')).href);
  const { config } = options as { config?: string };
  const { buildStart } = pannier(config === undefined ? {} : { config: join(app.folder, config) });
  const say = (line: string) => {
    // On a busy machine a pack may take so long that it prints progress.
    if (!/, \d+ s$/.test(line)) said.push(line.replace(/: \d.*/, ''));
  };
  const fail = (line: string) => {
    throw new Error(line);
  };
  await buildStart.call({ meta: { watchMode: false }, info: say, warn: say, error: fail });
}

/** Expects that a build packs, and the next one does not. */
async function expectOnePack(): Promise<void> {
  said = [];
  await start();
  await start();
  expect(said).toEqual(['"add" packed']);
}

const weights = (first: number) => new Uint8Array(Float32Array.of(first, 2, 3, 4).buffer);
const inApp = (path: string) => join(app.folder, path);

beforeAll(async () => {
  app = makeApp('packing', {
    'pannier.config.mjs': `
import { readFileSync } from 'node:fs';
import { version } from './version.mjs';
${CONFIG.replace("model.json',", "model.json', version, license: readFileSync(new URL('license.txt', import.meta.url), 'utf8'),")}`,
    'version.mjs': "export const version = '1';",
    'license.txt': 'MIT',
  });
  await expectOnePack();
});

beforeEach(() => {
  said = [];
});

test('a build packs nothing where nothing has changed, and a new time is no change', async () => {
  const later = new Date(Date.now() + 5_000);
  for (const path of ['training/w.bin', 'training/model.json', 'pannier.config.mjs']) utimesSync(inApp(path), later, later);
  await start();
  expect(said).toEqual([]);
});

test('a build packs nothing that the terminal has just packed', async () => {
  rmSync(inApp('src/models/add'), { recursive: true });
  app.pack();
  await start();
  expect(said).toEqual([]);
});

test('a shard of the same size and time is packed when its content is another', async () => {
  const path = inApp('training/w.bin');
  const { atime, mtime } = statSync(path);
  writeFileSync(path, weights(7));
  utimesSync(path, atime, mtime);
  await expectOnePack();
});

test.each([
  [
    'the config',
    'pannier.config.mjs',
    (text: string) => text.replace("'MIT'", "'MIT'").replace('version, license', "version, source: 'here', license"),
  ],
  ['what the config imports', 'version.mjs', () => "export const version = '2';"],
  ['what the config reads', 'license.txt', () => 'Apache-2.0'],
  ['the model file', 'training/model.json', (text: string) => ` ${text}`],
  ['a packed module', 'src/models/add/model.js', (text: string) => `${text}// edited`],
])('a change of %s is packed once', async (_what, path, edit) => {
  const before = readFileSync(inApp(path), 'utf8');
  app.write(path, edit(before));
  await expectOnePack();
});

test('a packed file that is gone is packed again', async () => {
  const folder = inApp('src/models/add');
  for (const name of readdirSync(folder).filter((each) => each.startsWith('weights-'))) rmSync(join(folder, name));
  await expectOnePack();
});

test('another packer packs again', async () => {
  const dist = inApp('node_modules/pannier/dist');
  const name = readdirSync(dist).find((each) => /-pack\.js$/.test(each)) as string;
  writeFileSync(join(dist, name), `${readFileSync(join(dist, name), 'utf8')}\n// another build`);
  await expectOnePack();
});

test('a stamp that was cut off is no stamp', async () => {
  writeFileSync(inApp('src/models/add/packed-from.json'), '{"packer":');
  await expectOnePack();
});

test('a clone without the model file builds with a warning, once', async () => {
  const kept = readFileSync(inApp('training/w.bin'));
  rmSync(inApp('training/w.bin'));
  const { pannier } = await import(pathToFileURL(inApp('node_modules/pannier/dist/esbuild.js')).href);
  const warned: string[] = [];
  let onStart: (() => Promise<{ errors: object[]; warnings: { text: string }[] }>) | undefined;
  pannier({ config: inApp('pannier.config.mjs') }).setup({
    ...{ initialOptions: { format: 'esm' }, onResolve() {}, onLoad() {}, onEnd() {} },
    onStart: (hook: typeof onStart) => {
      onStart = hook;
    },
  });
  for (let build = 0; build < 2; build++) {
    const { errors, warnings } = await (onStart as NonNullable<typeof onStart>)();
    expect(errors).toEqual([]);
    warned.push(...warnings.map(({ text }) => text));
  }
  writeFileSync(inApp('training/w.bin'), kept);
  expect(warned).toEqual([expect.stringMatching(/^"add": \S+training\/w\.bin is absent, so that the model cannot be packed here/)]);
});

test('builds that start together pack once', async () => {
  writeFileSync(inApp('training/w.bin'), weights(8));
  await Promise.all([start(), start(), start()]);
  expect(said).toEqual(['"add" packed']);
});

test('without a config there is nothing to pack; one that was asked for has to be there', async () => {
  await start({});
  expect(said).toEqual([]);
  await expect(start({ config: 'other.config.mjs' })).rejects.toThrow('There is no');
});

test('a config that cannot be imported is told of, whatever it throws', async () => {
  app.write('throws.config.mjs', 'throw new Error("no labels here");');
  await expect(start({ config: 'throws.config.mjs' })).rejects.toThrow('no labels here');
  app.write('ends.config.mjs', 'process.exit(3);');
  await expect(start({ config: 'ends.config.mjs' })).rejects.toThrow('The packer ended with code 3.');
});

test('a build ends, whatever the config leaves running', () => {
  app.write(
    'timer.config.mjs',
    `${readFileSync(inApp('pannier.config.mjs'), 'utf8')}
import { createServer } from 'node:net';
setInterval(() => {}, 1_000);
createServer().listen(0);`,
  );
  app.write(
    'build.mjs',
    `import { pannier } from 'pannier/rollup';
const { buildStart } = pannier({ config: 'timer.config.mjs' });
await buildStart.call({ meta: { watchMode: false }, info() {}, warn: console.log, error: console.log });
console.log('built');`,
  );
  const { status, stdout } = spawnSync(process.execPath, ['build.mjs'], { cwd: app.folder, encoding: 'utf8', timeout: 40_000 });
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'built\n' });
});

test('a config that never ends is told of', async () => {
  app.write('loops.config.mjs', 'for (;;);');
  await expect(start({ config: 'loops.config.mjs' })).rejects.toThrow(
    'loops.config.mjs cannot be imported: it still runs after 12 seconds.',
  );
});

const TAKES = { vite: 'config, preload', rollup: 'config', esbuild: 'config' };
test.each(Object.entries(TAKES))('pannier/%s refuses what it does not take', async (name, takes) => {
  const { pannier } = await import(pathToFileURL(inApp(`node_modules/pannier/dist/${name}.js`)).href);
  const refused = (options: unknown) => {
    try {
      pannier(options);
    } catch (thrown) {
      const { code, message } = thrown as PannierError;
      return `${code}: ${message}`;
    }
    return 'taken';
  };
  expect(refused({ configg: 'x' })).toMatch(`options: pannier() has no option "configg"; it takes ${takes}. Is config meant?`);
  expect(refused({ config: 5 })).toMatch("options: pannier()'s option config should be the path of a config file, but is 5.");
  expect(refused('x.mjs')).toMatch('options: pannier() takes an object of options, but got "x.mjs".');
  const preload = 'pannier()\'s option preload should be true, false or an array of models\' names, but is "add".';
  expect(refused({ preload: 'add' })).toMatch(name === 'vite' ? `options: ${preload}` : 'has no option "preload"');
  for (const options of [undefined, {}, { config: 'a.mjs' }, ...(name === 'vite' ? [{ preload: ['add'] }, { preload: true }] : [])])
    expect(refused(options)).toBe('taken');
});
