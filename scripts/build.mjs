/**
 * `npm run build`: TypeScript to JavaScript and declarations, Rollup to what ships, then the examples' models. A build that is
 * still there for the same inputs, byte for byte, is not made again.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';
import { loadConfigFile } from 'rollup/loadConfigFile';
import { hashInputs, isFresh, markFresh } from './fresh.mjs';
import { licensesOf, packageOf } from './licenses.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const require = createRequire(import.meta.url);

const inputs = hashInputs(root);
if (isFresh(root, inputs)) {
  say('The last build is fresh: nothing that it read has changed since');
  process.exit(0);
}

// The old dist stays until the new one is there: a page or a test may be using it.
const start = Date.now();
rmSync('.build', { recursive: true, force: true });
tsc('the library', 'tsconfig.json');
tsc('the packer', 'src/pack/tsconfig.json');
tsc('the page of try', 'apps/try/tsconfig.json');

const { options } = await loadConfigFile(join(root, 'rollup.config.mjs'));
const bundled = new Set();
say('Bundling what ships');
try {
  // At the same time: the minifier has its own threads.
  await Promise.all(
    options.map(async ({ output, ...input }) => {
      const bundle = await rollup(input);
      for (const one of output) {
        const { output: chunks } = await bundle.write(one);
        for (const id of chunks.flatMap(({ moduleIds = [] }) => moduleIds)) bundled.add(packageOf(id));
      }
      await bundle.close();
    }),
  );
} catch (error) {
  // Rollup's errors carry every module that it watched; the message and the place say all.
  fail(`Rollup: ${error.message}\n${error.frame ?? ''}`);
}

const wasm = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist', 'tfjs-backend-wasm-simd.wasm');
writeFileSync('dist/tfjs-backend-wasm-simd.wasm', readFileSync(wasm));
bundled.delete(undefined);
writeFileSync('dist/THIRD_PARTY_LICENSES.txt', licensesOf(bundled));
for (const [name, from] of [
  ['index.html', 'apps/try'],
  ['try.css', 'apps/try'],
  ['icon.svg', 'examples'],
])
  writeFileSync(join('dist/try', name), readFileSync(join(from, name)));
cpSync('.build/src', 'dist/types', { recursive: true, filter: (path) => !path.endsWith('.js') });
writeFileSync('dist/golden.png', readFileSync('src/pack/golden/golden.png'));

for (const name of readdirSync('dist', { recursive: true })) {
  const file = statSync(join('dist', name), { throwIfNoEntry: false });
  if (file?.isFile() && file.mtimeMs < start) rmSync(join('dist', name));
}

say("Packing the examples' models");
run('the examples', [join(root, 'dist/cli.js'), 'pack'], join(root, 'examples'));
markFresh(root, inputs);

function tsc(what, project) {
  say(`Compiling ${what}`);
  run(project, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project]);
}

function run(what, args, cwd = root) {
  const { status } = spawnSync(process.execPath, args, { cwd, stdio: 'inherit' });
  if (status !== 0) fail(what);
}

/** A minute without a word looks like a hang. */
function say(step) {
  console.log(`${step} …`);
}

function fail(what) {
  console.error(`Build failed at ${what}`);
  process.exit(1);
}
