/** What ships, file by file: a browser must be able to load each as it lies there, and no backend may carry another. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parseAst } from 'rollup/parseAst';
import { expect, test } from 'vitest';

const FOR_NODE = /^dist\/(node|pack|cli|vite|rollup|esbuild|plugin|jest)(-[\w-]+)?\.js$/;
const shipped = readdirSync('dist', { recursive: true, encoding: 'utf8' }).map((name) => join('dist', name).replaceAll('\\', '/'));
const scripts = shipped.filter((name) => name.endsWith('.js')).sort();
const forBrowsers = scripts.filter((name) => !FOR_NODE.test(name));
/** They import nothing; the one of compiled models imports what the page names. */
const WORKERS = ['webgpu', 'wasm', 'cpu', 'host-parts'] as const;
/** They import a module by an address that they are told, which bundlers of apps object to in a page's script. */
const TOLD_ADDRESSES = ['dist/worker/compiled.js', 'dist/try/page.js'];

test('everything that package.json and the loaders name is there', () => {
  for (const name of [
    'index',
    'node',
    'read',
    'remote',
    'drift',
    'testing',
    'jest',
    'pack',
    'cli',
    'vite',
    'rollup',
    'esbuild',
    'plugin-thread',
    'cli-progress',
    ...[...WORKERS, 'compiled'].map((each) => `worker/${each}`),
  ])
    expect(scripts).toContain(`dist/${name}.js`);
  for (const name of ['index', 'read', 'remote', 'drift', 'testing']) expect(shipped).toContain(`dist/jest-${name}.cjs`);
  expect(shipped).toContain('dist/tfjs-backend-wasm-simd.wasm');
  for (const name of ['index.html', 'try.css', 'icon.svg', 'page.js']) expect(shipped).toContain(`dist/try/${name}`);
  expect(readFileSync('dist/cli.js', 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test('the licenses of everything that is bundled are there', () => {
  const text = readFileSync('dist/THIRD_PARTY_LICENSES.txt', 'utf8');
  const tfjs = ['core', 'converter', 'backend-cpu', 'backend-wasm', 'backend-webgpu'].map((name) => `@tensorflow/tfjs-${name}`);
  const sections = [...text.matchAll(/^-{80}\n\n(\S+) [\d.]+$/gm)].map(([, name]) => name);
  expect(sections).toEqual(['@noble/hashes', ...tfjs, 'idb-keyval', 'long', 'seedrandom'].sort());
  for (const said of ['XNNPACK, within', 'Copyright 2019 David Bau', 'Jake Archibald', 'Daniel Wirtz', 'TERMS AND CONDITIONS FOR USE'])
    expect(text).toContain(said);
});

test.each(forBrowsers)('%s imports its neighbours alone', (file) => {
  const { imports, urls } = asksOf(readFileSync(file, 'utf8'));
  // A module worker ignores the page's import map: a bare name would not resolve there.
  // The page of `pannier try` imports the model that it tries, and the compiled engine what JavaScript computes.
  const named = TOLD_ADDRESSES.includes(file) ? imports.filter((each) => each !== '(computed)') : imports;
  expect(named.filter((each) => !/^\.\.?\//.test(each))).toEqual([]);
  for (const each of [...named, ...urls]) expect(existsSync(normalize(join(dirname(file), each))), `${file} asks for ${each}`).toBe(true);
});

test.each(WORKERS)('the %s worker is one file', (name) => {
  expect(asksOf(readFileSync(`dist/worker/${name}.js`, 'utf8')).imports).toEqual([]);
});

test('the worker of compiled models is one file, but for what JavaScript computes', () => {
  const { imports } = asksOf(readFileSync('dist/worker/compiled.js', 'utf8'));
  expect(new Set(imports)).toEqual(new Set(['(computed)']));
});

test('no worker and no chunk carries another backend, gradients, optimizers or a way to Node', () => {
  const webgpu = /createComputePipeline/;
  const wasm = /tfjs-backend-wasm\.wasm|_emscripten|cwrap/;
  const text = (name: string) => readFileSync(`dist/${name}.js`, 'utf8');
  expect(text('worker/webgpu')).toMatch(webgpu);
  expect(text('worker/wasm')).toMatch(wasm);
  for (const name of ['worker/wasm', 'worker/cpu', 'page-wasm', 'page-cpu', 'page-tfjs-core'])
    expect(webgpu.test(text(name)), name).toBe(false);
  for (const name of ['worker/webgpu', 'worker/cpu', 'page-webgpu', 'page-cpu', 'page-tfjs-core'])
    expect(wasm.test(text(name)), name).toBe(false);
  for (const name of ['worker/compiled', 'worker/host-parts', 'page-compiled', 'page-host-parts'])
    expect(text(name).match(/createComputePipeline|_emscripten|kernelName:|_tfengine/)?.[0], name).toBeUndefined();
  for (const name of forBrowsers) {
    const code = readFileSync(name, 'utf8');
    expect(code.match(/AdamOptimizer|[^.\w](require|eval)\(|new Function\(|initial_jasmine|node-fetch/)?.[0], name).toBeUndefined();
  }
});

/** Specifiers of every import, export-from and `import()`, and of every `new URL('…', import.meta.url)`. */
function asksOf(code: string): { imports: string[]; urls: string[] } {
  const imports: string[] = [];
  const urls: string[] = [];
  visit(parseAst(code), (node) => {
    if (/^(Import|ExportNamed|ExportAll)(Declaration|Expression)$/.test(node.type)) {
      const source = node['source'] as { value?: unknown } | null;
      if (source !== null) imports.push(typeof source.value === 'string' ? source.value : '(computed)');
    }
    if (node.type === 'NewExpression' && (node['callee'] as { name?: string }).name === 'URL') {
      const [address, base] = node['arguments'] as { value?: unknown; type: string }[];
      if (base !== undefined && typeof address?.value === 'string') urls.push(address.value);
    }
  });
  return { imports, urls };
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) for (const each of value) visit(each, see);
  else if (typeof value === 'object' && value !== null) {
    if ('type' in value) see(value as Node);
    for (const each of Object.values(value)) if (typeof each === 'object') visit(each, see);
  }
}
