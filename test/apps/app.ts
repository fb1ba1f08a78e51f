/** A small app as a user has it: a folder of its own, Pannier installed from the tarball that would be published. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { expect } from 'vitest';
import { addModel, type RawModel, writeModel } from '../fixtures/models.js';
import { type Complaints, complaintsOf, openPage } from '../harness/browser.js';

const root = resolve(import.meta.dirname, '../..');

/** In the project, so that an app finds bundlers and frameworks in the project's `node_modules`. */
const APPS = join(root, '.cache', 'apps');

/** What the apps' model answers to 1, 2, 3, 4; only a graph that ran gives it. */
export const ANSWER = '11 22 33 44';

/** y = x + [10, 20, 30, 40]: packed, each of its files is around 1 kB, which bundlers like to inline. */
export const appModel = (): RawModel => addModel([1, 4], Float32Array.of(10, 20, 30, 40));

/** A function that loads the model, predicts once and shows the answer, or else the error, in an `<output>`. */
export const SHOW = `
import { loadModel } from 'pannier';
import add from './models/add/model.js';

async function show(output) {
  try {
    const model = await loadModel(add);
    const { outputs } = await model.predict({ x: Float32Array.of(1, 2, 3, 4) });
    output.dataset.where = model.backend + ' in ' + model.thread;
    output.dataset.notes = model.notes.map(({ code, message }) => code + ': ' + message).join();
    output.value = outputs.sumY.data.join(' ');
  } catch (error) {
    output.value = error.code + ': ' + error.message;
  }
}
`;

/** What an app does. */
export const MAIN = `${SHOW}
show(document.querySelector('output'));
`;

/** A page for {@link MAIN}. */
export const indexHtml = (script: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>An app</title></head><body><output></output><script type="module" src="${script}"></script></body></html>`;

/** What the plugins and the terminal pack `src/models/add` by. */
export const CONFIG = `
import { defineConfig } from 'pannier/pack';
export default defineConfig({ models: { add: { model: 'training/model.json', out: 'src/models/add' } } });
`;

export interface Folder {
  /** Absolute path. */
  readonly folder: string;
  /** Writes a file, with the folders on its way. */
  write(path: string, text: string | Uint8Array): void;
  /** Runs a program there with Node and expects that it ends well. @returns what it printed */
  node(script: string, ...args: string[]): string;
}

export interface App extends Folder {
  /** Runs `npx pannier pack`. */
  pack(): void;
}

/**
 * `npm pack` of what is built, once for a run of Vitest. Its process is the parent of every test file's; two files may get
 * here at the same time, and then the first one's tarball counts.
 */
export function packedTarball(): string {
  const out = join(APPS, `tarball-${process.ppid}`);
  if (!existsSync(out)) {
    mkdirSync(APPS, { recursive: true });
    for (const name of readdirSync(APPS)) if (isLeftOver(name)) rmSync(join(APPS, name), { recursive: true, force: true });
    const packing = mkdtempSync(join(APPS, `packing-${process.pid}-`));
    run(root, 'npm', 'pack', '--ignore-scripts', '--pack-destination', packing);
    try {
      renameSync(packing, out);
    } catch {
      rmSync(packing, { recursive: true });
    }
  }
  return join(out, readdirSync(out)[0] as string);
}

/** Whether a tarball's folder belongs to a process that has ended. */
function isLeftOver(name: string): boolean {
  const [, pid] = name.match(/^(?:tarball|packing)-(\d+)/) ?? [];
  if (pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch {
    return true;
  }
}

type Files = Readonly<Record<string, string | Uint8Array>>;

/** Makes a folder anew. @param files by path */
export function makeFolder(name: string, files: Files): Folder {
  const folder = join(APPS, name);
  rmSync(folder, { recursive: true, force: true });
  const write = (path: string, text: string | Uint8Array) => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  return { folder, write, node: (script, ...args) => run(folder, process.execPath, script, ...args) };
}

/**
 * Makes an app anew, with Pannier installed in its `node_modules` and the raw model in `training/`.
 * @param files by path; `package.json` has a default
 */
export function makeApp(name: string, files: Files = {}): App {
  const made = makeFolder(name, { 'package.json': JSON.stringify({ name, private: true, type: 'module' }), ...files });
  const { folder, node } = made;
  writeModel(appModel(), join(folder, 'training'));
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  run(folder, 'tar', '-xzf', packedTarball(), '-C', join(folder, 'node_modules'));
  renameSync(join(folder, 'node_modules/package'), join(folder, 'node_modules/pannier'));
  return { ...made, pack: () => void node('node_modules/pannier/dist/cli.js', 'pack') };
}

function run(cwd: string, program: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8', env: { ...process.env, FORCE_COLOR: '0' } });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} in ${cwd} failed: ${error ?? ''}${stdout}${stderr}`);
  return stdout;
}

/** Every file under a folder, with its bytes. */
export function filesUnder(folder: string): ReadonlyMap<string, number> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.map((name): [string, number] => [name.replaceAll('\\', '/'), statSync(join(folder, name)).size]);
  return new Map(files.filter(([name]) => statSync(join(folder, name)).isFile()));
}

/**
 * Opens a built app and expects the model's answer, from a worker, with nothing to complain of.
 * @returns the address of everything that was asked for, in order
 */
export async function expectAnswer(browser: Browser, url: string, quiet: Partial<Complaints> = {}): Promise<readonly string[]> {
  const context = await browser.newContext();
  const urls: string[] = [];
  context.on('request', (request) => request.url().endsWith('/favicon.ico') || urls.push(request.url()));
  const page = await openPage(context, url);
  await page.waitForFunction(() => document.querySelector('output')?.value !== '');
  const shown = await page.$eval('output', ({ value, dataset }) => ({ value, ...dataset }));
  const complaints = await complaintsOf(page);
  expect({ shown, ...complaints }).toEqual({
    shown: { value: ANSWER, where: 'wasm in worker', notes: '' },
    ...{ violations: [], consoleErrors: [], pageErrors: [], ...quiet },
  });
  await context.close();
  return urls;
}
