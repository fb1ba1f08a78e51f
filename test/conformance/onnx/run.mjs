/** Bundles the runner of ONNX's node tests with the reader that it tests, and runs it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** @param names parts of the names of tests; without any, all run @returns the exit code: 0 if nothing answers wrong */
export async function runOnnx(names) {
  const outfile = join(root, '.cache/onnx-conformance.mjs');
  const entryPoints = [join(root, 'test/conformance/onnx/main.ts')];
  await build({ entryPoints, outfile, bundle: true, packages: 'external', platform: 'node', format: 'esm', logLevel: 'warning' });
  return spawnSync(process.execPath, [outfile, ...names], { stdio: 'inherit', cwd: root }).status ?? 1;
}
