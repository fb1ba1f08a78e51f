/** Errors of what computes as errors of Pannier. */
import { asPannierError, messageOf, type PannierError } from '../base/errors.js';

/** Messages of browsers and of Emscripten when memory runs out, for which no error class exists. */
const OUT_OF_MEMORY =
  /out of memory|\bOOM\b|allocation failed|Invalid (typed )?array length|memory access out of bounds|createBuffer failed/i;

export const failedAs = (thrown: unknown, context: string): PannierError =>
  asPannierError(thrown, OUT_OF_MEMORY.test(messageOf(thrown)) ? 'out-of-memory' : 'predict', context);

export function orFailed<T>(context: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw failedAs(thrown, context);
  }
}
