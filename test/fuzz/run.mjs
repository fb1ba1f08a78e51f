/**
 * `npm run fuzz`: feeds every parser with what nobody should send it, round after round, until it is stopped or something
 * fails. `-- --surface NAME --seed N --path P`, as a failure prints it, repeats that one.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The same for everybody, so that a failure of one machine is one of all. */
export const FIXED_SEED = 20_261_122;

/** Bundles the fuzzer with the code that it feeds; packages stay where they are. @returns the program's path */
async function bundle() {
  const folder = join(root, '.cache/fuzz');
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: { fuzz: join(root, 'test/fuzz/main.ts') },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // In one file, the packages of what is imported lazily would be imported at once, and register their backends.
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    sourcemap: true,
    logLevel: 'warning',
  });
  copyFileSync(join(root, 'src/pack/golden/golden.png'), join(folder, 'golden.png'));
  return join(folder, 'fuzz.mjs');
}

/** Runs the fuzzer with these arguments. @returns its exit code, and what came of each round */
export async function fuzz(args, { quiet = false } = {}) {
  const program = await bundle();
  const child = spawn(process.execPath, ['--enable-source-maps', program, ...args], { stdio: ['ignore', 'pipe', 'inherit'], cwd: root });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
    if (!quiet) process.stdout.write(chunk);
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  const rounds = text.split('\n').filter((line) => line.startsWith('{'));
  return { code, text, rounds: rounds.map((line) => JSON.parse(line)) };
}

/** Mutated files of ONNX: half of them stained byte for byte, half with tensors, sizes and places that do not fit together. */
export const runOnnx = (inputs) => runSurfaces(['onnx', 'onnx-files'], inputs / 2);

/** Mutated HDF5 files, files of Keras, and zips of Teachable Machine, as many of each. */
export const runSavedFiles = (inputs) => runSurfaces(['hdf5', 'keras-files', 'teachable-zip'], inputs);

/** One round of each of these surfaces. */
async function runSurfaces(names, inputs) {
  const surfaces = [];
  for (const surface of names) {
    const { code, rounds } = await fuzz(['--json', '--surface', surface, '--rounds', '1', '--inputs', String(inputs)]);
    surfaces.push({ passes: code === 0 && rounds.length === 1, ...rounds[0] });
  }
  return { passes: surfaces.every(({ passes }) => passes), surfaces };
}

/** Mutated files of TensorFlow Lite. */
export async function runTflite(inputs) {
  const { code, rounds } = await fuzz(['--json', '--surface', 'tflite', '--rounds', '1', '--inputs', String(inputs)]);
  return { passes: code === 0 && rounds.length === 1, ...rounds[0] };
}

/** The whole of it: half with the fixed seed, half with one that nobody has tried. */
export async function run(inputs) {
  const { code, rounds } = await fuzz(['--json', '--seed', String(FIXED_SEED), '--rounds', '2', '--inputs', String(inputs / 2)]);
  return { passes: code === 0 && rounds.length === 2, rounds };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { code } = await fuzz(process.argv.slice(2));
  process.exitCode = code ?? 1;
}
