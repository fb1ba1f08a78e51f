/** Checks that an argument is a loaded model, and not the promise of one or a packed folder's manifest. */
import type { ModelInfo } from '../api/model.js';
import { PannierError } from '../base/errors.js';

/**
 * The model's `info`.
 * @param call the function that was called, for the message
 * @throws {PannierError} `input` if there is none
 */
export function infoOfModel(call: string, model: { readonly info: ModelInfo } | undefined): ModelInfo {
  const info = model?.info;
  if (info !== undefined) return info;
  const got = Object.prototype.toString.call(model).slice(8, -1);
  throw new PannierError('input', `${call} wants a loaded model, but got ${got}; is an await missing? Pass what loadModel resolves with.`, {
    got,
  });
}
