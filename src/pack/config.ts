/** `pannier.config.mjs`: finds it, imports it, settles its paths. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, PannierError } from '../base/errors.js';
import { show } from './fields.js';
import { LIMITS } from './limits.js';
import { badOption, type PackOptions, type PannierConfig, plainCopy } from './options.js';

/** The config file's name, beside the app's package.json. */
export const CONFIG_FILE = 'pannier.config.mjs';

/** A config waits for nothing but its imports; one that awaits what never comes would wait for ever. */
export const IMPORT_LIMIT_MS = 10_000;

/** What the config's name is mistaken for: Node imports the one, and no other is looked for. */
const MISNAMED = ['js', 'ts', 'mts', 'cjs', 'cts', 'json'].map((extension) => `pannier.config.${extension}`);

/** One model of a config file. */
export interface ConfiguredModel {
  /** What the config calls it. */
  readonly key: string;
  readonly options: PackOptions;
}

/** The file in a folder that was meant to be the config, but has another name. */
export function misnamedConfig(folder: string): string | undefined {
  return existsSync(join(folder, CONFIG_FILE)) ? undefined : MISNAMED.find((name) => existsSync(join(folder, name)));
}

/** What went wrong with one model of a config, after which one it was. */
export const ofModel = (key: string, thrown: unknown): string => `models[${show(key)}]: ${messageOf(thrown)}`;

/**
 * Does something with one model of a config.
 * @throws {PannierError} as `step` does, saying which model it was
 */
export async function withModel<T>({ key, options }: ConfiguredModel, step: (options: PackOptions) => Promise<T>): Promise<T> {
  try {
    return await step(options);
  } catch (thrown) {
    if (!(thrown instanceof PannierError)) throw thrown;
    throw new PannierError(thrown.code, ofModel(key, thrown), thrown.detail, { cause: thrown });
  }
}

/**
 * Reads the options of every model in a config file, with absolute paths and names settled.
 * @throws {PannierError} `options`
 */
export async function readConfig(path: string): Promise<ConfiguredModel[]> {
  const file = resolve(path);
  if (!existsSync(file)) {
    const other = misnamedConfig(dirname(file));
    if (other !== undefined)
      throw badOption(
        `There is no ${file}, but ${other} is beside it; only ${CONFIG_FILE} is read. Rename it, and write it as JavaScript.`,
      );
    throw badOption(`There is no ${file}. Write one, or say what to pack: pannier pack MODEL_JSON --out DIR.`);
  }
  const models = modelsOf(await importConfig(file), file);
  const all = models.map(([name, options]) => {
    if (typeof options !== 'object' || options === null)
      throw badOption(`models[${show(name)}] of ${file} should be the options of one model.`);
    const paths = Object.entries(options)
      .filter(([key]) => ['model', 'out', 'goldenPicture', 'golden', 'drift'].includes(key))
      .map(([key, value]) => [key, key === 'drift' ? settleSamples(value, dirname(file)) : settlePath(value, dirname(file))]);
    return { key: name, options: { name, ...options, ...Object.fromEntries(paths) } as PackOptions };
  });
  // Before anything is packed: the second would remove what the first has written.
  const outs = new Map<string, string>();
  for (const { key, options } of all) {
    const { out } = options;
    const other = outs.get(out);
    if (out !== undefined && other !== undefined)
      throw badOption(
        `models[${show(other)}] and models[${show(key)}] of ${file} both have out: ${show(out)}; each needs a folder of its own.`,
      );
    outs.set(out, key);
  }
  return all;
}

async function importConfig(file: string): Promise<{ readonly default?: unknown }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it awaits something that did not come in ${IMPORT_LIMIT_MS / 1000} seconds`)),
      IMPORT_LIMIT_MS,
    );
  });
  try {
    // Not its default export, which would be awaited too.
    return await Promise.race([import(pathToFileURL(file).href), late]);
  } catch (thrown) {
    const line = thrown instanceof SyntaxError ? await faultyLine(file) : undefined;
    throw badOption(`${file} cannot be imported: ${messageOf(thrown)}${line === undefined ? '' : ` in line ${line}`}.`);
  } finally {
    clearTimeout(timer);
  }
}

/** Where a file is no JavaScript: an import does not say, `node --check` does. Undefined where the file is right, and another that it imports is not. */
function faultyLine(file: string): Promise<string | undefined> {
  return new Promise((settle) => {
    execFile(process.execPath, ['--check', file], { timeout: IMPORT_LIMIT_MS }, (_failed, _stdout, stderr) => {
      const [first = ''] = stderr.split('\n');
      settle(first.includes(basename(file)) ? first.match(/:(\d+)$/)?.[1] : undefined);
    });
  });
}

/** Names and options, as plain values that nothing changes any more. */
function modelsOf(module: { readonly default?: unknown }, file: string): [name: string, options: unknown][] {
  let models: unknown;
  try {
    models = (module.default as PannierConfig | null | undefined)?.models;
  } catch (thrown) {
    throw badOption(`${file} cannot be read: ${messageOf(thrown)}.`);
  }
  if (typeof models !== 'object' || models === null || Array.isArray(models))
    throw badOption(`${file} should export default defineConfig({ models: { … } }).`);
  const entries = Object.entries(plainCopy(models, `models of ${file}`));
  if (entries.length === 0) throw badOption(`${file} names no model; write models: { name: { model: 'model.json', out: 'folder' } }.`);
  if (entries.length > LIMITS.models) throw badOption(`${file} has ${entries.length} models; the limit is ${LIMITS.models}.`);
  return entries;
}

/** The samples of `drift` are paths, its output is a name. */
const settleSamples = (drift: unknown, folder: string): unknown =>
  typeof drift === 'object' && drift !== null && 'samples' in drift ? { ...drift, samples: settlePath(drift.samples, folder) } : drift;

/** Every text in a value is a path, at most three levels down, as in `golden`; whatever else is there is the packer's to refuse. */
function settlePath(value: unknown, folder: string, levels = 3): unknown {
  if (typeof value === 'string') return resolve(folder, value);
  if (typeof value !== 'object' || value === null || levels === 0) return value;
  if (Array.isArray(value)) return value.map((each) => settlePath(each, folder, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, settlePath(each, folder, levels - 1)]));
}
