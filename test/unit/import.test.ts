/** Importing does nothing and needs nothing: in Node, without any browser global, and in a worker thread. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { TFJS_VERSION, VERSION } from '../../src/version.js';

const ENTRIES = ['index', 'node', 'read', 'remote', 'pack'] as const;

/** Runs a module in a Node of its own and returns what it printed. */
const run = (code: string) =>
  execFileSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Imports an entry; then nothing may be open, and no global may be new. */
const importing = (entry: string) => `
  const before = new Set(Reflect.ownKeys(globalThis));
  const module = await import('./dist/${entry}.js');
  const left = Reflect.ownKeys(globalThis).filter((key) => !before.has(key)).map(String);
  console.log(JSON.stringify({ exports: Object.keys(module).length > 0, left, open: process.getActiveResourcesInfo().filter((each) => !/Pipe|TTY|CloseReq|FSReq/.test(each)) }));`;

const nothing = { exports: true, left: [], open: [] };

test.each(ENTRIES)('dist/%s.js in Node', (entry) => {
  expect(JSON.parse(run(importing(entry)))).toEqual(nothing);
});

test.each(['index', 'node', 'read', 'remote'] as const)(
  'dist/%s.js without window, document, navigator, fetch, indexedDB, Worker or WebAssembly',
  (entry) => {
    const bare = ['window', 'document', 'navigator', 'self', 'fetch', 'indexedDB', 'Worker', 'WebAssembly', 'performance', 'crypto'];
    const remove = bare.map((name) => `delete globalThis.${name};`).join('');
    expect(JSON.parse(run(`${remove}${importing(entry)}`))).toEqual(nothing);
  },
);

test.each(ENTRIES)('dist/%s.js in a worker thread', (entry) => {
  const code = `
    import { Worker } from 'node:worker_threads';
    const worker = new Worker(${JSON.stringify(`import('${new URL(`../../dist/${entry}.js`, import.meta.url)}').then(() => require('node:worker_threads').parentPort.postMessage('imported'))`)}, { eval: true, execArgv: [] });
    worker.on('message', console.log);
    worker.on('error', (error) => { console.log(error.message); });`;
  expect(run(code).trim()).toBe('imported');
});

test('the versions in the code are those of package.json', () => {
  const { version, dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    version: string;
    dependencies: Record<string, string>;
  };
  expect(VERSION).toBe(version);
  expect(TFJS_VERSION).toBe(dependencies['@tensorflow/tfjs-core']);
});
