/**
 * `npm test`: everything there is to check, on a fresh machine too. Arguments go to Vitest, so
 * `npm test -- test/unit` checks one floor. The last line is `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFirefox, findWebKit, needChromium, needEngines } from './browsers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const bin = (path) => join(root, 'node_modules', path);

const chromium = needChromium();
if (chromium === undefined) {
  console.error('The tests need a Chromium: install chromium, Chrome or Edge, or set PANNIER_CHROMIUM to the path of one.');
  console.log('0 passed, 1 failed');
  process.exit(1);
}

let passed = 0;
let failed = 0;

// CI has all three engines, or fails; elsewhere those run that are there.
if (process.env['PANNIER_TIER'] === 'ci') {
  for (const name of needEngines()) {
    console.log(`✗ no ${name} here, and none could be installed`);
    failed++;
  }
} else {
  if (findFirefox() === undefined) console.log('- Firefox is skipped: there is none here (firefox-esr, or PANNIER_FIREFOX)');
  if (findWebKit() === undefined) console.log('- WebKit is skipped: there is none here (webkit2gtk-driver and xvfb, or PANNIER_WEBKIT)');
}

const built = step('build', ['scripts/build.mjs']);
step('lint', [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']);
step('types of the tests', [bin('typescript/bin/tsc'), '-p', 'test/tsconfig.json']);
if (built) {
  // Both run `npm pack`, which would build once more.
  process.env['npm_config_ignore_scripts'] = 'true';
  step('publint', [bin('publint/src/cli.js'), '--strict']);
  step('are the types wrong', [bin('@arethetypeswrong/cli/dist/index.js'), '--pack', '.', '--profile', 'esm-only', '--no-color']);
  delete process.env['npm_config_ignore_scripts'];
}

const report = join(root, '.cache', 'vitest.json');
mkdirSync(join(root, '.cache'), { recursive: true });
rmSync(report, { force: true });
const vitest = [
  bin('vitest/vitest.mjs'),
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
];
const { status } = node(vitest);
if (existsSync(report)) {
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  // A file that does not load has failed without a test that did.
  const broken = testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some((each) => each.status === 'failed'));
  passed += numPassedTests;
  failed += numFailedTests + broken.length;
}
// An error outside of any test, or no report at all.
if (status !== 0 && failed === 0) failed++;

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

function step(name, args) {
  const startMs = performance.now();
  const { status } = node(args);
  console.log(`${status === 0 ? '✓' : '✗'} ${name} (${((performance.now() - startMs) / 1000).toFixed(1)} s)`);
  if (status === 0) passed++;
  else failed++;
  return status === 0;
}

function node(args) {
  return spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, PANNIER_CHROMIUM: chromium } });
}
