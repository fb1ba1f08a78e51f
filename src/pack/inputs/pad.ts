/** Padded inputs: checks and resolves their options. */
import type { ImageSpec, PadSpec } from '../../manifest/manifest.js';
import type { Dim } from '../../manifest/signature.js';
import { checkKnown, isSize } from '../check-options.js';
import { show, showShape } from '../fields.js';
import type { GraphInput } from '../model/signature.js';
import { badOption, type PadOptions } from '../options.js';

/**
 * Resolves the padding of an input with every default, and its shape in the golden sample, which has the smallest bucket's length.
 * @throws {PannierError} `options` for an input that cannot be padded in this way
 */
export function settlePad(
  { name, node, dtype, options }: GraphInput,
  shape: readonly Dim[] | null,
  image: ImageSpec | undefined,
): { readonly pad?: PadSpec; readonly sampled: readonly Dim[] | null } {
  if (options.pad === undefined) return { sampled: shape };
  const place = `inputs["${node}"].pad`;
  checkPad(options.pad, place);
  const { to, axis = 1, value = 0 } = options.pad;
  if (image !== undefined) throw badOption(`Option ${place} cannot be: input "${name}" takes pictures, which are not padded.`);
  if (shape?.[axis] !== null)
    throw badOption(`Option ${place} needs an open size, but axis ${axis} of input "${name}", ${dtype} ${showShape(shape)}, is none.`);
  const isWhole = dtype === 'float32' || (dtype === 'int32' ? (value | 0) === value : value === 0 || value === 1);
  if (!isWhole) throw badOption(`Option ${place}.value is ${value}, which input "${name}", ${dtype}, cannot hold.`);
  const said = options.shape?.[axis];
  if (said !== undefined && !to.includes(said))
    throw badOption(`Option inputs["${node}"].shape is ${said} long on axis ${axis}; one of pad.to is wanted: ${to.join(', ')}.`);
  return { pad: { to, axis, value }, sampled: shape.with(axis, said ?? (to[0] as number)) };
}

/** Checks an option that comes from a JavaScript config file, without types. */
function checkPad(pad: PadOptions, place: string): void {
  checkKnown(pad, ['to', 'axis', 'value'], place);
  const { to, axis = 1, value = 0 } = pad;
  const isAscending = Array.isArray(to) && [...to].every((size, index) => isSize(size) && size > (index === 0 ? 0 : to[index - 1]));
  // With a length of 1 only, no output could be seen to follow it.
  if (!isAscending || !((to.at(-1) ?? 0) > 1))
    throw badOption(`Option ${place}.to is ${show(to)}; ascending lengths are wanted, such as [16, 32, 64, 128].`);
  if (!isSize(axis)) throw badOption(`Option ${place}.axis is ${show(axis)}; the number of an axis is wanted, from 0.`);
  if (!Number.isFinite(value)) throw badOption(`Option ${place}.value is ${show(value)}; a finite number is wanted.`);
}
