/** What every build has to look like, on the disk and on the wire. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { filesUnder } from './app.js';

const shipped = join(import.meta.dirname, '../../dist');

/** `loadModel` with what it brings later, the picture resizer of the golden batch and the state of a model too, the manifest, a page of a few lines. */
const PAGE_BYTES = 108_000;

/**
 * Expects that nothing was asked for twice, that one worker was started, and that no script brought TF.js kernels.
 * @param urls all that a page asked for
 * @param mostBytes of all other scripts together
 */
export async function expectOneBackend(urls: readonly string[], mostBytes = PAGE_BYTES): Promise<void> {
  expect(urls).toEqual([...new Set(urls)]);
  const scripts = urls.filter((each) => new URL(each).pathname.endsWith('.js'));
  // Once more, from here: a browser keeps no bodies of what its workers fetched.
  const texts = await Promise.all(scripts.map(async (each) => (await fetch(each)).text()));
  expect(texts.filter((text) => /kernelName:/.test(text))).toEqual([]);
  expect(texts.filter(isWorker)).toHaveLength(1);
  const others = texts.filter((text) => !isWorker(text));
  expect(others.join('').length).toBeLessThan(mostBytes);
}

/** A minifier may write a worker anew, so it is known by its first message. */
const isWorker = (text: string) => /ready:\s*(!0|true)\b/.test(text);

const WASM = 'tfjs-backend-wasm-simd.wasm';

/** Eight characters or more of a hash, set off from what else is in the name of a file or its folder: a digit or a capital letter is in it. */
const HASHED = /(^|[/.-])(?=[\w-]*[\dA-Z])[\w-]{8,}(\.\w+$|\/)/;

const INLINED = /data:[\w.+-]+\/[\w.+-]+(;[\w=-]+)*,[\w+/%{]{4,}/;

/**
 * Expects of a built app that every asset, of the model and of Pannier, is one file of its own: no second copy,
 * a hash in its name, and no `data:` address in any text.
 * @param built the folder that a site serves
 * @param packed the packed model's folder
 */
export function expectAssetsOnce(built: string, packed: string): void {
  const files = [...filesUnder(built).keys()].filter((name) => !name.endsWith('.map'));
  const bodies = new Map(files.map((name) => [name, readFileSync(join(built, name))]));
  // The stamp says what the folder was packed from, and our own graph is for the packer: no page asks for them.
  const unasked = /^packed-from\.json$|^graph-[0-9a-f]{16}\.json$/;
  const assets = readdirSync(packed).filter((name) => !/\.(js|d\.ts)$/.test(name) && !unasked.test(name));
  expect(files.filter((name) => /(^|\/)graph-/.test(name))).toEqual([]);
  const originals = [...assets.map((name) => join(packed, name)), join(shipped, WASM)];
  expect(assets.length).toBeGreaterThan(2);
  for (const original of originals) {
    const bytes = readFileSync(original);
    const copies = files.filter((name) => bodies.get(name)?.equals(bytes));
    expect(copies, original).toEqual([expect.stringMatching(HASHED)]);
  }
  const workers = files.filter((name) => name.endsWith('.js') && isWorker(bodies.get(name)?.toString() ?? ''));
  expect(workers).toEqual(Array.from({ length: 4 }, () => expect.stringMatching(HASHED)));
  const inlining = files.filter((name) => /\.(js|html|css)$/.test(name) && INLINED.test(bodies.get(name)?.toString() ?? ''));
  expect(inlining).toEqual([]);
}
