/** Sizes that a visitor pays for, held and printed. A kB has 1 000 bytes, gzip is at its best. */
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import resolve from '@rollup/plugin-node-resolve';
import { build as esbuild } from 'esbuild';
import { type OutputChunk, rollup } from 'rollup';
import { build as vite } from 'vite';
import { expect, test } from 'vitest';

const gzipped = (code: string | Uint8Array) => gzipSync(code, { level: 9 }).length;

/** What an app's own bundler makes of one import (dist is minified already): the entry with all that it imports statically, and the lazy rest. */
async function bundle(source: string): Promise<{ first: OutputChunk[]; lazy: OutputChunk[] }> {
  const app = {
    name: 'app',
    resolveId: (id: string) => (id === 'app' ? `${process.cwd()}/app.js` : null),
    load: (id: string) => (id.endsWith('/app.js') ? source : null),
  };
  const build = await rollup({ input: 'app', plugins: [app, resolve({ browser: true })] });
  const { output } = await build.generate({ format: 'es', compact: true });
  const chunks = output.filter((each): each is OutputChunk => each.type === 'chunk');
  const first = chunks.filter(({ isEntry }) => isEntry);
  for (const { imports } of first) first.push(...chunks.filter((each) => imports.includes(each.fileName) && !first.includes(each)));
  return { first, lazy: chunks.filter((each) => !first.includes(each)) };
}

const total = (chunks: readonly OutputChunk[]) => chunks.reduce((sum, { code }) => sum + gzipped(code), 0);
/** What the README says of a row of its table, in whole kB. */
function said(row: string): number[] {
  const [, sizes = ''] = readFileSync('README.md', 'utf8').match(new RegExp(`^\\| ${row} \\| (.*) \\|$`, 'm')) ?? [];
  return [...sizes.matchAll(/(\d+) kB/g)].map(([, number]) => Number(number));
}

/** To a kB: a table that moves with every byte would be no table. */
const agrees = (bytes: number, saidKB: number | undefined) => Math.abs(bytes / 1000 - (saidKB ?? Number.NaN)) <= 1;

const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;

/** The chunks that a load without options imports, by their row of the table; test/browser/load.test.ts holds that it asks for no others. */
const IMPORTED_BY_A_LOAD = { 'page-lazy': 'the rest of the library, beside the weights', 'page-cache': 'the cache of the weights' };

/** MoveNet's own files by gzip, but for the weights: the manifest, the module and the golden samples. */
function poseBytes(): number {
  const folder = 'examples/pose/model';
  const sizes = readdirSync(folder).map((name) => ({ name, size: gzipped(readFileSync(`${folder}/${name}`)) }));
  const largest = (pattern: RegExp) => Math.max(...sizes.filter(({ name }) => pattern.test(name)).map(({ size }) => size));
  const parts = [/^model\.js$/, /^compiled-.*\.wasm$/, /^golden-/].map(largest);
  console.log(`MoveNet but for its weights: ${parts.map(kB).join(' + ')} gzip`);
  return parts.reduce((sum, size) => sum + size, 0);
}

const LOADS = "import { loadModel } from 'pannier'; globalThis.loadModel = loadModel;";

test('loadModel costs a page at most 10 kB before it loads a model, and what the README says until the first answer', async () => {
  const { first, lazy } = await bundle(LOADS);
  console.log(`loadModel: ${total(first)} bytes gzip at once`);
  expect(total(first)).toBeLessThanOrEqual(10_000);
  expect(agrees(total(first), said("`loadModel`, with your app's script")[0])).toBe(true);

  let untilAnswer = total(first);
  for (const [name, row] of Object.entries(IMPORTED_BY_A_LOAD)) {
    const size = total(lazy.filter((each) => each.name === name));
    console.log(`${name}: ${kB(size)} gzip`);
    expect(agrees(size, said(row)[0]), row).toBe(true);
    untilAnswer += size;
  }
  untilAnswer += gzipped(readFileSync('dist/worker/compiled.js'));
  console.log(`until the first answer: ${kB(untilAnswer)} gzip and the model`);
  expect(agrees(untilAnswer, said('all of this, until the first answer')[0])).toBe(true);
  expect(untilAnswer + poseBytes()).toBeLessThanOrEqual(75_000);
  const others = lazy.filter(({ name }) => !(name in IMPORTED_BY_A_LOAD));
  console.log(`only if an option asks for it: ${others.map(({ name, code }) => `${name} ${kB(gzipped(code))}`).join(', ')}`);
});

test('nor does esbuild with splitting make more of it', async () => {
  const { metafile, outputFiles } = await esbuild({
    ...{ bundle: true, splitting: true, format: 'esm', minify: true, write: false, metafile: true, outdir: 'out' },
    stdin: { contents: LOADS, resolveDir: process.cwd() },
  });
  const first = Object.keys(metafile.outputs).filter((path) => metafile.outputs[path]?.entryPoint === '<stdin>');
  for (const path of first)
    for (const { kind, path: imported } of metafile.outputs[path]?.imports ?? [])
      if (kind === 'import-statement' && !first.includes(imported)) first.push(imported);
  const bytes = outputFiles.filter(({ path }) => first.some((each) => path.endsWith(each))).map(({ contents }) => gzipped(contents));
  const sum = bytes.reduce((before, each) => before + each, 0);
  console.log(`loadModel by esbuild: ${sum} bytes gzip at once, in ${bytes.length} files`);
  expect(bytes.length).toBe(first.length);
  expect(sum).toBeLessThanOrEqual(10_000);
});

test('nor does Vite', async () => {
  const app = {
    name: 'app',
    resolveId: (id: string) => (id === 'virtual:app' ? `${process.cwd()}/app.js` : null),
    load: (id: string) => (id.endsWith('/app.js') ? LOADS : null),
  };
  const built = await vite({
    ...{ configFile: false, logLevel: 'silent', plugins: [app] },
    build: { write: false, rollupOptions: { input: 'virtual:app' } },
  });
  const [{ output }] = [built].flat() as unknown as [{ output: OutputChunk[] }];
  const chunks = output.filter(({ type }) => type === 'chunk');
  const first = chunks.filter(({ isEntry }) => isEntry);
  for (const { imports } of first) first.push(...chunks.filter((each) => imports.includes(each.fileName) && !first.includes(each)));
  console.log(`loadModel by Vite: ${total(first)} bytes gzip at once, in ${first.length} files`);
  expect(total(first)).toBeLessThanOrEqual(10_000);
});

test('the wasm binary is as large as the README says', () => {
  const size = gzipped(readFileSync('dist/tfjs-backend-wasm-simd.wasm'));
  console.log(`tfjs-backend-wasm-simd.wasm: ${kB(size)} gzip`);
  expect(agrees(size, said('only for a model that is not compiled: the wasm worker and its binary')[1])).toBe(true);
});

test('all of pannier/read costs at most 6 kB', async () => {
  const { first, lazy } = await bundle("import * as read from 'pannier/read'; globalThis.read = read;");
  console.log(`pannier/read: ${kB(total(first))} gzip`);
  expect(lazy).toEqual([]);
  expect(total(first)).toBeLessThanOrEqual(6_000);
  expect(agrees(total(first), said('`pannier/read`, if all of it is imported')[0])).toBe(true);
});

test('all of pannier/remote costs at most 3.8 kB, of which an app with loadModel has the check of options already', async () => {
  const { first, lazy } = await bundle("import * as remote from 'pannier/remote'; globalThis.remote = remote;");
  console.log(`pannier/remote: ${kB(total(first))} gzip`);
  expect(lazy).toEqual([]);
  expect(total(first)).toBeLessThanOrEqual(3_800);
  expect(agrees(total(first), said('`pannier/remote`')[0])).toBe(true);
});

test('all of pannier/drift costs at most 2 kB', async () => {
  const { first, lazy } = await bundle("import * as drift from 'pannier/drift'; globalThis.drift = drift;");
  console.log(`pannier/drift: ${kB(total(first))} gzip`);
  expect(lazy).toEqual([]);
  expect(total(first)).toBeLessThanOrEqual(2_000);
  expect(agrees(total(first), said('`pannier/drift`')[0])).toBe(true);
});

test('an unused import costs nothing', async () => {
  const { first, lazy } = await bundle("import { loadModel } from 'pannier'; import { topK } from 'pannier/read';");
  expect([...first, ...lazy].map(({ code }) => code.trim())).toEqual(['']);
});

test.each([
  ['webgpu', 160_000, 'in idle time, if there is a real GPU: the webgpu worker'],
  ['compiled', 8_000, 'the worker of compiled models'],
  ['host-parts', 30_000, 'only for a compiled model with operations that JavaScript computes'],
  ['wasm', 120_000, 'only for a model that is not compiled: the wasm worker and its binary'],
  ['cpu', 130_000, 'only if no other backend is right: the cpu worker'],
] as const)('the %s worker takes at most %i bytes of gzip', (name, most, row) => {
  const size = gzipped(readFileSync(`dist/worker/${name}.js`));
  console.log(`worker/${name}.js: ${kB(size)} gzip`);
  expect(size).toBeLessThanOrEqual(most);
  expect(agrees(size, said(row)[0])).toBe(true);
});
