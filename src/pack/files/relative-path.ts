/** The paths in a model file, which name the files beside it that hold weights. */
import { describe } from '../../base/describe.js';
import { broken, textAt } from '../../formats/file-fields.js';
import { LIMITS } from '../../formats/limits.js';

/**
 * Accepts relative POSIX paths, which a file system and a browser resolve in the same way. One `./` may stand in front:
 * `model.save('downloads://…')` writes it.
 * @throws {PannierError} `model-format`
 */
export function relativePath(value: unknown, place: string): string {
  const path = textAt(value, place).replace(/^\.\//, '');
  const parts = path.split('/');
  const plain = /^[^\\%:?#]+$/.test(path) && !/\p{Cc}/u.test(path) && path.length <= LIMITS.nameBytes;
  if (!plain || parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw broken(`${place} is ${describe(path)}; a relative path inside the model's folder is wanted.`);
  }
  return path;
}
