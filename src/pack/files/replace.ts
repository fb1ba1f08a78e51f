/** Replaces a file at once. */
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file beside its place, and then moves it there, so that a reader never sees a part of it.
 * @param fill appends the file's bytes
 */
export async function replaceFile(path: string, fill: (append: (bytes: Uint8Array) => Promise<void>) => Promise<void>): Promise<void> {
  const unfinished = join(dirname(path), `.pannier-${process.pid}-${basename(path)}.tmp`);
  try {
    const handle = await open(unfinished, 'w');
    try {
      await fill((bytes) => handle.writeFile(bytes));
      // Without `sync`, a power cut could leave the new name on an empty file.
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, path);
  } catch (thrown) {
    await rm(unfinished, { force: true });
    throw thrown;
  }
}
