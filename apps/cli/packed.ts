/** MODEL on the command line: a packed folder, a model file, or the name of a model in the config; the latter two are packed first. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { messageOf, PannierError } from '../../src/base/errors.js';
import { meant } from '../../src/base/nearest.js';
import { detectFolder } from '../../src/formats/detect.js';
import { CONFIG_FILE, type ConfiguredModel, misnamedConfig, readConfig, withModel } from '../../src/pack/config.js';
import { archivePath } from '../../src/pack/files/archive-path.js';
import { listed, missingFile, modelFilesIn, modelsIn } from '../../src/pack/files/missing.js';
import { badOption, type PackOptions } from '../../src/pack/options.js';
import type { Surroundings } from './interrupted.js';
import type { FixedInputs } from './pairs.js';
import { plain } from './print.js';
import { packUnlimited } from './unlimited.js';

/** A packed model to run or to examine. */
export interface Packed {
  readonly folder: string;
  /** The packer's message for each limit of `budget` that the model exceeds. */
  readonly overBudget: readonly string[];
}

/** The help on the flags of inputs that {@link packedModel} takes. */
export const FIXED_USAGE = '--shape NODE=1,3,224,224  --constant NODE=16000   for inputs of a model file, as pannier pack takes them';

/** The help on MODEL. */
export const MODEL_USAGE = `MODEL is a packed folder, an .onnx, .tflite, .keras or .h5 file, a model.json, or a name in ${CONFIG_FILE}`;

/** The meaning of MODEL: a packed folder, or options to pack with. */
export type Found =
  | { readonly folder: string }
  | {
      readonly folder: undefined;
      /** The entry of the config, or the path of a model file alone. */
      readonly options: Omit<PackOptions, 'out'>;
      /** Runs a step with the model, and names the model of the config in its errors. */
      readonly step: <T>(work: () => Promise<T>) => Promise<T>;
    };

/**
 * Looks for MODEL: first for a file or folder, then for a name in the config.
 * @param config path of the config that must have the name; undefined for the config in the current folder, if there is one
 * @param fixed what goes before the config's options of inputs
 * @throws {PannierError} `options` if nothing is found, or if a packed model is to have other inputs
 */
export async function findModel(model: string, config?: string, fixed: FixedInputs = {}): Promise<Found> {
  const isFixed = Object.keys(fixed).length > 0;
  const present = config === undefined ? await presentFolder(model) : undefined;
  if (present === 'file') return { folder: undefined, options: { model, ...(isFixed && { inputs: fixed }) }, step: (work) => work() };
  if (present !== undefined && isFixed) throw badOption(`--shape and --constant are for a model file, but ${model} is packed already.`);
  if (present !== undefined) return present;
  const entries = await entriesOf(config);
  const entry = entries?.find(({ key }) => key === model);
  if (entry === undefined) throw await notFound(model, config ?? CONFIG_FILE, entries);
  const given = entry.options.inputs ?? {};
  const inputs = Object.fromEntries(Object.entries(fixed).map(([node, options]) => [node, { ...given[node], ...options }]));
  const options = isFixed ? { ...entry.options, inputs: { ...given, ...inputs } } : entry.options;
  return { folder: undefined, options, step: (work) => withModel(entry, work) };
}

/**
 * Finds the packed model, or packs it into a temporary folder whatever its budget.
 * @param config path of the config that must have the name; undefined for the config in the current folder, if there is one
 * @param fixed what goes before the config's options of inputs
 * @throws {PannierError} `options` if nothing is found, and the errors of packing
 */
export async function packedModel(
  model: string,
  config: string | undefined,
  { onUndo, status }: Surroundings,
  fixed: FixedInputs = {},
): Promise<Packed> {
  const found = await findModel(model, config, fixed);
  if (found.folder !== undefined) return { folder: found.folder, overBudget: [] };
  status(`Packing ${basename(model)}`);
  const out = await mkdtemp(join(tmpdir(), 'pannier-packed-'));
  const packing = found.step(() => packUnlimited({ ...found.options, out }));
  onUndo(async () => {
    // A pack that still writes would make the folder again.
    await packing.catch(() => undefined);
    await rm(out, { recursive: true, force: true });
  });
  const { warnings, overBudget } = await packing;
  status('');
  for (const warning of warnings) process.stderr.write(`pannier: warning: ${plain(warning)}\n`);
  return { folder: out, overBudget };
}

/**
 * The folder of a packed model, `file` if MODEL is a file to pack, undefined if nothing is found.
 * @throws {PannierError} `options` for a folder that holds no packed model
 */
async function presentFolder(model: string): Promise<{ folder: string } | 'file' | undefined> {
  const found = await stat(archivePath(model).archive).catch((thrown) => {
    if (['ENOENT', 'ENOTDIR'].includes(thrown.code)) return undefined;
    throw new PannierError('options', `${model} cannot be read: ${messageOf(thrown)}.`, { file: model }, { cause: thrown });
  });
  if (found === undefined) return undefined;
  if (!found.isDirectory() && basename(model) !== 'model.js') return 'file';
  const folder = found.isDirectory() ? model : dirname(model);
  const file = await stat(join(folder, 'model.js')).catch(() => undefined);
  if (file?.isFile()) return { folder };
  // Packing says what to do with these.
  const names = await readdir(folder);
  if (['saved-model', 'tf-checkpoint', 'coreml', 'hugging-face'].includes(detectFolder(names)) || modelFilesIn(names).length > 0)
    return 'file';
  const models = modelsIn(names);
  const beside = models.length === 0 ? '' : ` It has ${listed(models)}.`;
  throw badOption(`${model} holds no model.js.${beside} ${MODEL_USAGE}.`);
}

/** The models of the config; undefined if none was named and there is none in the current folder. */
function entriesOf(config: string | undefined): Promise<ConfiguredModel[] | undefined> {
  return config === undefined && !existsSync(CONFIG_FILE) ? Promise.resolve(undefined) : readConfig(config ?? CONFIG_FILE);
}

/** The error for a MODEL that is not found: for a path, the files beside it; for a word, the names in the config. */
async function notFound(model: string, config: string, entries: readonly ConfiguredModel[] | undefined): Promise<PannierError> {
  const isPath = /[\\/]/.test(model) || extname(model) !== '';
  if (isPath) return badOption(`${await missingFile(model)} ${MODEL_USAGE}.`);
  const misnamed = misnamedConfig('.');
  if (entries === undefined) {
    const other = misnamed === undefined ? `there is no ${CONFIG_FILE} here` : `${misnamed} is here, but only ${CONFIG_FILE} is read`;
    return badOption(`There is no file or folder ${model}, and ${other}. ${MODEL_USAGE}.`);
  }
  const keys = entries.map(({ key }) => key);
  return badOption(`There is no file or folder ${model}, and ${config} has ${keys.slice(0, 20).join(', ')}.${meant(model, keys)}`);
}
