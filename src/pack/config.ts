/** `pannier.config.mjs`: finds it, imports it, settles its paths. */
import { access } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../errors.js';
import { badOption, type PackOptions, type PannierConfig } from './options.js';

/** The config file's name, beside the app's package.json. */
export const CONFIG_FILE = 'pannier.config.mjs';

/**
 * Reads the options of every model in a config file, with absolute paths and names settled.
 * @throws {PannierError} `options`
 */
export async function readConfig(path: string): Promise<PackOptions[]> {
  const file = resolve(path);
  await access(file).catch(() => {
    throw badOption(`There is no ${file}. Write one, or say what to pack: pannier pack MODEL_JSON --out DIR.`);
  });
  let config: PannierConfig | undefined;
  try {
    config = (await import(pathToFileURL(file).href)).default;
  } catch (thrown) {
    throw badOption(`${file} cannot be imported: ${messageOf(thrown)}.`);
  }
  const models = config?.models;
  if (typeof models !== 'object' || models === null) throw badOption(`${file} should export default defineConfig({ models: { … } }).`);
  const inFolder = (value: unknown) => settlePath(value, dirname(file));
  return Object.entries(models).map(([name, options]) => {
    if (typeof options !== 'object' || options === null) throw badOption(`models.${name} of ${file} should be the options of one model.`);
    const paths = Object.fromEntries(
      ['model', 'out', 'goldenPicture', 'golden']
        .filter((key) => key in options)
        .map((key) => [key, inFolder(options[key as keyof PackOptions])]),
    );
    return { name, ...options, ...paths };
  });
}

/** Every text in a value is a path, at most three levels down, as in `golden`; whatever else is there is the packer's to refuse. */
function settlePath(value: unknown, folder: string, levels = 3): unknown {
  if (typeof value === 'string') return resolve(folder, value);
  if (typeof value !== 'object' || value === null || levels === 0) return value;
  if (Array.isArray(value)) return value.map((each) => settlePath(each, folder, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, settlePath(each, folder, levels - 1)]));
}
