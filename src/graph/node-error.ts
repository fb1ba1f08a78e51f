/** The error about a node: it names the node as the model file does. */
import { PannierError } from '../base/errors.js';
import type { Origin } from './graph.js';

/**
 * A node that has no meaning, or none that Pannier knows.
 * @param problem the rest of the sentence, such as `takes floats as input, but got int32[2]`
 */
export const nodeError = ({ format, op, name }: Origin, problem: string): PannierError =>
  new PannierError('model-format', `Node "${name}" (${op}) ${problem}.`, { node: name, op, format });
