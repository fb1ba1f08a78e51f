/** Checks of a reader's arguments: that the tensor is one and not a promise, and that the columns are a list. */
import { sizeOf } from '../base/dtype.js';
import { PannierError } from '../base/errors.js';
import type { Tensor } from '../manifest/signature.js';

/** @throws {PannierError} `input` if `tensor` is no tensor */
export function checkTensor(reader: string, tensor: Tensor): void {
  const { data, shape } = (tensor ?? {}) as Partial<Tensor>;
  if (ArrayBuffer.isView(data) && Array.isArray(shape)) {
    const { length } = data as Tensor['data'];
    if (sizeOf(shape) === length) return;
    throw new PannierError(
      'input',
      `${reader} wants a tensor of shape [${shape}], but got ${length} values. Pass one of a prediction's outputs.`,
      {
        got: length,
      },
    );
  }
  // A promise is known by `then`, because another realm or a library has a class of its own.
  const got = tensor === undefined || tensor === null ? String(tensor) : Object.prototype.toString.call(tensor).slice(8, -1);
  throw new PannierError(
    'input',
    `${reader} wants a tensor of outputs, but got ${got}; is an await missing? Pass one of a prediction's outputs.`,
    { got },
  );
}

/** @throws {PannierError} `input` if `columns` is no list, with a message that says what the option is for */
export function checkColumns(reader: string, columns: unknown, otherwise = ''): void {
  if (Array.isArray(columns)) return;
  const got = columns === undefined ? 'none' : String(columns);
  const next = `Pass what each value of a row means, as in { columns: ['x', 'y', 'score'] }, null for what is skipped.${otherwise}`;
  throw new PannierError('input', `${reader} wants columns, but got ${got}. ${next}`, { got });
}
