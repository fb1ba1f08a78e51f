/** Reads files of a zip archive. Their sizes are checked before anything is inflated, so that no small archive becomes a large one. */
import { type UnzipFileInfo, unzipSync } from 'fflate';
import { messageOf, PannierError } from '../base/errors.js';
import { broken } from './file-fields.js';
import { LIMITS } from './limits.js';

/** Files that an archive may list. */
const MAX_FILES = 20_000;

/**
 * Reads those files of an archive that are wanted.
 * @param file its name, for messages
 * @param isWanted says it of the name of a file, which may have folders in front
 * @throws {PannierError} `model-format` if it is broken, or if its files are larger than the limit
 */
export function readZip(bytes: Uint8Array, file: string, isWanted: (name: string) => boolean): ReadonlyMap<string, Uint8Array> {
  const most = bytes.length * LIMITS.expansion + LIMITS.expansionBytes;
  const sizes = new Map<string, number>();
  let [count, total] = [0, 0];
  const filter = ({ name, size, originalSize, compression }: UnzipFileInfo): boolean => {
    if (++count > MAX_FILES) throw broken(`${file} lists more than ${MAX_FILES} files; that is the limit.`);
    // Messages name files, and a terminal acts on some characters: no model has these in a name.
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name) || !isWanted(name)) return false;
    total += Math.max(size, originalSize);
    if (total > most) throw broken(`${file} expands to more than ${most} bytes; that is the limit.`);
    if (sizes.has(name) || (compression === 0 && size !== originalSize))
      throw broken(`${file} is a broken zip archive: it lists a file twice, or with two sizes.`);
    sizes.set(name, originalSize);
    return true;
  };
  let files: Readonly<Record<string, Uint8Array>>;
  try {
    files = unzipSync(bytes, { filter });
  } catch (thrown) {
    if (thrown instanceof PannierError) throw thrown;
    throw broken(`${file} is a broken zip archive: ${messageOf(thrown)}. Was its download or copy cut short?`);
  }
  for (const [name, size] of sizes)
    if (files[name]?.length !== size)
      throw broken(`${file} is a broken zip archive: a file in it has not the size that it lists. Was its download or copy cut short?`);
  return new Map(Object.entries(files));
}
