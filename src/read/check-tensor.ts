/** The check that a reader was given a tensor, and not nothing or the promise of one. */
import { PannierError } from '../errors.js';
import type { Tensor } from '../signature.js';

/** @throws {PannierError} `input` where it is none */
export function checkTensor(reader: string, tensor: Tensor): void {
  const { data, shape } = (tensor ?? {}) as Partial<Tensor>;
  if (ArrayBuffer.isView(data) && Array.isArray(shape)) return;
  // By name: a promise of another realm, or of a library, is one too.
  const got = tensor === undefined || tensor === null ? String(tensor) : Object.prototype.toString.call(tensor).slice(8, -1);
  throw new PannierError(
    'input',
    `${reader} wants a tensor of outputs, but got ${got}; is an await missing? Pass one of a prediction's outputs.`,
    { got },
  );
}
