/** A build is skipped only if nothing that it reads and nothing that it wrote has changed. */
import { appendFileSync, cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { hashInputs, isFresh, markFresh } from '../../scripts/fresh.mjs';
import { scratch } from '../fixtures/models.js';

const folder = scratch();
const built = join(folder, 'built');
const root = join(folder, 'root');

const INPUTS = [
  ...['src/index.ts', 'src/pack/golden/golden.png', 'src/pack/model/read.ts', 'apps/cli/index.ts', 'scripts/build.mjs'],
  ...['examples/pannier.config.mjs', 'examples/pose/page.ts', 'package.json', 'package-lock.json', 'rollup.config.mjs', 'tsconfig.json'],
  'node_modules/.package-lock.json',
];
const OUTPUTS = ['dist/index.js', 'dist/worker/wasm.js', '.build/src/index.js', 'examples/pose/model/model.js'];

function write(file: string, content = file) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

for (const file of INPUTS) write(join(built, file));
const inputs = hashInputs(built);
for (const file of OUTPUTS) write(join(built, file));
markFresh(built, inputs);

beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  cpSync(built, root, { recursive: true });
  expect(isFresh(root, hashInputs(root))).toBe(true);
});

it.each([...INPUTS, ...OUTPUTS])('is stale once %s is changed, removed or renamed', (file) => {
  const path = join(root, file);
  appendFileSync(path, ' ');
  expect(isFresh(root, hashInputs(root)), 'changed').toBe(false);
  write(path);
  cpSync(join(built, file), path);
  expect(isFresh(root, hashInputs(root)), 'as before').toBe(true);
  renameSync(path, `${path}.other`);
  expect(isFresh(root, hashInputs(root)), 'renamed').toBe(false);
  rmSync(`${path}.other`);
  expect(isFresh(root, hashInputs(root)), 'removed').toBe(false);
});

it.each(['src/new.ts', 'apps/try/new.css', 'examples/new/page.ts', 'dist/new.js', '.build/new.js', 'examples/pose/model/new.bin'])(
  'is stale once %s is added, even empty',
  (file) => {
    write(join(root, file), '');
    expect(isFresh(root, hashInputs(root))).toBe(false);
  },
);

it('is fresh whatever the tests, the docs and the pages of the examples are', () => {
  for (const file of ['test/new.test.ts', 'docs/new.md', 'examples/dist/index.html', 'examples/pose/dist/index.html'])
    write(join(root, file));
  expect(isFresh(root, hashInputs(root))).toBe(true);
});

it('is stale without a note', () => {
  rmSync(join(root, '.build/fresh.json'));
  expect(isFresh(root, hashInputs(root))).toBe(false);
  rmSync(join(root, '.build'), { recursive: true });
  expect(isFresh(root, hashInputs(root))).toBe(false);
});

it('of an input that changed while it ran is stale', () => {
  const before = hashInputs(root);
  appendFileSync(join(root, 'src/index.ts'), 'changed');
  markFresh(root, before);
  expect(isFresh(root, hashInputs(root))).toBe(false);
});
