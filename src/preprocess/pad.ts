/** Padding of open lengths to a few sizes: inputs are filled up to the next bucket, outputs are cut back to the given length. */

import type { RawTensor } from '../base/dtype.js';
import { DTYPES, sizeOf } from '../base/dtype.js';
import type { InputSpec } from '../manifest/manifest.js';
import type { TensorFeed } from './feed.js';
import { wrong } from './tensor.js';

/** The length of the padded inputs of one call. */
export interface PaddedLength {
  readonly given: number;
  /** The padded length, which the graph sees. */
  readonly bucket: number;
}

/** An input and its feed; `feed` is undefined for a picture, which is not padded. */
export interface PaddedEntry {
  readonly name: string;
  readonly spec: InputSpec;
  readonly feed: TensorFeed | undefined;
}

/**
 * Fills the padded inputs up to the smallest bucket that holds them. All padded inputs of a call are equally long.
 * @returns the feeds in order, and `length: undefined` for a model that pads nothing
 * @throws {PannierError} `input` if an input is longer than the largest bucket or its length differs from another's
 */
export function padTogether(entries: readonly PaddedEntry[]): {
  readonly feeds: readonly (TensorFeed | undefined)[];
  readonly length: PaddedLength | undefined;
} {
  let length: (PaddedLength & { readonly name: string }) | undefined;
  for (const { name, spec, feed } of entries) {
    const { pad } = spec;
    if (pad === undefined || feed === undefined) continue;
    const given = feed.shape[pad.axis] as number;
    const bucket = pad.to.find((size) => size >= given);
    if (bucket === undefined) {
      const most = pad.to.at(-1);
      const next = 'Give a part of it, or pack the model with a longer `pad.to`.';
      throw wrong(name, `takes at most ${most} values along axis ${pad.axis}`, `has ${given}`, { most, length: given }, next);
    }
    length ??= { name, given, bucket };
    if (given !== length.given) {
      const wanted = `should be as long as "${length.name}", ${length.given} along axis ${pad.axis}, since both are padded`;
      throw wrong(name, wanted, `is ${given} long`, { wanted: length.given, length: given });
    }
  }
  if (length === undefined) return { feeds: entries.map(({ feed }) => feed), length };
  const { given, bucket } = length;
  const feeds = entries.map(({ spec: { pad }, feed }) =>
    pad === undefined || feed === undefined ? feed : resized(feed, pad.axis, bucket, pad.value),
  );
  return { feeds, length: { given, bucket } };
}

/** Cuts the padding off an output. */
export function unpad(answer: RawTensor, lengthAxes: readonly number[], { given, bucket }: PaddedLength): RawTensor {
  let cut = answer;
  for (const axis of lengthAxes) if (cut.shape[axis] === bucket) cut = resized(cut, axis, given, 0);
  return cut;
}

/** The tensor with another size along one axis: cut at the end, or filled up there. */
function resized<T extends RawTensor>(tensor: T, axis: number, size: number, fill: number): T {
  const { dtype, shape, data } = tensor;
  const before = shape[axis] as number;
  if (size === before) return tensor;
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  const [from, to] = [before * inner, size * inner];
  const result = new DTYPES[dtype](outer * to);
  if (fill !== 0) result.fill(fill);
  for (let index = 0; index < outer; index++) result.set(data.subarray(index * from, index * from + Math.min(from, to)), index * to);
  return { ...tensor, shape: shape.map((dim, at) => (at === axis ? size : dim)), data: result };
}
