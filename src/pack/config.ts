/** `pannier.config.mjs`: finds it, imports it, settles its paths. */
import { access } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../errors.js';
import { show } from './fields.js';
import { LIMITS } from './limits.js';
import { badOption, type PackOptions, type PannierConfig, plainCopy } from './options.js';

/** The config file's name, beside the app's package.json. */
export const CONFIG_FILE = 'pannier.config.mjs';

/** A config waits for nothing but its imports; one that awaits what never comes would wait for ever. */
export const IMPORT_LIMIT_MS = 10_000;

/**
 * Reads the options of every model in a config file, with absolute paths and names settled.
 * @throws {PannierError} `options`
 */
export async function readConfig(path: string): Promise<PackOptions[]> {
  const file = resolve(path);
  await access(file).catch(() => {
    throw badOption(`There is no ${file}. Write one, or say what to pack: pannier pack MODEL_JSON --out DIR.`);
  });
  const models = modelsOf(await importConfig(file), file);
  const all = models.map(([name, options]) => {
    if (typeof options !== 'object' || options === null)
      throw badOption(`models[${show(name)}] of ${file} should be the options of one model.`);
    const paths = Object.entries(options)
      .filter(([key]) => ['model', 'out', 'goldenPicture', 'golden'].includes(key))
      .map(([key, value]) => [key, settlePath(value, dirname(file))]);
    return { name, ...options, ...Object.fromEntries(paths) } as PackOptions;
  });
  // Before anything is packed: the second would remove what the first has written.
  const outs = new Map<string, string>();
  for (const [index, { out }] of all.entries()) {
    const [name = ''] = models[index] ?? [];
    const other = outs.get(out);
    if (other !== undefined)
      throw badOption(
        `models[${show(other)}] and models[${show(name)}] of ${file} both have out: ${show(out)}; each needs a folder of its own.`,
      );
    outs.set(out, name);
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
    throw badOption(`${file} cannot be imported: ${messageOf(thrown)}.`);
  } finally {
    clearTimeout(timer);
  }
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

/** Every text in a value is a path, at most three levels down, as in `golden`; whatever else is there is the packer's to refuse. */
function settlePath(value: unknown, folder: string, levels = 3): unknown {
  if (typeof value === 'string') return resolve(folder, value);
  if (typeof value !== 'object' || value === null || levels === 0) return value;
  if (Array.isArray(value)) return value.map((each) => settlePath(each, folder, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, settlePath(each, folder, levels - 1)]));
}
