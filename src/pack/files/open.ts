/** Opens files for the packer: regular files within limits. Each file is recorded, so that a plugin can watch it. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { messageOf, PannierError } from '../../base/errors.js';
import { broken } from '../../formats/file-fields.js';

/** Files by absolute path: the SHA-256 of the content, or undefined if reading failed. */
export type Reads = Map<string, string | undefined>;

const recording = new AsyncLocalStorage<Reads>();

/** Runs a step and records every file that it reads, also when the step fails, because a broken file must be watched, too. */
export const recordReads = <T>(reads: Reads, step: () => Promise<T>): Promise<T> => recording.run(reads, step);

/** Records a file before it is read, and again with the hash of its content. */
export const record = (path: string, content?: Uint8Array) =>
  recording.getStore()?.set(resolve(path), content && createHash('sha256').update(content).digest('hex'));

/** A regular file that is open, and its length in bytes. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly length: number;
}

/**
 * Opens a file inside of a folder; links that lead out of it are refused.
 * @throws {PannierError} `model-format`, naming the path
 */
export async function openInside(folder: string, path: string): Promise<OpenFile> {
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
  const { handle, length } = await openRecorded(path, what);
  return readAndClose(handle, length, path, what, most);
}

/** Opens a file that is no pipe, device or directory. */
export function openRecorded(path: string, what: string): Promise<OpenFile> {
  record(path);
  return openRegular(path, what);
}

/** Reads a whole file that is open, and closes it. */
export async function readAndClose(handle: FileHandle, length: number, path: string, what: string, most: number): Promise<Uint8Array> {
  try {
    return await readWhole({ handle, length }, path, what, most);
  } finally {
    await handle.close();
  }
}

/** Reads a whole file that is open. */
export async function readWhole({ handle, length }: OpenFile, path: string, what: string, most: number): Promise<Uint8Array> {
  if (length > most) throw broken(`${what} has ${length} bytes; the limit is ${most}.`);
  const content = new Uint8Array(length);
  await readFully(handle, content, what);
  record(path, content);
  return content;
}

async function openRegular(path: string, what: string, flags = 0): Promise<OpenFile> {
  // O_NONBLOCK: opening a pipe would wait for its other end.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | flags).catch((thrown: unknown) => {
    throw unreadable(what, thrown);
  });
  const stats = await handle.stat();
  if (stats.isFile()) return { handle, length: stats.size };
  await handle.close();
  throw broken(`${what} is not a regular file.`);
}

/** The first and the last bytes of a file that is open; both are the whole file if it has no more. */
export async function readEnds({ handle, length }: OpenFile, bytes: number, what: string): Promise<{ head: Uint8Array; tail: Uint8Array }> {
  const [head, tail] = [new Uint8Array(Math.min(bytes, length)), new Uint8Array(Math.min(bytes, length))];
  await readFully(handle, head, what);
  await readFully(handle, tail, what, length - tail.length);
  return { head, tail };
}

/** Fills an array from a file that is open. @param from the place of the first byte in the file */
export async function readFully(handle: FileHandle, into: Uint8Array, what: string, from = 0): Promise<void> {
  for (let offset = 0; offset < into.length; ) {
    const { bytesRead } = await handle.read(into, offset, into.length - offset, from + offset);
    if (bytesRead === 0) throw broken(`${what} became shorter while it was read.`);
    offset += bytesRead;
  }
}

const unreadable = (what: string, thrown: unknown) =>
  new PannierError('model-format', `${what} cannot be read: ${messageOf(thrown)}`, {}, { cause: thrown });
