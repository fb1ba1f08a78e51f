/** Files that options name: pictures and arrays. */
import { messageOf } from '../../base/errors.js';
import { badOption } from '../options.js';
import { readRegularFile } from './open.js';

/**
 * Reads a whole file.
 * @param what names it in messages
 * @throws {PannierError} `options` if it is no regular file, cannot be read or has more than `most` bytes
 */
export async function readOptionFile(path: string, what: string, most: number): Promise<Buffer> {
  try {
    return Buffer.from(await readRegularFile(path, what, most));
  } catch (thrown) {
    throw badOption(messageOf(thrown));
  }
}
