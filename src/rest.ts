/** The way to what an app's first chunk does without. */
import { asPannierError } from './base/errors.js';
import { withDeadline } from './base/promise.js';

/** As long as a backend may take, which is downloaded beside it. */
const LIMIT_MS = 60_000;

/** @throws {PannierError} `offline`, `timeout` */
export async function restOfPannier(): Promise<typeof import('./lazy.js')> {
  try {
    return await withDeadline(import('./lazy.js'), LIMIT_MS, 'The download of a part of Pannier');
  } catch (thrown) {
    throw asPannierError(thrown, 'offline', 'A part of Pannier did not arrive');
  }
}
