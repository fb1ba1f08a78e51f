/**
 * Jest runs CommonJS, in a context of its own, and no transformer of the app's gets `import.meta` across.
 * `resolver: 'pannier/jest'` leads it to CommonJS copies of this package and of packed models, whichever
 * transformers and presets there are. Where Jest runs ES modules, all stays as it is.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cacheFile } from '../pack/cache.js';
import { badOption } from '../pack/options.js';
import { MARK } from '../pack/out/codegen.js';

/** Jest's options for a resolver, as far as they are used. */
export interface ResolverOptions {
  readonly conditions?: readonly string[];
  defaultResolver(request: string, options: ResolverOptions): string;
}

/** Entries of this package that an app's tests may reach. */
const ENTRIES: ReadonlyMap<string, string> = new Map([
  ['pannier', 'index'],
  ['pannier/read', 'read'],
  ['pannier/remote', 'remote'],
  ['pannier/drift', 'drift'],
  ['pannier/testing', 'testing'],
]);

/** Jest's `resolver`, by the name under which Jest looks for it. */
export function sync(request: string, options: ResolverOptions): string {
  if (options.conditions?.includes('import')) return options.defaultResolver(request, options);
  const entry = ENTRIES.get(request);
  if (entry !== undefined) return fileURLToPath(new URL(`./jest-${entry}.cjs`, import.meta.url));
  const path = options.defaultResolver(request, options);
  return basename(path) === 'model.js' ? commonJsOf(path) : path;
}

/** The path of a packed model's CommonJS copy; other files stay themselves. */
function commonJsOf(path: string): string {
  const source = readFileSync(path, 'utf8');
  if (!source.startsWith(MARK)) return path;
  const url = JSON.stringify(pathToFileURL(path).href);
  const code = source
    .replace(/^export default /m, 'exports.__esModule = true;\nexports.default = ')
    .replace(/^(\s*url: \(\) => new URL\('[^']*', )import\.meta\.url(?=\)\.href,$)/gm, (_all, before: string) => before + url);
  // In a `node_modules`, where neither transformers nor coverage look. One for each model: a new copy replaces the old one.
  const copy = cacheFile(path, '.cjs');
  if (copy === undefined) throw badOption(`Jest's copy of ${path} goes into a node_modules folder above it, and there is none.`);
  if (existsSync(copy) && readFileSync(copy, 'utf8') === code) return copy;
  mkdirSync(dirname(copy), { recursive: true });
  // Jest has several workers: each sees a whole file or none.
  const part = `${copy}.${randomUUID()}`;
  writeFileSync(part, code);
  renameSync(part, copy);
  return copy;
}
