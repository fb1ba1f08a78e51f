/** The check that options are ones that there are: a misspelt one would be as good as none, and nobody would hear of it. */
import { PannierError } from './errors.js';

/**
 * Checks the names of options, and that `signal`, which every call takes, is one.
 * @throws {PannierError} `options`, naming the option
 */
export function checkKnown(call: string, options: object, known: readonly string[]): void {
  const refuse = (problem: string) => {
    throw new PannierError('options', `${call}${problem}.`);
  };
  if (typeof options !== 'object' || options === null) refuse(` takes an object of options, but got ${String(options)}`);
  for (const name of Object.keys(options)) if (!known.includes(name)) refuse(` has no option "${name}"; it takes ${known.join(', ')}`);
  const { signal } = options as { signal?: AbortSignal };
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function')
    refuse(`'s option signal should be an AbortSignal, but is ${Object.prototype.toString.call(signal).slice(8, -1)}`);
}
