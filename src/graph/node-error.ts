/** The errors about a node: they name the node as the model file does. */
import { type ErrorCode, PannierError } from '../base/errors.js';
import type { Origin } from './graph.js';

/** Control characters and ends of lines: attributes of a file stand in messages, which are one line. */
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;

/**
 * A node that has no meaning, or none that Pannier knows.
 * @param problem the rest of the sentence, such as `takes floats as input, but got int32[2]`
 */
export const nodeError = ({ format, op, name }: Origin, problem: string, code: ErrorCode = 'model-format'): PannierError =>
  new PannierError(code, `${format === 'keras' ? 'Layer' : 'Node'} "${name}" (${op}) ${problem}.`.replace(BREAKS, ' '), {
    node: name,
    op,
    format,
  });

/** A node that breaks a rule of its op. The message also names our op, where the model file has another name for it. */
export function opError(op: string, origin: Origin, problem: string, code?: ErrorCode): PannierError {
  const isSameName = op.toLowerCase() === origin.op.toLowerCase();
  return nodeError(origin, isSameName ? problem : `becomes ${op}, which ${problem}`, code);
}
