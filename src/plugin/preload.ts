/** Links that let a page ask for its models' files at once, before any script has run. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import type { HtmlTagDescriptor, Rolldown } from 'vite';
import { isPacked } from './addresses.js';

/** A page that was built. */
export interface BuiltPage {
  /** From the root of the build, with a slash in front. */
  readonly path: string;
  readonly bundle: Rolldown.OutputBundle;
  /** The chunk of the page's scripts. */
  readonly chunk: Rolldown.OutputChunk;
  /** Vite's `base`. */
  readonly base: string;
}

/**
 * The links of one page.
 * @param folders of the models to ask for, wherever the page's scripts import them; undefined for all that they import statically
 */
export function preloadLinks({ path, bundle, chunk, base }: BuiltPage, folders: readonly string[] | undefined): HtmlTagDescriptor[] {
  const imported = new Set([...modulesOf(chunk, bundle, folders !== undefined)].map((id) => dirname(id)));
  const wanted = [...imported].filter((folder) => existsSync(folder) && (folders?.includes(folder) ?? true));
  const files = new Set(wanted.flatMap((folder) => readdirSync(folder)).filter(isPacked));
  const assets = Object.values(bundle).filter((output) => output.type === 'asset' && output.names.some((name) => files.has(name)));
  const address = (name: string) => (base === '' || base === './' ? posix.relative(posix.dirname(path), `/${name}`) : base + name);
  return assets.map(({ fileName }) => ({
    tag: 'link',
    // As `fetch` will ask: with another mode or other credentials, the browser would ask twice.
    attrs: { rel: 'preload', as: 'fetch', crossorigin: true, href: address(fileName) },
    injectTo: 'head',
  }));
}

/** Ids of the modules in a chunk and in those that it imports. */
function modulesOf(chunk: Rolldown.OutputChunk, bundle: Rolldown.OutputBundle, dynamic: boolean, seen = new Set<string>()): Set<string> {
  const modules = new Set(chunk.moduleIds);
  for (const name of [...chunk.imports, ...(dynamic ? chunk.dynamicImports : [])]) {
    const next = bundle[name];
    if (next?.type !== 'chunk' || seen.has(name)) continue;
    seen.add(name);
    for (const id of modulesOf(next, bundle, dynamic, seen)) modules.add(id);
  }
  return modules;
}
