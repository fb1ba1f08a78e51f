/** A page in an installed browser that has the built library and one packed model: what each command runs in. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, type ErrorDetail, PannierError } from '../../src/base/errors.js';
import { firstLine, type Started, type StartOptions, startBrowser } from '../../src/pack/checks/browser.js';
import type { Feed } from './inputs.js';
import type { OnUndo } from './interrupted.js';
import type { Answer, PageTask } from './page.js';
import { filesOf, type Site, serve } from './serve.js';

/** The folder of this program's files, all of them as they ship. */
export const DIST = fileURLToPath(new URL('.', import.meta.url));

/** Serves the library under `/dist/`, a packed model under `/model/`, and an empty page. */
export async function serveModel(folder: string, onUndo: OnUndo): Promise<Site> {
  const [library, model] = await Promise.all([libraryFiles(), filesOf(folder, '/model/')]);
  const site = await serve([['/', new TextEncoder().encode('<!doctype html><title>pannier</title>')], ...library, ...model]);
  onUndo(() => site.close());
  return site;
}

/** The files that apps import, under `/dist/`. */
export async function libraryFiles(): Promise<[path: string, file: string][]> {
  const folders = [filesOf(DIST, '/dist/', /\.(js|wasm)$/), filesOf(join(DIST, 'worker'), '/dist/worker/', /\.js$/)];
  return (await Promise.all(folders)).flat();
}

/** Opens that page in a browser of its own. */
export const visit = (site: Site, options: Omit<StartOptions, 'url'>): Promise<Started> =>
  startBrowser({ url: `${site.url}/`, ...options });

/** Puts files where the page finds them. */
export const handOver = (feeds: readonly Feed[], site: Site): PageTask['feeds'] =>
  feeds.map((feed, index) => {
    const url = `/input/${index}`;
    site.put(url, feed.bytes);
    const { name, kind } = feed;
    return { name, url, kind, ...(kind === 'values' && { dtype: feed.dtype, shape: feed.shape }) };
  });

/** The page's answer; throws an error that happened there. */
export function settle<T>(answer: Answer<T>): T {
  if ('value' in answer) return answer.value;
  const { code, message, detail } = answer.error as { code: ErrorCode; message: string; detail: ErrorDetail };
  throw new PannierError(code, message, detail);
}

/** For `catch`: a browser that ended is told like any other failure. */
export function browserEnded(thrown: unknown): never {
  // Playwright's own errors; ours are told apart already.
  if (thrown instanceof PannierError) throw thrown;
  throw new PannierError('worker-crashed', `The browser ended before it answered: ${firstLine(thrown)}.`, {}, { cause: thrown });
}
