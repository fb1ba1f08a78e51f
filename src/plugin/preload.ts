/** Preload links, by which a page requests the files of its models before any script runs. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import type { HtmlTagDescriptor, Rolldown } from 'vite';
import { isPacked } from './addresses.js';

/** A page of a build. */
export interface BuiltPage {
  /** Path from the root of the build, with a slash in front. */
  readonly path: string;
  readonly bundle: Rolldown.OutputBundle;
  /** The entry chunk of the page. */
  readonly chunk: Rolldown.OutputChunk;
  /** Vite's `base`. */
  readonly base: string;
}

/**
 * The links of one page.
 * @param folders folders of the models to preload if the page's scripts import them in any way; undefined for all models that the
 * scripts import statically
 */
export function preloadLinks({ path, bundle, chunk, base }: BuiltPage, folders: readonly string[] | undefined): HtmlTagDescriptor[] {
  const imported = new Set([...modulesOf(chunk, bundle, folders !== undefined)].map((id) => dirname(id)));
  const wanted = [...imported].filter((folder) => existsSync(folder) && (folders?.includes(folder) ?? true));
  const files = new Set(wanted.flatMap(filesForAll));
  const assets = Object.values(bundle).filter((output) => output.type === 'asset' && output.names.some((name) => files.has(name)));
  const address = (name: string) => (base === '' || base === './' ? posix.relative(posix.dirname(path), `/${name}`) : base + name);
  return assets.map(({ fileName }) => ({
    tag: 'link',
    // With another mode or other credentials than those of `fetch`, the browser would request a file twice.
    attrs: { rel: 'preload', as: 'fetch', crossorigin: true, href: address(fileName) },
    injectTo: 'head',
  }));
}

/** The files of a packed folder that every visitor downloads. Which of several graphs a browser opens, its features decide. */
function filesForAll(folder: string): readonly string[] {
  const packed = readdirSync(folder).filter(isPacked);
  const graphs = packed.filter((name) => !/^(?:weights|golden)-/.test(name));
  return graphs.length === 1 ? packed : packed.filter((name) => !graphs.includes(name));
}

/** Ids of the modules in a chunk and in the chunks that it imports. */
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
