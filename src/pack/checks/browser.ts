/** A Chromium, Chrome or Edge that is installed: found, started for one page, and gone without a trace. */
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Browser, BrowserType, Page } from 'playwright-core';
import { messageOf, PannierError } from '../../base/errors.js';

/** Without what a browser does for people; with the network shut but for this machine. */
const ARGS = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-proxy-server',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
];
const WEBGPU = ['--enable-unsafe-webgpu', '--enable-features=Vulkan'];
const SOFTWARE = '--use-webgpu-adapter=swiftshader';

const NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'microsoft-edge',
  'microsoft-edge-stable',
  'msedge',
];

/** A browser that runs, with one page in it. */
export interface Started {
  readonly page: Page;
  /** Name and version, for people. */
  readonly name: string;
  /** The GPU that WebGPU would get, where it was asked for; undefined where there is none. */
  readonly adapter: Adapter | undefined;
}

export interface Adapter {
  readonly name: string;
  /** Shaders run on the processor. */
  readonly software: boolean;
}

export interface StartOptions {
  /** The HTML that the page shows first. */
  readonly url: string;
  /** Program to start instead of the one that would be found. */
  readonly path?: string | undefined;
  /** `named`: without a GPU, a software adapter has to do. */
  readonly webgpu: 'no' | 'if-there' | 'named';
  /** Is given each step that undoes the start, before there is anything to undo. */
  readonly onUndo: (undo: () => Promise<unknown>) => void;
}

/**
 * Starts a browser with a profile of its own, which goes away with it.
 * @throws {PannierError} `backend-unavailable` where playwright-core or a browser is missing or does not start
 */
export async function startBrowser({ url, path, webgpu, onUndo }: StartOptions): Promise<Started> {
  const chromium = await playwright();
  const executablePath = findBrowser(path, chromium);
  const start = async (args: readonly string[]): Promise<Started> => {
    const launching = chromium.launch({
      executablePath,
      headless: true,
      args: [...ARGS, ...(webgpu === 'no' ? [] : WEBGPU), ...args],
      // Chromium's sandbox refuses to work for root, who containers often are.
      chromiumSandbox: process.getuid?.() !== 0,
      // The command closes the browser itself, with the rest.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    onUndo(async () => (await launching).close());
    const browser: Browser = await launching.catch((thrown) => {
      throw missing(`${executablePath} did not start: ${firstLine(thrown)}${whyOf(thrown)}. Is it a Chromium, Chrome or Edge?`, {
        path: executablePath,
      });
    });
    const page = await browser.newPage();
    await page.goto(url);
    return { page, name: `Chromium ${browser.version()}`, adapter: webgpu === 'no' ? undefined : await adapterOf(page) };
  };
  const software = webgpu === 'named' && !mayHaveGpu();
  const started = await start(software ? [SOFTWARE] : []);
  if (started.adapter !== undefined || webgpu !== 'named' || software) return started;
  await started.page.context().browser()?.close();
  return start([SOFTWARE]);
}

/** The first line of what playwright says: its others are the browser's log. */
export const firstLine = (thrown: unknown): string => (messageOf(thrown).split('\n')[0] as string).replace(/^(\w+\.)+\w+: |\.$/g, '');

/** The line of a browser's log that says why it would not start: no sandbox, no library. */
function whyOf(thrown: unknown): string {
  const why = messageOf(thrown).match(/\[err\] (.*(?:FATAL|error while loading|sandbox|cannot open).*)/i)?.[1];
  return why === undefined ? '' : ` (${why.slice(0, 200)})`;
}

async function playwright(): Promise<BrowserType> {
  try {
    return (await import('playwright-core')).chromium;
  } catch (thrown) {
    if ((thrown as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw thrown;
    throw missing('pannier drives a browser through playwright-core, which is not installed. Run: npm install --save-dev playwright-core', {
      package: 'playwright-core',
    });
  }
}

/** A path that was asked for, else what is installed in the usual places, else what playwright itself has installed. */
function findBrowser(asked: string | undefined, chromium: BrowserType): string {
  const said = asked ?? (process.env['PANNIER_CHROMIUM'] || undefined);
  if (said !== undefined) {
    if (isProgram(said)) return said;
    const by = asked === undefined ? 'PANNIER_CHROMIUM' : '--browser';
    throw missing(`${by} names ${said}, which is not a program. Give the path of a Chromium, Chrome or Edge.`, { path: said });
  }
  const found = places().find(isProgram) ?? [chromium.executablePath()].find(isProgram);
  if (found !== undefined) return found;
  throw missing(
    'No Chromium, Chrome or Edge is installed here. Install one (or run: npx playwright-core install chromium), or say where it is with --browser PATH or PANNIER_CHROMIUM.',
  );
}

function places(): string[] {
  const { env, platform } = process;
  if (platform === 'darwin') {
    const apps = ['Google Chrome', 'Chromium', 'Microsoft Edge'];
    const homes = ['/Applications', join(env['HOME'] ?? '/', 'Applications')];
    return homes.flatMap((home) => apps.map((app) => join(home, `${app}.app`, 'Contents', 'MacOS', app)));
  }
  if (platform === 'win32') {
    const homes = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) => env[name] ?? []);
    const apps = [
      'Google\\Chrome\\Application\\chrome.exe',
      'Chromium\\Application\\chrome.exe',
      'Microsoft\\Edge\\Application\\msedge.exe',
    ];
    return apps.flatMap((app) => homes.map((home) => join(home, app)));
  }
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return NAMES.flatMap((name) => [...folders, '/usr/bin'].map((folder) => join(folder, name)));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** On Linux a GPU is a file; elsewhere the browser has to be asked. */
function mayHaveGpu(): boolean {
  if (process.platform !== 'linux' || existsSync('/dev/nvidia0') || existsSync('/dev/dxg')) return true;
  return existsSync('/dev/dri') && readdirSync('/dev/dri').some((name) => name.startsWith('renderD'));
}

function adapterOf(page: Page): Promise<Adapter | undefined> {
  return page.evaluate(async () => {
    const info = (await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' }))?.info;
    if (info === undefined) return undefined;
    const name = [info.vendor, info.architecture, info.description].filter((part) => part !== '').join(' ') || 'unnamed';
    return { name, software: info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(name) };
  });
}

const missing = (message: string, detail: Record<string, unknown> = {}): PannierError =>
  new PannierError('backend-unavailable', message, detail);
