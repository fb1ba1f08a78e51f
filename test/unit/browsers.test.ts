/** How CI comes by its browsers, on a machine that has none: with an `apt-get` that only writes down what it is asked. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { scratch } from '../fixtures/models.js';

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

/** @param brings programs that the installation puts onto the path */
function needOn(brings: readonly string[]): { readonly missing: unknown; readonly asked: readonly string[] } {
  const folder = scratch();
  const log = join(folder, 'log');
  const program = (name: string) => `printf '#!/bin/sh\\n' > ${join(folder, name)}; /bin/chmod +x ${join(folder, name)}`;
  const onInstall = ['true', ...brings.map(program)].join('\n');
  const stub = `#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >> ${log}\nif [ "$1" = install ]; then\n${onInstall}\nfi\n`;
  writeFileSync(join(folder, 'apt-get'), stub);
  chmodSync(join(folder, 'apt-get'), 0o755);
  const code = `import(${JSON.stringify(resolve('scripts/browsers.mjs'))}).then(({ needEngines }) => console.log(JSON.stringify(needEngines())))`;
  const env = { PATH: folder, PANNIER_CHROMIUM: '/chromium' };
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', env });
  expect(stderr).toBe('');
  return { missing: JSON.parse(stdout), asked: readFileSync(log, 'utf8').trim().split('\n') };
}

const ASKED = [
  '--version',
  'noninteractive update',
  'noninteractive install -y --no-install-recommends firefox-esr webkit2gtk-driver xvfb',
];

test.runIf(isRoot)('what is missing is installed, all in one go', () => {
  const { missing, asked } = needOn(['firefox-esr', 'WebKitWebDriver', 'Xvfb']);
  expect(missing).toEqual([]);
  expect(asked.map((each) => each.trim())).toEqual(ASKED);
});

test.runIf(isRoot)('what could not be installed is told of: half of WebKit is none', () => {
  const { missing, asked } = needOn(['firefox-esr', 'WebKitWebDriver']);
  expect(missing).toEqual(['webkit']);
  expect(asked.map((each) => each.trim())).toEqual(ASKED);
});
