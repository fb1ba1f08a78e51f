// Writes src/formats/tfjs/tfjs-table.ts: which graph ops TF.js executes, and which kernels each backend has.
// Run it again after an update of TF.js: `node scripts/kernels.mjs`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const opLists = join(dirname(require.resolve('@tensorflow/tfjs-converter/package.json')), 'dist/operations/op_list');

/** Strings have no place in Pannier, and TF.js 4.22 does not list the ragged ops in its OperationMapper. */
const LEFT_OUT = new Set(['ragged', 'string', 'hash_table']);
/** Executors of these categories return promises, which `GraphModel.execute` refuses. */
const ASYNC = new Set(['control', 'dynamic']);

const ops = { sync: [], async: [] };
for (const file of readdirSync(opLists).filter((name) => name.endsWith('.js') && name !== 'tfdf.js')) {
  for (const [, op, category] of readFileSync(join(opLists, file), 'utf8').matchAll(/'tfOpName': '(\w+)',\s*'category': '(\w+)'/g)) {
    if (!LEFT_OUT.has(category)) ops[ASYNC.has(category) ? 'async' : 'sync'].push(op);
  }
}

// The Node builds share one tfjs-core, whose registry is filled by loading them.
const { getKernelsForBackend, version_core: version } = require('@tensorflow/tfjs-core');
const kernels = {};
for (const backend of ['webgpu', 'wasm', 'cpu']) {
  require(`@tensorflow/tfjs-backend-${backend}`);
  kernels[backend] = getKernelsForBackend(backend).map(({ kernelName }) => kernelName);
}

const set = (names) => `new Set(\n  '${[...new Set(names)].sort().join(' ')}'.split(' '),\n)`;
const file = join(dirname(fileURLToPath(import.meta.url)), '../src/formats/tfjs/tfjs-table.ts');
writeFileSync(
  file,
  `// Written by scripts/kernels.mjs from TF.js ${version}. Do not edit.
import type { BackendName } from '../../base/backend-name.js';

/** Graph ops that TF.js executes synchronously. */
export const SYNC_OPS: ReadonlySet<string> = ${set(ops.sync)};

/** Graph ops that make a model asynchronous: control flow and outputs of data-dependent size. */
export const ASYNC_OPS: ReadonlySet<string> = ${set(ops.async)};

/** Kernels of each backend. */
export const KERNELS: Readonly<Record<BackendName, ReadonlySet<string>>> = {
${Object.entries(kernels)
  .map(([backend, names]) => `  ${backend}: ${set(names).replaceAll('\n', '\n  ')},`)
  .join('\n')}
};
`,
);
console.log(
  `${ops.sync.length} + ${ops.async.length} ops; kernels: ${Object.entries(kernels).map(([backend, names]) => `${backend} ${names.length}`)}`,
);
