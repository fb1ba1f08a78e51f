/**
 * Counts the bytes of constants that are no views of the file: sparse ones with their zeros, numbers in another form, axes in another
 * order. Many tensors can name one buffer, so that a small file could ask for any number of copies.
 */
import type { Constant } from '../../../graph/graph.js';
import { broken } from '../../file-fields.js';
import { LIMITS } from '../../limits.js';

/** Counts the copies that are made of a file's bytes. @throws {PannierError} `model-format`, from the function, for too many */
export function counterOfCopies(file: Uint8Array): (constant: Constant) => void {
  const most = file.length * LIMITS.copiesOfFile + LIMITS.copyBytes;
  let copied = 0;
  return ({ value, bytes }) => {
    if (bytes.buffer === file.buffer) return;
    copied += bytes.length;
    if (copied > most)
      throw broken(`With tensor "${value.name}", the model's constants become more than ${most} bytes in memory; that is the limit.`);
  };
}
