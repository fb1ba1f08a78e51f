/**
 * `npm run evidence -- NAME`: a long line at its full count, run by hand before an issue is closed. The
 * result is written beside this file and committed, with what it ran on. `kills-load firefox` runs one engine of the two.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { findChromium, findFirefox } from '../../scripts/browsers.mjs';
import { commit, machine, versionOf } from '../../scripts/machine.mjs';

const RUNS = {
  first: async () => (await import('../../bench/first.mjs')).run(15),
  frames: async () => (await import('../../bench/frames.mjs')).run(5),
  load: async () => (await import('../../bench/load.mjs')).run(20),
  overhead: async () => (await import('../../bench/overhead.mjs')).run(120),
  pack41: async () => (await import('./pack41.mjs')).run(),
  // Models that are named replace their own rows of what is kept.
  quantize: async (...names) => {
    const { NAMES, run } = await import('./quantize.mjs');
    const kept = JSON.parse(readFileSync(new URL('./quantize.json', import.meta.url), 'utf8')).result.rows;
    const rows = await run(names.length > 0 ? names : NAMES);
    return {
      rows: NAMES.flatMap(
        (name) => [rows, kept].map((all) => all.filter((row) => row.name === name)).find((found) => found.length > 0) ?? [],
      ),
    };
  },
  passes41: async (...models) => {
    const result = await (await import('./passes41.mjs')).run(...models);
    if (!result.passes) process.exitCode = 1;
    return result;
  },
  conformance: async () => {
    const result = await (await import('../conformance/run.mjs')).run();
    if (!result.passes) process.exitCode = 1;
    return result;
  },
  'onnx-files': async () => {
    const result = await (await import('../conformance/onnx-files/run.mjs')).run();
    if (!result.passes) process.exitCode = 1;
    return result;
  },
  'compiled-models': async () => {
    const result = await (await import('../conformance/compiled/run.mjs')).run();
    if (!result.passes) process.exitCode = 1;
    return result;
  },
  tflite: async () => {
    const result = await (await import('../conformance/tflite/run.mjs')).run();
    if (!result.passes) process.exitCode = 1;
    return result;
  },
  // Files that are named replace their own rows of what is kept.
  'tflite-files': async (...files) => {
    const { run } = await import('../conformance/tflite-files/run.mjs');
    const { rows: made } = await run(files.length > 0 ? { files } : {});
    const kept = files.length > 0 ? JSON.parse(readFileSync(new URL('./tflite-files.json', import.meta.url), 'utf8')).result.rows : made;
    const rows = kept.map((row) => made.find(({ name }) => name === row.name) ?? row);
    const passes = rows.every(({ holds }) => holds);
    if (!passes) process.exitCode = 1;
    return { passes, compiled: rows.filter((row) => row.compiled).length, rows };
  },
  'compiled-memory': async () => {
    const result = await (await import('./compiled-memory.mjs')).run();
    if (!result.passes) process.exitCode = 1;
    return result;
  },
  kernels: async () => {
    const result = await (await import('./kernels.mjs')).run();
    if (!result.passes) process.exitCode = 1;
    return { ...result, broken: await testsOf('test/kernels/kernels.test.ts', 'a kernel') };
  },
  'soak-gpu': async () => {
    const result = await (await import('../soak/gpu.mjs')).run();
    if (!result.passes) process.exitCode = 1;
    return result;
  },
  // An hour an engine: one that is named replaces its own part of what is kept.
  'kills-load': async (...engines) => {
    const { run } = await import('../soak/kills.mjs');
    const browsers = { chromium: findChromium, firefox: findFirefox };
    const { result } = JSON.parse(readFileSync(new URL('./kills-load.json', import.meta.url), 'utf8'));
    for (const engine of engines.length > 0 ? engines : Object.keys(browsers))
      result[engine] = { commit: commit(), browser: versionOf(browsers[engine]()), ...(await run({ engine })) };
    if (!Object.values(result).every(({ passes }) => passes)) process.exitCode = 1;
    return result;
  },
  fuzz: async () => {
    const result = await (await import('../fuzz/run.mjs')).run(200_000);
    if (!result.passes) process.exitCode = 1;
    return result;
  },
  'fuzz-onnx': async () => {
    const result = await (await import('../fuzz/run.mjs')).runOnnx(100_000);
    if (!result.passes) process.exitCode = 1;
    return result;
  },
  'fuzz-saved-files': async () => {
    const result = await (await import('../fuzz/run.mjs')).runSavedFiles(100_000);
    if (!result.passes) process.exitCode = 1;
    return result;
  },
  'fuzz-tflite': async () => {
    const result = await (await import('../fuzz/run.mjs')).runTflite(100_000);
    if (!result.passes) process.exitCode = 1;
    return result;
  },
  graphs: () => testsOf('graph-random.test.ts'),
  passes: () => testsOf('test/passes/random.test.ts'),
  compiled: () => testsOf('test/compiled'),
  'round-trip': () => testsOf('test/pack/round-trip.test.ts'),
  hostile: () => testsOf('test/pack/hostile.test.ts'),
  kills: () => testsOf('test/pack/write.test.ts'),
  cycles: () => testsOf('test/browser/cycles.test.ts'),
  tabs: () => testsOf('test/browser/tabs.test.ts'),
  next: () => testsOf('test/apps/next.test.ts'),
  bench: () => testsOf('test/browser/bench.test.ts'),
  'offline-chromium': () => testsOf('test/browser/offline.test.ts', 'chromium'),
  'offline-firefox': () => testsOf('test/browser/offline.test.ts', 'firefox'),
  'offline-webkit': () => testsOf('test/browser/offline.test.ts', 'webkit'),
};

/**
 * Tests whose repetitions `test/tier.ts` counts, with all of them.
 * @param file a path, or how the paths of some files end
 * @param named those whose name begins so; default all of a file
 */
async function testsOf(file, named = '') {
  const args = ['node_modules/vitest/vitest.mjs', 'run', file, '-t', named, '--reporter=json'];
  const child = spawn(process.execPath, args, { env: { ...process.env, PANNIER_TIER: 'evidence' }, stdio: ['ignore', 'pipe', 'inherit'] });
  const stdout = await text(child.stdout);
  const { numPassedTests: passed, numFailedTests: failed, startTime, testResults } = JSON.parse(stdout.slice(stdout.indexOf('{')));
  // A run without a build finds no test to run.
  if (failed > 0 || passed === 0) process.exitCode = 1;
  const told = testResults.flatMap(({ assertionResults }) => assertionResults.map(({ meta }) => meta?.evidence));
  return Object.assign({ passed, failed, ms: Math.round(Math.max(...testResults.map(({ endTime }) => endTime)) - startTime) }, ...told);
}

const [name = '', ...parts] = process.argv.slice(2);
if (!Object.hasOwn(RUNS, name)) {
  console.error(`npm run evidence -- NAME, with NAME one of: ${Object.keys(RUNS).join(', ')}`);
  process.exit(1);
}
const result = await RUNS[name](...parts);
const kept = `${JSON.stringify({ machine: machine(), result }, null, 2)}\n`;
writeFileSync(new URL(`./${name}.json`, import.meta.url), kept);
console.log(kept);
