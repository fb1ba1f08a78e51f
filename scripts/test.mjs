/**
 * `npm test`: build, lint, types, every test that needs no browser, and a smoke test of the browser. `npm run test:all` adds all
 * other tests and the checks of what ships; with `--skip-npm-test` it runs only what it adds. Any other argument goes to Vitest:
 * `npm test -- test/unit` runs the tests of one folder. The last line is `N passed, N failed`; with PANNIER_TALLY, the two numbers
 * are added as a line to the file of that name instead.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFirefox, findWebKit, needChromium, needEngines } from './browsers.mjs';
import { countsOf } from './counts.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const bin = (path) => join(root, 'node_modules', path);

const OWN = ['--all', '--skip-npm-test'];
const [all, skipsNpmTest] = OWN.map((flag) => process.argv.includes(flag));
const vitestArgs = process.argv.slice(2).filter((arg) => !OWN.includes(arg));

/** The projects of vitest.config.ts that `npm test` runs, and those that `test:all` adds. */
const PROJECTS = ['node', 'smoke'];
const ADDED_PROJECTS = ['programs', 'browser'];

const startMs = performance.now();
let passed = 0;
let failed = 0;

const chromium = needChromium();
if (chromium === undefined) {
  console.error('The tests need a Chromium: install chromium, Chrome or Edge, or set PANNIER_CHROMIUM to the path of one.');
  failed++;
  finish();
}
if (all) needOtherEngines();

const built = step('build', ['scripts/build.mjs']);
if (!skipsNpmTest) {
  step('lint', [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']);
  step('types of the tests', [bin('typescript/bin/tsc'), '-p', 'test/tsconfig.json']);
  step('types of the benchmarks', [bin('typescript/bin/tsc'), '-p', 'bench/tsconfig.json']);
}
if (all && built) {
  // Both run `npm pack`, which would build once more.
  process.env['npm_config_ignore_scripts'] = 'true';
  step('publint', [bin('publint/src/cli.js'), '--strict']);
  step('are the types wrong', [bin('@arethetypeswrong/cli/dist/index.js'), '--pack', '.', '--profile', 'esm-only', '--no-color']);
  delete process.env['npm_config_ignore_scripts'];
}
runVitest();
finish();

/** CI has all three engines, or fails; elsewhere those run that are there. */
function needOtherEngines() {
  if (process.env['PANNIER_TIER'] === 'ci') {
    for (const name of needEngines()) {
      console.log(`✗ no ${name} here, and none could be installed`);
      failed++;
    }
    return;
  }
  if (findFirefox() === undefined) console.log('- Firefox is skipped: there is none here (firefox-esr, or PANNIER_FIREFOX)');
  if (findWebKit() === undefined) console.log('- WebKit is skipped: there is none here (webkit2gtk-driver and xvfb, or PANNIER_WEBKIT)');
}

/** Runs the projects of this command; files that were named run whichever project they belong to. */
function runVitest() {
  const projects = [...(skipsNpmTest ? [] : PROJECTS), ...(all || vitestArgs.length > 0 ? ADDED_PROJECTS : [])];
  const report = join(root, '.cache', all ? 'vitest-all.json' : 'vitest.json');
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(report, { force: true });
  const runMs = performance.now();
  const { status } = node([
    ...[bin('vitest/vitest.mjs'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ...projects.map((name) => `--project=${name}`),
    ...vitestArgs,
  ]);
  console.log(`${status === 0 ? '✓' : '✗'} tests (${seconds(runMs)})`);
  const counts = countsOf(status, existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined);
  passed += counts.passed;
  failed += counts.failed;
}

function step(name, args) {
  const stepMs = performance.now();
  const { status } = node(args);
  console.log(`${status === 0 ? '✓' : '✗'} ${name} (${seconds(stepMs)})`);
  if (status === 0) passed++;
  else failed++;
  return status === 0;
}

function node(args) {
  return spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, PANNIER_CHROMIUM: chromium } });
}

function seconds(sinceMs) {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

/** Tells the result, and ends the process. */
function finish() {
  console.log(`${all ? 'npm run test:all' : 'npm test'} took ${seconds(startMs)}`);
  const tally = process.env['PANNIER_TALLY'];
  if (tally) appendFileSync(tally, `${passed} ${failed}\n`);
  else console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
