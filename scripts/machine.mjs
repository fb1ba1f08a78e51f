/** The machine, its browser and the state of the repository, which stand beside results that are kept. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { findChromium } from './browsers.mjs';

export const commit = () => execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();

export const versionOf = (browser) =>
  execFileSync(browser, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

export const machine = () => ({
  commit: commit(),
  processor: cpus()[0].model,
  cores: cpus().length,
  node: process.version,
  browser: versionOf(findChromium()),
});
