/** Finds and imports `pannier.config.mjs`, and makes its paths absolute. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe } from '../base/describe.js';
import { messageOf, PannierError } from '../base/errors.js';

import { LIMITS } from '../formats/limits.js';
import { badOption, type PackOptions, type PannierConfig, plainCopy } from './options.js';

/** The config file's name, beside the app's package.json. */
export const CONFIG_FILE = 'pannier.config.mjs';

/** A config that takes longer awaits a promise that does not settle. */
export const IMPORT_LIMIT_MS = 10_000;

/** Names that a config is given by mistake. Only {@link CONFIG_FILE} is imported. */
const MISNAMED = ['js', 'ts', 'mts', 'cjs', 'cts', 'json'].map((extension) => `pannier.config.${extension}`);

/** One model of a config file. */
export interface ConfiguredModel {
  /** The model's key in the config. */
  readonly key: string;
  readonly options: PackOptions;
}

/** A file in a folder that was probably meant to be the config, but has another name. */
export function misnamedConfig(folder: string): string | undefined {
  return existsSync(join(folder, CONFIG_FILE)) ? undefined : MISNAMED.find((name) => existsSync(join(folder, name)));
}

/** The message of an error, with the model of the config that it is about in front. */
export const ofModel = (key: string, thrown: unknown): string => `models[${describe(key)}]: ${messageOf(thrown)}`;

/**
 * Runs a step with one model of a config.
 * @throws {PannierError} the errors of `step`, with the model in their message
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
 * Reads the options of every model in a config file. Paths become absolute, and the key of a model its default name.
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
      throw badOption(`models[${describe(name)}] of ${file} should be the options of one model.`);
    const paths = Object.entries(options)
      .filter(([key]) => ['model', 'out', 'goldenPicture', 'golden', 'drift'].includes(key))
      .map(([key, value]) => [key, key === 'drift' ? absoluteSamples(value, dirname(file)) : absolutePaths(value, dirname(file))]);
    return { key: name, options: { name, ...options, ...Object.fromEntries(paths) } as PackOptions };
  });
  // The second pack would remove the files of the first.
  const outs = new Map<string, string>();
  for (const { key, options } of all) {
    const { out } = options;
    const other = outs.get(out);
    if (out !== undefined && other !== undefined)
      throw badOption(
        `models[${describe(other)}] and models[${describe(key)}] of ${file} both have out: ${describe(out)}; each needs a folder of its own.`,
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
    // Returning the default export would await it.
    return await Promise.race([import(pathToFileURL(file).href), late]);
  } catch (thrown) {
    const line = thrown instanceof SyntaxError ? await faultyLine(file) : undefined;
    throw badOption(`${file} cannot be imported: ${messageOf(thrown)}${line === undefined ? '' : ` in line ${line}`}.`);
  } finally {
    clearTimeout(timer);
  }
}

/** The line of a syntax error, which `node --check` tells and an import does not. Undefined if the error is in an imported file. */
function faultyLine(file: string): Promise<string | undefined> {
  return new Promise((resolvePromise) => {
    execFile(process.execPath, ['--check', file], { timeout: IMPORT_LIMIT_MS }, (_failed, _stdout, stderr) => {
      const [first = ''] = stderr.split('\n');
      resolvePromise(first.includes(basename(file)) ? first.match(/:(\d+)$/)?.[1] : undefined);
    });
  });
}

/** The models of a config as plain copies, by their keys. */
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

/** Makes the samples of `drift` absolute; its `output` is a name. */
const absoluteSamples = (drift: unknown, folder: string): unknown =>
  typeof drift === 'object' && drift !== null && 'samples' in drift ? { ...drift, samples: absolutePaths(drift.samples, folder) } : drift;

/** Makes every string in a value absolute, at most three levels down, as in `golden`. The packer refuses values of other kinds. */
function absolutePaths(value: unknown, folder: string, levels = 3): unknown {
  if (typeof value === 'string') return resolve(folder, value);
  if (typeof value !== 'object' || value === null || levels === 0) return value;
  if (Array.isArray(value)) return value.map((each) => absolutePaths(each, folder, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, absolutePaths(each, folder, levels - 1)]));
}
