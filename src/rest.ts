/** The way to what an app's first chunk does without. */
import { asPannierError } from './errors.js';

/** @throws {PannierError} `offline` */
export async function restOfPannier(): Promise<typeof import('./lazy.js')> {
  try {
    return await import('./lazy.js');
  } catch (thrown) {
    throw asPannierError(thrown, 'offline', 'A part of Pannier did not arrive');
  }
}
