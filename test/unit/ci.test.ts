/** `.ci/run` ends with one line that sums both commands of the tests, and what fails in whatever way counts as failed. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { countsOf } from '../../scripts/counts.mjs';
import { scratch } from '../fixtures/models.js';

const folder = scratch();
let count = 0;

/** Runs `.ci/run` with an npm that answers each of its three calls by a line of shell. */
function run(steps: { ci?: string; test?: string; all?: string }) {
  const place = join(folder, `npm-${count++}`);
  mkdirSync(place);
  const { ci = ':', test = 'tally 100 0', all = 'tally 20 0' } = steps;
  const npm = `#!/usr/bin/env bash
tally() { echo "$1 $2" >> "$PANNIER_TALLY"; echo "$1 of $2 were counted"; }
case "$*" in
  ci*) ${ci} ;;
  test) ${test} ;;
  'run test:all -- --skip-npm-test') ${all} ;;
  *) exit 9 ;;
esac
`;
  writeFileSync(join(place, 'npm'), npm, { mode: 0o755 });
  const { status, stdout } = spawnSync('bash', ['.ci/run'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${place}:${process.env['PATH']}` },
  });
  expect(stdout.match(/^\d+ passed, \d+ failed$/gm)).toHaveLength(1);
  return [status, stdout.trimEnd().split('\n').at(-1)];
}

it('sums the two commands', () => expect(run({})).toEqual([0, '120 passed, 0 failed']));

it.each([
  ['a test of one of them', { test: 'tally 99 1; exit 1' }, '119 passed, 1 failed'],
  ['tests of both', { test: 'tally 99 1; exit 1', all: 'tally 18 2; exit 1' }, '117 passed, 3 failed'],
  ['an end without a count', { all: 'exit 1' }, '100 passed, 1 failed'],
  ['an end without a count that looks well', { test: ':' }, '20 passed, 1 failed'],
  ['a bad end in spite of its count', { all: 'tally 20 0; exit 137' }, '120 passed, 1 failed'],
  ['the installation', { ci: 'exit 1' }, '0 passed, 1 failed'],
])('counts %s as failed', (_what, steps, line) => expect(run(steps)).toEqual([1, line]));

it('counts a file that does not load, an error outside of tests, and an end of Vitest itself as failed', () => {
  const file = (status: string, ...tests: string[]) => ({ status, assertionResults: tests.map((each) => ({ status: each })) });
  const report = (numFailedTests: number, ...testResults: object[]) => ({ numPassedTests: 3, numFailedTests, testResults });
  expect(countsOf(0, report(0, file('passed', 'passed')))).toEqual({ passed: 3, failed: 0 });
  expect(countsOf(1, report(1, file('failed', 'failed', 'passed')))).toEqual({ passed: 3, failed: 1 });
  expect(countsOf(1, report(1, file('failed', 'failed'), file('failed'), file('failed', 'skipped')))).toEqual({ passed: 3, failed: 3 });
  expect(countsOf(1, report(0, file('passed', 'passed')))).toEqual({ passed: 3, failed: 1 });
  expect(countsOf(null, undefined)).toEqual({ passed: 0, failed: 1 });
  expect(countsOf(0, undefined)).toEqual({ passed: 0, failed: 1 });
});
