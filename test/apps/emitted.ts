/** What every bundler's output has to look like. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseAst } from 'rollup/parseAst';
import { expect } from 'vitest';
import { type App, filesUnder } from './app.js';

/** What an app's page may load before it knows its backend: `loadModel`, the manifest, the app. */
const MOST_BYTES = 45_000;

/**
 * Expects of a build's folder: each file of the model, each worker and the wasm file lies there, whole, once, with
 * a hash in its name; nothing is in a `data:` address; what the entry imports holds neither weights nor a backend.
 * @param out what the bundler wrote, within the app
 * @param entry the script that the page starts with, within `out`
 */
export function expectEmitted({ folder }: App, out: string, entry: RegExp): void {
  const built = join(folder, out);
  const names = [...filesUnder(built).keys()];
  const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
  const emitted = names.map((name) => ({ name, sha256: digest(join(built, name)) }));
  const packed = join(folder, 'src/models/add');
  const shipped = join(folder, 'node_modules/pannier/dist');
  const assets = readdirSync(packed).filter((name) => /^(graph|weights|golden)-/.test(name));
  expect(assets).toHaveLength(3);
  const wanted = [
    ...assets.map((name) => join(packed, name)),
    ...['worker/webgpu.js', 'worker/wasm.js', 'worker/cpu.js', 'tfjs-backend-wasm-simd.wasm'].map((name) => join(shipped, name)),
  ];
  for (const path of wanted) {
    const found = emitted.filter(({ sha256 }) => sha256 === digest(path));
    expect(found, basename(path)).toHaveLength(1);
    expect(found[0]?.name).toMatch(/[0-9a-f]{16}/);
  }
  const twice = emitted.filter(({ sha256 }, index) => emitted.findIndex((each) => each.sha256 === sha256) !== index);
  expect(twice).toEqual([]);
  const scripts = names.filter((name) => name.endsWith('.js'));
  for (const name of scripts) {
    const text = readFileSync(join(built, name), 'utf8');
    expect(text.match(/['"`]data:\w+\/[\w.+-]+(;[\w=-]+)*,[\w+/%]{4,}/)?.[0], name).toBeUndefined();
  }
  const atOnce = staticImports(join(built, scripts.find((name) => entry.test(name)) as string));
  const texts = [...atOnce].map((path) => readFileSync(path, 'utf8'));
  expect(texts.map((text) => text.match(/createComputePipeline|_emscripten|registerBackend/)?.[0])).toEqual(texts.map(() => undefined));
  expect(texts.join('').length).toBeLessThan(MOST_BYTES);
}

/** A script and what it imports, not by `import()`, and so on. */
function staticImports(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const statement of parseAst(readFileSync(path, 'utf8')).body) {
    const source = 'source' in statement ? statement.source?.value : undefined;
    if (typeof source === 'string') staticImports(join(dirname(path), source), found);
  }
  return found;
}
