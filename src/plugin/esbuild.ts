/**
 * `pannier/esbuild`. esbuild does not follow `new URL(…, import.meta.url)`, and without `splitting` it puts every import into one
 * script, all backends among them. So the files of the package are not bundled: they are copied beside the app's scripts, and
 * imports lead there.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { BuildOptions, BuildResult, PartialMessage, Plugin } from 'esbuild';
import { isShipped, replaceAddresses } from './addresses.js';
import { checkPluginOptions, type PluginOptions } from './options.js';
import { type Outcome, Packing } from './packing.js';
import { readEntry, type ShippedEntry } from './shipped.js';

export type { PluginOptions } from './options.js';

/** Namespaces of this plugin. */
const FILE = 'pannier-file';
const COPY = 'pannier-copy';

/**
 * The plugin for esbuild. When a build starts it packs the models of `pannier.config.mjs` whose options or source files have
 * changed; a model that cannot be packed fails the build, and in a watch only warns. It puts the files of packed models and of
 * Pannier beside the app's scripts. Requires `format: 'esm'`.
 * @throws {PannierError} `options` for an option that it does not take
 */
export function pannier(options: PluginOptions = {}): Plugin {
  checkPluginOptions(options);
  return {
    name: 'pannier',
    setup(build) {
      const { initialOptions } = build;
      const root = resolve(initialOptions.absWorkingDir ?? '.');
      const packing = new Packing(options, root);
      const copies = new Map<string, ShippedEntry>();
      let sources: string[] = [];
      let isFirst = true;
      initialOptions.metafile = true;

      build.onStart(async () => {
        if (formatOf(initialOptions) !== 'esm')
          return { errors: [{ text: "format: 'esm' is wanted: other formats have no import.meta.url." }] };
        const outcome = await packing.pack((line) => {
          if (initialOptions.logLevel !== 'silent') process.stderr.write(`[pannier] ${line}\n`);
        });
        sources = [...outcome.sources];
        const told = messagesOf(outcome, isFirst);
        isFirst = false;
        return told;
      });

      build.onResolve({ filter: /^pannier(\/|$)/ }, async ({ path, pluginData, ...from }) => {
        if (pluginData === COPY) return undefined;
        const found = await build.resolve(path, { ...from, pluginData: COPY });
        // Node resolves the package itself.
        if (initialOptions.platform === 'node') return { path, external: true };
        if (found.errors.length > 0 || !isShipped(found.path)) return found;
        return { path: found.path, namespace: COPY, watchFiles: sources };
      });
      build.onLoad({ filter: /./, namespace: COPY }, async ({ path }) => {
        const entry = await readEntry(dirname(path), basename(path));
        copies.set(path, entry);
        return { contents: entry.text, loader: 'copy' };
      });
      build.onEnd((result) => putBeside(result, copies, root, initialOptions));

      build.onLoad({ filter: /[\\/]model\.js$/ }, async ({ path }) => {
        const imports: string[] = [];
        const contents = replaceAddresses(await readFile(path, 'utf8'), path, ({ name }) => {
          const variable = `$pannier${imports.length}`;
          imports.push(`import ${variable} from${JSON.stringify(`${FILE}:${name}`)};`);
          return `new URL(${variable}, import.meta.url)`;
        });
        return contents === undefined ? undefined : { contents: imports.join('') + contents, watchFiles: sources };
      });
      build.onResolve({ filter: new RegExp(`^${FILE}:`) }, ({ path, importer }) => ({
        path: join(dirname(importer), path.slice(FILE.length + 1)),
        namespace: FILE,
      }));
      build.onLoad({ filter: /./, namespace: FILE }, async ({ path }) => ({ contents: await readFile(path), loader: 'file' }));
    },
  };
}

const formatOf = ({ format, platform = 'browser' }: BuildOptions): string =>
  format ?? { browser: 'iife', node: 'cjs', neutral: 'esm' }[platform];

/** Failures of the first pack end a build. Later ones occur in a watch, which goes on with the models that were packed before. */
function messagesOf({ failures, warnings }: Outcome, isFirst: boolean): { errors: PartialMessage[]; warnings: PartialMessage[] } {
  const texts = (lines: readonly string[]) => lines.map((text) => ({ text }));
  return isFirst ? { errors: texts(failures), warnings: texts(warnings) } : { errors: [], warnings: texts([...warnings, ...failures]) };
}

/** Writes the files of the package beside each script that replaces one of its entries. */
async function putBeside(
  result: BuildResult,
  copies: ReadonlyMap<string, ShippedEntry>,
  root: string,
  { write = true }: BuildOptions,
): Promise<void> {
  const files = new Map<string, Uint8Array>();
  for (const [output, { inputs }] of Object.entries(result.metafile?.outputs ?? {})) {
    for (const input of Object.keys(inputs)) {
      const entry = input.startsWith(`${COPY}:`) ? copies.get(input.slice(COPY.length + 1)) : undefined;
      for (const [name, content] of entry?.files ?? []) files.set(join(root, dirname(output), name), content);
    }
  }
  for (const [path, contents] of files) {
    if (write) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, contents);
    } else result.outputFiles?.push({ path, contents, hash: '', text: new TextDecoder().decode(contents) });
  }
}
