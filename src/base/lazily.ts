/** Code that is downloaded when it is needed. */
import { asPannierError } from './errors.js';
import { withDeadline } from './promise.js';

/** As long as a backend may take to start, since both are downloaded side by side. */
const MAX_DOWNLOAD_MS = 60_000;

/**
 * Waits for an `import()` of one of Pannier's own files.
 * @throws {PannierError} `offline` if the file does not arrive, `timeout` if it takes longer than a minute
 */
export async function lazily<M>(load: () => Promise<M>): Promise<M> {
  try {
    return await withDeadline(load(), MAX_DOWNLOAD_MS, 'Downloading a part of Pannier');
  } catch (thrown) {
    throw asPannierError(thrown, 'offline', 'A part of Pannier did not arrive');
  }
}
