/** MODEL on the command line: a packed folder, or a model.json or an entry of the config that is packed on the way. */
import { access, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { messageOf, PannierError } from '../errors.js';
import { CONFIG_FILE, readConfig } from '../pack/config.js';
import { badOption, type PackOptions } from '../pack/options.js';
import type { Surroundings } from './interrupted.js';
import { plain } from './print.js';
import { packUnlimited } from './unlimited.js';

/** A packed model to run or to examine. */
export interface Packed {
  readonly folder: string;
  /** The packer's words on each limit of the config's `budget` that the model is over. */
  readonly overBudget: readonly string[];
}

/**
 * The packed model; one that was packed on the way, whatever its budget, goes away at the end.
 * @param config of which MODEL may name an entry; undefined for the one that is here, if any
 * @throws {PannierError} `options` where nothing is there, or what the packer says
 */
export async function packedModel(model: string, config: string | undefined, { onUndo, status }: Surroundings): Promise<Packed> {
  const configured = config === undefined && (await isThere(model)) ? undefined : await entryOf(model, config);
  const present = configured === undefined ? await presentFolder(model) : undefined;
  if (present !== undefined) return { folder: present, overBudget: [] };
  status(`Packing ${basename(model)}`);
  const out = await mkdtemp(join(tmpdir(), 'pannier-packed-'));
  onUndo(() => rm(out, { recursive: true, force: true }));
  const { warnings, overBudget } = await packUnlimited({ ...(configured ?? { model }), out });
  status('');
  for (const warning of warnings) process.stderr.write(`pannier: warning: ${plain(warning)}\n`);
  return { folder: out, overBudget };
}

/** What a config says of the model that it calls by this name. */
async function entryOf(name: string, config: string | undefined): Promise<PackOptions | undefined> {
  const entries = config !== undefined || (await isThere(CONFIG_FILE)) ? await readConfig(config ?? CONFIG_FILE) : [];
  const entry = entries.find((each) => each.name === name);
  if (entry !== undefined || config === undefined) return entry;
  throw badOption(`${config} has no model "${name}". Its models are ${entries.map((each) => each.name).join(', ')}.`);
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * The folder of a model that is packed already; undefined where MODEL is a file to pack.
 * @throws {PannierError} `options` where nothing is there
 */
export async function presentFolder(model: string): Promise<string | undefined> {
  const found = await stat(model).catch((thrown) => {
    throw new PannierError('options', `${model} cannot be read: ${messageOf(thrown)}.`, { file: model }, { cause: thrown });
  });
  if (!found.isDirectory() && basename(model) !== 'model.js') return undefined;
  const folder = found.isDirectory() ? model : dirname(model);
  const file = await stat(join(folder, 'model.js')).catch(() => undefined);
  if (file?.isFile()) return folder;
  throw badOption(`${model} holds no model.js. MODEL is a folder that pannier pack has written, or a model.json.`);
}
