/** Padded inputs: checks and resolves their options. */
import { holds, shapeText } from '../../base/dtype.js';
import type { ImageSpec, PadSpec } from '../../manifest/manifest.js';
import type { Dim } from '../../manifest/signature.js';

import type { GraphInput } from '../model/signature.js';
import { badOption } from '../options.js';

/**
 * Resolves the padding of an input with every default, and its shape in the golden sample, which has the smallest bucket's length.
 * @throws {PannierError} `options` for an input that cannot be padded in this way
 */
export function resolvePad(
  { name, node, dtype, options }: GraphInput,
  shape: readonly Dim[] | null,
  image: ImageSpec | undefined,
): { readonly pad?: PadSpec; readonly sampled: readonly Dim[] | null } {
  if (options.pad === undefined) return { sampled: shape };
  const place = `inputs["${node}"].pad`;
  const { to, axis = 1, value = 0 } = options.pad;
  if (image !== undefined) throw badOption(`Option ${place} cannot be: input "${name}" takes pictures, which are not padded.`);
  if (shape?.[axis] !== null)
    throw badOption(`Option ${place} needs an open size, but axis ${axis} of input "${name}", ${dtype} ${shapeText(shape)}, is none.`);
  if (!holds(dtype, value)) throw badOption(`Option ${place}.value is ${value}, which input "${name}", ${dtype}, cannot hold.`);
  const said = options.shape?.[axis];
  if (said !== undefined && !to.includes(said))
    throw badOption(`Option inputs["${node}"].shape is ${said} long on axis ${axis}; one of pad.to is wanted: ${to.join(', ')}.`);
  return { pad: { to, axis, value }, sampled: shape.with(axis, said ?? (to[0] as number)) };
}
