/** Checks of a reader's arguments: that the tensor is one and not a promise, and that the columns are a list. */
import { PannierError } from '../base/errors.js';
import type { Tensor } from '../manifest/signature.js';

/** @throws {PannierError} `input` if `tensor` is no tensor */
export function checkTensor(reader: string, tensor: Tensor): void {
  const { data, shape } = (tensor ?? {}) as Partial<Tensor>;
  if (ArrayBuffer.isView(data) && Array.isArray(shape)) return;
  // A promise is known by `then`, because another realm or a library has a class of its own.
  const got = tensor === undefined || tensor === null ? String(tensor) : Object.prototype.toString.call(tensor).slice(8, -1);
  throw new PannierError(
    'input',
    `${reader} wants a tensor of outputs, but got ${got}; is an await missing? Pass one of a prediction's outputs.`,
    { got },
  );
}

/** @throws {PannierError} `input` if `columns` is no list, with a message that says what the option is for */
export function checkColumns(reader: string, options: { readonly columns: readonly unknown[] } | undefined): void {
  const columns: unknown = options?.columns;
  if (Array.isArray(columns)) return;
  const got = columns === undefined ? 'none' : String(columns);
  const next = "Pass what each value of a row means, as in { columns: ['x', 'y', 'score'] }, null for what is skipped.";
  throw new PannierError('input', `${reader} wants columns, but got ${got}. ${next}`, { got });
}
