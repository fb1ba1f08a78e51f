/** A TF.js model on disk → checked parts of a graph model. Nothing outside of the model's folder is opened. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, open, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { storedBytes } from '../engine/decode.js';
import { messageOf, PannierError } from '../errors.js';
import { arrayAt, broken, type Fields, objectAt, show, textAt } from './fields.js';
import { parseJson } from './json.js';
import { lowerLayers } from './layers/lower.js';
import { type Hints, METADATA_FILE, readMetadata } from './layers/teachable-machine.js';
import { isLayersTopology } from './layers/topology.js';
import { LIMITS } from './limits.js';
import { checkFinite, readWeightSpec, type Weight } from './weights.js';

/** What a model.json and its weight files hold. The topology is not checked yet. */
export interface ModelParts {
  /** Base name of the model.json. */
  readonly file: string;
  readonly json: Fields;
  readonly topology: Fields;
  readonly weights: readonly Weight[];
  /** What files beside the model say about its inputs and outputs; options say more. */
  readonly hints?: Hints;
}

/** Files by absolute path: the SHA-256 of what was read, or undefined where reading failed. */
export type Reads = Map<string, string | undefined>;

const recording = new AsyncLocalStorage<Reads>();

/** Runs a step and writes down every file that it reads, as far as it comes: whoever watches must know a broken file too. */
export const recordReads = <T>(reads: Reads, step: () => Promise<T>): Promise<T> => recording.run(reads, step);

const record = (path: string, content?: Uint8Array) =>
  recording.getStore()?.set(resolve(path), content && createHash('sha256').update(content).digest('hex'));

/**
 * Reads a model.json with its weight files. A Layers model comes back as the graph model that computes the same.
 * @throws {PannierError} `model-format`
 */
export async function readModel(path: string): Promise<ModelParts> {
  const file = basename(path);
  const json = objectAt(parseJson(await readRegularFile(path, file, LIMITS.jsonBytes), file), file);
  const { format } = json;
  if (format !== undefined && format !== 'graph-model' && format !== 'layers-model') {
    throw broken(
      `${file} is a ${show(format)}; a TF.js graph-model or layers-model is wanted. Convert it with tensorflowjs_converter --output_format=tfjs_graph_model.`,
    );
  }
  if (json['modelTopology'] === undefined) {
    throw broken(
      `${file} has no modelTopology: it is no TF.js model. tensorflowjs_converter --output_format=tfjs_graph_model writes one, as tf.LayersModel.save does.`,
    );
  }
  const topology = objectAt(json['modelTopology'], `${file}'s modelTopology`);
  const folder = dirname(path);
  const weights: Weight[] = [];
  const names = new Set<string>();
  let budget: number = LIMITS.weightBytes;
  for (const [index, value] of arrayAt(json['weightsManifest'], `${file}'s weightsManifest`, LIMITS.weightFiles).entries()) {
    const group = await readGroup(value, `${file}'s weightsManifest[${index}]`, folder, budget);
    for (const weight of group) {
      if (names.has(weight.name)) throw broken(`Weight "${weight.name}" occurs twice in ${file}; names must be unique.`);
      names.add(weight.name);
      checkFinite(weight);
      budget -= weight.bytes.length;
    }
    weights.push(...group);
    if (weights.length > LIMITS.tensors) throw broken(`${file} has ${weights.length} weights; the limit is ${LIMITS.tensors}.`);
  }
  if (format === 'graph-model' || (format === undefined && !isLayersTopology(topology))) return { file, json, topology, weights };
  const { inputs, outputs, ...lowered } = lowerLayers(topology, withoutOptimizer(json, weights), file);
  const metadata = await readBeside(folder, METADATA_FILE);
  const hints = metadata && readMetadata(metadata, inputs, outputs);
  return { file, json: { signature: lowered.signature }, topology: lowered.topology, weights: lowered.weights, ...(hints && { hints }) };
}

/** `save({ includeOptimizer: true })` adds what only training needs. */
function withoutOptimizer(json: Fields, weights: readonly Weight[]): Weight[] {
  const specs = (json['weightsManifest'] as { weights: Fields[] }[]).flatMap((group) => group.weights);
  return weights.filter((_, index) => specs[index]?.['group'] !== 'optimizer');
}

/** A JSON file in the model's folder that need not be there. */
async function readBeside(folder: string, name: string): Promise<Fields | undefined> {
  const path = join(folder, name);
  record(path);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return undefined;
  const { handle, length } = await openInside(folder, name);
  return objectAt(parseJson(await readAndClose(handle, length, path, name, LIMITS.jsonBytes), name), name);
}

/** One group: the files' bytes, end to end, are the weights' bytes, without a hole or a tail. */
async function readGroup(value: unknown, place: string, folder: string, budget: number): Promise<Weight[]> {
  const group = objectAt(value, place);
  const specs = arrayAt(group['weights'], `${place}.weights`, LIMITS.tensors).map((spec, index) =>
    readWeightSpec(spec, `${place}.weights[${index}]`),
  );
  const paths = arrayAt(group['paths'], `${place}.paths`, LIMITS.weightFiles).map((path, index) =>
    checkPath(path, `${place}.paths[${index}]`),
  );
  const wanted = specs.reduce((sum, spec) => sum + storedBytes(spec), 0);
  if (wanted > budget) throw broken(`The weights take more than ${LIMITS.weightBytes} bytes; that is the limit.`);

  const opened: { path: string; handle: FileHandle; length: number }[] = [];
  try {
    for (const path of paths) opened.push({ path, ...(await openInside(folder, path)) });
    const got = opened.reduce((sum, { length }) => sum + length, 0);
    if (got !== wanted) {
      throw broken(
        `${paths.join(', ')} should have ${wanted} bytes, the sum of its ${specs.length} weights, but has ${got}. Is the file cut, or from another export?`,
      );
    }
    const bytes = new Uint8Array(wanted);
    let offset = 0;
    for (const { path, handle, length } of opened) {
      const part = bytes.subarray(offset, offset + length);
      await readFully(handle, part, path);
      record(join(folder, path), part);
      offset += length;
    }
    let end = 0;
    return specs.map((spec) => {
      const start = end;
      end += storedBytes(spec);
      return { ...spec, bytes: bytes.subarray(start, end) };
    });
  } finally {
    await Promise.all(opened.map(({ handle }) => handle.close()));
  }
}

/** Relative POSIX paths only, the same ones for a file system as for a browser that resolves them. */
function checkPath(value: unknown, place: string): string {
  const path = textAt(value, place);
  const parts = path.split('/');
  const plain = /^[^\\%:?#]+$/.test(path) && !/\p{Cc}/u.test(path) && path.length <= LIMITS.nameBytes;
  if (!plain || parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw broken(`${place} is ${show(path)}; a relative path inside the model's folder is wanted.`);
  }
  return path;
}

async function openInside(folder: string, path: string): Promise<{ handle: FileHandle; length: number }> {
  const full = join(folder, path);
  record(full);
  const root = await realpath(folder);
  const real = await realpath(full).catch((thrown: unknown) => {
    throw unreadable(path, thrown);
  });
  if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw broken(`${path} leads out of the model's folder, to ${real}; copy it there.`);
  }
  return openRegular(real, path, constants.O_NOFOLLOW);
}

/** Reads a whole file that is no pipe, device or directory. */
export async function readRegularFile(path: string, what: string, most: number): Promise<Uint8Array> {
  record(path);
  const { handle, length } = await openRegular(path, what);
  return readAndClose(handle, length, path, what, most);
}

async function readAndClose(handle: FileHandle, length: number, path: string, what: string, most: number): Promise<Uint8Array> {
  try {
    if (length > most) throw broken(`${what} has ${length} bytes; the limit is ${most}.`);
    const content = new Uint8Array(length);
    await readFully(handle, content, what);
    record(path, content);
    return content;
  } finally {
    await handle.close();
  }
}

async function openRegular(path: string, what: string, flags = 0): Promise<{ handle: FileHandle; length: number }> {
  // O_NONBLOCK: opening a pipe would wait for its other end.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | flags).catch((thrown: unknown) => {
    throw unreadable(what, thrown);
  });
  const stats = await handle.stat();
  if (stats.isFile()) return { handle, length: stats.size };
  await handle.close();
  throw broken(`${what} is not a regular file.`);
}

async function readFully(handle: FileHandle, into: Uint8Array, what: string): Promise<void> {
  for (let offset = 0; offset < into.length; ) {
    const { bytesRead } = await handle.read(into, offset, into.length - offset, offset);
    if (bytesRead === 0) throw broken(`${what} became shorter while it was read.`);
    offset += bytesRead;
  }
}

const unreadable = (what: string, thrown: unknown) =>
  new PannierError('model-format', `${what} cannot be read: ${messageOf(thrown)}`, {}, { cause: thrown });
