/** The files beside a model.json, on the disk or in a zip archive. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { broken } from '../../formats/file-fields.js';
import { openInside, readEnds, readFully, record } from './open.js';

/** A file that is open. */
export interface FolderFile {
  readonly length: number;
  /** Fills an array of the file's length. */
  read(into: Uint8Array): Promise<void>;
  /** The first and the last bytes, as many as there are. */
  ends(bytes: number): Promise<{ readonly head: Uint8Array; readonly tail: Uint8Array }>;
  close(): Promise<void>;
}

/** A folder, none of whose files lies outside of it. */
export interface ModelFolder {
  /** @throws {PannierError} `model-format`, naming the path, if there is no such file */
  open(path: string): Promise<FolderFile>;
  has(path: string): Promise<boolean>;
}

/** A folder on the disk. Each file is recorded, and so is one that is looked for in vain. */
export const folderOnDisk = (folder: string): ModelFolder => ({
  async open(path) {
    const opened = await openInside(folder, path);
    return {
      length: opened.length,
      read: async (into) => {
        await readFully(opened.handle, into, path);
        record(join(folder, path), into);
      },
      ends: (bytes) => readEnds(opened, bytes, path),
      close: () => opened.handle.close(),
    };
  },
  has: (path) => {
    record(join(folder, path));
    return access(join(folder, path)).then(
      () => true,
      () => false,
    );
  },
});

/** A folder of a zip archive. @param files by their names in the archive @param folder ends with `/`, but for the outermost one */
export const folderInZip = (files: ReadonlyMap<string, Uint8Array>, folder: string, archive: string): ModelFolder => ({
  async open(path) {
    const bytes = files.get(folder + path);
    if (bytes === undefined) throw broken(`${archive} has no ${folder}${path}, where its model.json looks for weights.`);
    return {
      length: bytes.length,
      read: async (into) => into.set(bytes),
      ends: async (count) => ({ head: bytes.subarray(0, count), tail: bytes.subarray(Math.max(0, bytes.length - count)) }),
      close: async () => undefined,
    };
  },
  has: async (path) => files.has(folder + path),
});
