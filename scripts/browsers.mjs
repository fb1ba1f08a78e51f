/** Where the browsers are. `npm test` installs a Chromium where it may, `.ci/run` all three; nothing else does. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const CHROMIUM = {
  variable: 'PANNIER_CHROMIUM',
  names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge', 'msedge'],
  places: [
    '/usr/bin/chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
  ],
};
const FIREFOX = {
  variable: 'PANNIER_FIREFOX',
  names: ['firefox-esr', 'firefox'],
  places: ['/Applications/Firefox.app/Contents/MacOS/firefox', 'C:\\Program Files\\Mozilla Firefox\\firefox.exe'],
};
const WEBKIT = { variable: 'PANNIER_WEBKIT', names: ['WebKitWebDriver'], places: [] };
const XVFB = { variable: 'PANNIER_XVFB', names: ['Xvfb'], places: [] };

/** Path of a Chromium, Chrome or Edge, or undefined. `PANNIER_CHROMIUM` says which, if set. */
export const findChromium = () => find(CHROMIUM);

/** Path of a Firefox, or undefined. `PANNIER_FIREFOX` says which, if set. */
export const findFirefox = () => find(FIREFOX);

/**
 * WebKitGTK's driver, which knows its own MiniBrowser, and an X server without a screen; or undefined, where one of
 * them is missing. `PANNIER_WEBKIT` says which driver, if set.
 */
export function findWebKit() {
  const driver = find(WEBKIT);
  const display = find(XVFB);
  return driver === undefined || display === undefined ? undefined : { driver, display };
}

/** As {@link findChromium}, but on a Debian without one, and as root, installs one. */
export function needChromium() {
  if (findChromium() === undefined) install('chromium');
  return findChromium();
}

/** Has all three here, as {@link needChromium} has the one. Gives the names of those that are missing all the same. */
export function needEngines() {
  const engines = {
    chromium: [findChromium, 'chromium'],
    firefox: [findFirefox, 'firefox-esr'],
    webkit: [findWebKit, 'webkit2gtk-driver', 'xvfb'],
  };
  const missing = () => Object.entries(engines).filter(([, [locate]]) => locate() === undefined);
  const packages = missing().flatMap(([, [, ...names]]) => names);
  if (packages.length > 0) install(...packages);
  return missing().map(([name]) => name);
}

function install(...packages) {
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
  }
}

function find({ variable, names, places }) {
  const asked = process.env[variable];
  if (asked) return asked;
  const onPath = names.flatMap((name) => (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)));
  return [...places, ...onPath].find(isProgram);
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** How tests and benchmarks start Chromium: no sandbox (CI runs as root), and nothing of its own on the network. */
export const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A GPU in software: slow, but it runs the same shaders everywhere. */
export const SOFTWARE_WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];
