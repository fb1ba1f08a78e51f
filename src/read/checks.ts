/** Checks of what a reader was given: a tensor, and not nothing or the promise of one; the columns of its rows. */
import { PannierError } from '../base/errors.js';
import type { Tensor } from '../manifest/signature.js';

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

/** @throws {PannierError} `input` where `columns` is no list: whoever leaves the options out learns what they are for */
export function checkColumns(reader: string, options: { readonly columns: readonly unknown[] } | undefined): void {
  const columns: unknown = options?.columns;
  if (Array.isArray(columns)) return;
  const got = columns === undefined ? 'none' : String(columns);
  const next = "Pass what each value of a row means, as in { columns: ['x', 'y', 'score'] }, null for what is skipped.";
  throw new PannierError('input', `${reader} wants columns, but got ${got}. ${next}`, { got });
}
