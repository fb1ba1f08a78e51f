/** Importing does nothing and needs nothing: in Node, without any browser global, and in a worker thread. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { VERSION } from '../../src/base/versions.js';
import { ENGINES } from '../../src/engines/registry.js';

const ENTRIES = ['index', 'node', 'read', 'remote', 'drift', 'pack'] as const;

/** Runs a module in a Node of its own and returns what it printed. */
const run = (code: string, flags: readonly string[] = []) =>
  execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', code], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** Imports an entry; then nothing may be open, and no global may be new. */
const importing = (entry: string) => `
  const before = new Set(Reflect.ownKeys(globalThis));
  const module = await import('./dist/${entry}.js');
  const left = Reflect.ownKeys(globalThis).filter((key) => !before.has(key)).map(String);
  console.log(JSON.stringify({ exports: Object.keys(module).length > 0, left, open: process.getActiveResourcesInfo().filter((each) => !/Pipe|TTY|CloseReq|FSReq/.test(each)) }));`;

const nothing = { exports: true, left: [], open: [] };

test.each(ENTRIES)('L8: dist/%s.js in Node', (entry) => {
  expect(JSON.parse(run(importing(entry)))).toEqual(nothing);
});

test.each(['index', 'node', 'read', 'remote', 'drift'] as const)(
  'L8: dist/%s.js without window, document, navigator, fetch, indexedDB, Worker or WebAssembly',
  (entry) => {
    const bare = ['window', 'document', 'navigator', 'self', 'fetch', 'indexedDB', 'Worker', 'WebAssembly', 'performance', 'crypto'];
    const remove = bare.map((name) => `delete globalThis.${name};`).join('');
    expect(JSON.parse(run(`${remove}${importing(entry)}`))).toEqual(nothing);
  },
);

test.each(ENTRIES)('L8: dist/%s.js in a worker thread', (entry) => {
  const code = `
    import { Worker } from 'node:worker_threads';
    const worker = new Worker(${JSON.stringify(`import('${new URL(`../../dist/${entry}.js`, import.meta.url)}').then(() => require('node:worker_threads').parentPort.postMessage('imported'))`)}, { eval: true, execArgv: [] });
    worker.on('message', console.log);
    worker.on('error', (error) => { console.log(error.message); });`;
  expect(run(code).trim()).toBe('imported');
});

// As edge runtimes and sandboxes are, and barer than any: the language alone.
test.each(['index', 'read', 'remote', 'drift', 'testing'] as const)('L8: dist/%s.js in a realm without a platform', (entry) => {
  const code = `
    import { readFileSync } from 'node:fs';
    import vm from 'node:vm';
    const context = vm.createContext({});
    const keys = () => vm.runInContext('Reflect.ownKeys(globalThis).map(String)', context);
    const before = keys();
    const modules = new Map();
    const moduleAt = (url) => {
      const known = modules.get(url) ?? new vm.SourceTextModule(readFileSync(new URL(url), 'utf8'), {
        context, identifier: url, initializeImportMeta: (meta) => { meta.url = url; },
        importModuleDynamically: (specifier) => { throw new Error('import() of ' + specifier); },
      });
      modules.set(url, known);
      return known;
    };
    const entry = moduleAt(${JSON.stringify(new URL(`../../dist/${entry}.js`, import.meta.url).href)});
    await entry.link((specifier, { identifier }) => moduleAt(new URL(specifier, identifier).href));
    await entry.evaluate();
    const left = keys().filter((key) => !before.includes(key));
    console.log(JSON.stringify({ exports: Object.keys(entry.namespace).length > 0, left }));`;
  expect(JSON.parse(run(code, ['--experimental-vm-modules', '--no-warnings']))).toEqual({ exports: true, left: [] });
});

test('the versions in the code are those of package.json', () => {
  const { version, dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    version: string;
    dependencies: Record<string, string>;
  };
  expect(VERSION).toBe(version);
  expect(ENGINES.tfjs.version).toBe(dependencies['@tensorflow/tfjs-core']);
});
