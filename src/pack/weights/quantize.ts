/** Chooses the weights that are stored in fewer bytes. In memory they are float32 again, so this saves download and cache but no time. */
import { describe } from '../../base/describe.js';
import { sizeOf } from '../../base/dtype.js';
import { decodeWeights } from '../../engines/tfjs/decode.js';
import type { Weight } from '../../formats/tfjs/weights.js';
import type { Manifest } from '../../manifest/manifest.js';
import { badOption, QUANTIZED, type QuantizeOption } from '../options.js';
import { toFloat16 } from './float16.js';
import { toInt8 } from './int8.js';
import { toUint8 } from './uint8.js';

/** Smaller weights, such as biases and those of batch normalisation, save too few bytes for the error. */
export const MIN_ELEMENTS = 256;

/**
 * Stores weights as the option says. Weights that are not float32, are small, would overflow or are already quantised
 * in the file stay as they are, except that float16 becomes uint8 or int8 if the option asks for it. A weight without output
 * channels does not become int8.
 * @param axes by the name of a weight, the axis of its output channels
 * @returns weights in the same order; an unchanged weight is the same object
 * @throws {PannierError} `options` for a pattern that matches no weight
 */
export function quantize(weights: readonly Weight[], option: QuantizeOption, axes: ReadonlyMap<string, number>): readonly Weight[] {
  const rules = Object.entries(typeof option === 'string' ? { '*': option } : option).map(([pattern, kind]) => {
    const matches = matcher(pattern);
    if (typeof option !== 'string' && !weights.some(({ name }) => matches(name))) throw badOption(unmatched(pattern, weights));
    return { matches, kind };
  });
  return weights.map((weight) => {
    const kind = rules.find(({ matches }) => matches(weight.name))?.kind ?? 'none';
    const stored = weight.quantization?.dtype;
    const isLeft = kind === 'none' || weight.dtype !== 'float32' || sizeOf(weight.shape) < MIN_ELEMENTS;
    if (isLeft || !(stored === undefined || (stored === 'float16' && kind !== 'float16'))) return weight;
    return storedAs(kind, weight, axes.get(weight.name)) ?? weight;
  });
}

function storedAs(kind: (typeof QUANTIZED)[number], weight: Weight, axis: number | undefined): Weight | undefined {
  switch (kind) {
    case 'float16':
      return toFloat16(weight, valuesOf(weight));
    case 'uint8':
      return toUint8(weight, valuesOf(weight));
    case 'int8':
      return axis === undefined ? undefined : toInt8(weight, valuesOf(weight), axis);
  }
}

/** The quantisation's entry in the manifest, without the error, which budget.ts measures. */
export function describeQuantized(
  before: readonly Weight[],
  after: readonly Weight[],
): Omit<NonNullable<Manifest['quantized']>, 'maxError'> {
  const changed = after.filter((weight, index) => weight !== before[index]);
  const kinds = QUANTIZED.map((kind) => {
    const those = changed.filter(({ quantization }) => quantization?.dtype === kind);
    return [kind, { weights: those.length, bytes: bytesOf(those) }] as const;
  });
  return { originalBytes: bytesOf(before), kinds: Object.fromEntries(kinds.filter(([, { weights }]) => weights > 0)) };
}

/** How coarse a weight has become: the norm of its error, as a share of the weight's norm. Infinities are stored as they are. */
export function noiseOf(before: Weight, after: Weight): number {
  const [a, b] = [valuesOf(before), valuesOf(after)];
  let [error, size] = [0, 0];
  for (let index = 0; index < a.length; index++) {
    const value = a[index] as number;
    if (!Number.isFinite(value)) continue;
    error += (value - (b[index] as number)) ** 2;
    size += value ** 2;
  }
  return size === 0 ? 0 : Math.sqrt(error / size);
}

const bytesOf = (weights: readonly Weight[]): number => weights.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** Only `*` is special. The pieces are searched from left to right, so that no pattern takes long. */
function matcher(pattern: string): (name: string) => boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return (name) => name === pattern;
  return (name) => {
    if (!name.startsWith(first)) return false;
    let at = first.length;
    for (const piece of rest) {
      const found = name.indexOf(piece, at);
      if (found === -1) return false;
      at = found + piece.length;
    }
    return name.length - last.length >= at && name.endsWith(last);
  };
}

function unmatched(pattern: string, weights: readonly Weight[]): string {
  const some = weights.slice(0, 3).map(({ name }) => describe(name));
  return `Option quantize has the pattern ${describe(pattern)}, which matches no weight; the model has ${weights.length}, such as ${some.join(', ')}.`;
}

function valuesOf(weight: Weight): Float32Array {
  const [decoded] = decodeWeights([weight], [new Uint8Array(weight.bytes).buffer]);
  return decoded?.values as Float32Array;
}
