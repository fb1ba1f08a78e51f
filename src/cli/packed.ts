/** MODEL on the command line: a packed folder, or a model.json that is packed on the way. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { messageOf, PannierError } from '../errors.js';
import { badOption } from '../pack/options.js';
import { pack } from '../pack/pack.js';
import type { Surroundings } from './interrupted.js';
import { plain } from './print.js';

/**
 * The folder of the packed model; one that was packed on the way goes away at the end.
 * @throws {PannierError} `options` where nothing is there, or what the packer says
 */
export async function packedFolder(model: string, { onUndo, status }: Surroundings): Promise<string> {
  const present = await presentFolder(model);
  if (present !== undefined) return present;
  status(`Packing ${basename(model)}`);
  const folder = await mkdtemp(join(tmpdir(), 'pannier-packed-'));
  onUndo(() => rm(folder, { recursive: true, force: true }));
  const { warnings } = await pack({ model, out: folder });
  status('');
  for (const warning of warnings) process.stderr.write(`pannier: warning: ${plain(warning)}\n`);
  return folder;
}

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
