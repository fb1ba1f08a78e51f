/** Refuses outputs that hold NaN or an infinity, from which an app could still make a plausible label or box. */

import { PannierError } from '../base/errors.js';
import { isAllFinite } from '../base/finite.js';
import type { RawOutput } from '../engines/engine.js';
import type { Feed } from '../preprocess/feed.js';

/**
 * Refuses an output that is not finite.
 * @param feeds the inputs of the call; the message names those that were not finite themselves
 * @throws {PannierError} `non-finite`
 */
export function ensureFinite(name: string, output: RawOutput, feeds: readonly Feed[]): void {
  if (output.finite === true || isAllFinite(output)) return;
  const values = [...output.data];
  const first = values.findIndex((value) => !Number.isFinite(value));
  const count = values.filter((value) => !Number.isFinite(value)).length;
  const names = feeds.filter((feed) => feed.kind === 'tensor' && !isAllFinite(feed)).map(({ name }) => name);
  const cause =
    names.length === 0
      ? 'None of the inputs does: the graph made them, as a division by zero or a number beyond float32 does. Look at the range of the inputs.'
      : `So does what was given for ${names.map((input) => `"${input}"`).join(', ')}: look there first.`;
  throw new PannierError(
    'non-finite',
    `Output "${name}" holds ${count} of ${values.length} values that are not finite, the first of them ${values[first]} at ${first}. ${cause} To take such answers as they are, load the model with nonFinite: 'allow'.`,
    { output: name, count, length: values.length, inputs: names },
  );
}
