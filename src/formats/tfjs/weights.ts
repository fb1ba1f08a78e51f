/** Weight tensors: their entries in a weights manifest, and the check that their bytes fit. */
import { describe } from '../../base/describe.js';
import { bytesPerElement, sizeOf, WIDE_DTYPES, type WideDType } from '../../base/dtype.js';
import type { Fields } from '../../base/fields.js';
import type { ChannelOrder } from '../../base/per-channel.js';
import { broken, nameAt, objectAt } from '../file-fields.js';
import { LIMITS } from '../limits.js';

/** How a tensor is stored in fewer bytes. `value = stored × scale + min` for the whole-number kinds. */
export type Quantization =
  | { readonly dtype: 'float16'; readonly original_dtype: 'float32' }
  | { readonly dtype: 'uint8' | 'uint16'; readonly min: number; readonly scale: number; readonly original_dtype: 'float32' | 'int32' }
  | PerChannel;

/** Whole numbers with a scale for each channel, before which the scales stand. Only Pannier's own engine reads them: TF.js has none. */
export interface PerChannel extends ChannelOrder {
  readonly dtype: 'int8';
  readonly original_dtype: 'float32';
}

/** An entry of a weights manifest, with TF.js's field names; it has been checked. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: WideDType;
  readonly quantization?: Quantization;
}

/** One weight with its stored bytes. */
export interface Weight extends WeightSpec {
  readonly bytes: Uint8Array;
}

/** Bytes of a weight when it is expanded. */
export const expandedBytes = ({ shape, dtype }: WeightSpec): number => sizeOf(shape) * bytesPerElement(dtype);

/**
 * Reads one entry of a weights manifest.
 * @throws {PannierError} `model-format`
 */
export function readWeightSpec(value: unknown, place: string): WeightSpec {
  const fields = objectAt(value, place);
  const name = nameAt(fields['name'], `${place}.name`);
  const what = `Weight "${name}"`;
  const shape = readShape(fields['shape'], what);
  const { dtype } = fields;
  if (dtype === 'string') throw broken(`${what} holds text; Pannier takes no string tensors.`);
  if (typeof dtype !== 'string' || !Object.hasOwn(WIDE_DTYPES, dtype)) {
    throw broken(`${what} has dtype ${describe(dtype)}; ${Object.keys(WIDE_DTYPES).join(', ')} are known.`);
  }
  const spec = { name, shape, dtype: dtype as WideDType };
  if (fields['quantization'] === undefined) return spec;
  return { ...spec, quantization: readQuantization(objectAt(fields['quantization'], `${what}'s quantization`), spec.dtype, what) };
}

function readShape(value: unknown, what: string): readonly number[] {
  if (!Array.isArray(value)) throw broken(`${what} has shape ${describe(value)}; an array of sizes is wanted.`);
  if (value.length > LIMITS.rank) throw broken(`${what} has ${value.length} dimensions; the limit is ${LIMITS.rank}.`);
  let elements = 1;
  for (const dim of value) {
    if (!Number.isSafeInteger(dim) || dim < 0 || dim >= LIMITS.elements) {
      throw broken(`${what} has shape [${value.map(describe).join(', ')}]; sizes are whole numbers from 0 to ${LIMITS.elements - 1}.`);
    }
    elements *= dim;
    if (elements > LIMITS.elements) throw broken(`${what} has shape [${value.join(', ')}], more than ${LIMITS.elements} elements.`);
  }
  return value;
}

function readQuantization(fields: Fields, dtype: WideDType, what: string): Quantization {
  const kind = fields['dtype'];
  if (kind === 'float16' && dtype === 'float32') return { dtype: kind, original_dtype: dtype };
  if ((kind !== 'uint8' && kind !== 'uint16') || dtype === 'bool') {
    throw broken(
      `${what} is ${dtype} stored as ${describe(kind)}; float16 (for float32), uint8 and uint16 (for float32, int32) are known.`,
    );
  }
  const { min, scale } = fields;
  if (typeof min !== 'number' || typeof scale !== 'number' || !Number.isFinite(min) || !Number.isFinite(scale)) {
    throw broken(`${what} is stored as ${kind} with min ${describe(min)} and scale ${describe(scale)}; both must be finite numbers.`);
  }
  const largest = Math.max(Math.abs(min), Math.abs(min + scale * (kind === 'uint8' ? 255 : 65535)));
  if (dtype === 'int32' ? largest > 2 ** 31 : !Number.isFinite(Math.fround(largest)))
    throw broken(`${what} is stored as ${kind} with min ${min} and scale ${scale}, beyond ${dtype}.`);
  return { dtype: kind, min, scale, original_dtype: dtype };
}

/**
 * Refuses NaN. Infinities are values as others are: graphs use them as bounds, and as masks of attention.
 * @throws {PannierError} `model-format`, naming the weight and the element
 */
export function refuseNaN({ name, dtype, quantization, bytes }: Weight): void {
  if (dtype !== 'float32' || (quantization !== undefined && quantization.dtype !== 'float16')) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [step, exponent, fraction] = quantization === undefined ? [4, 0x7f800000, 0x007fffff] : [2, 0x7c00, 0x03ff];
  for (let offset = 0; offset < bytes.length; offset += step) {
    const bits = step === 4 ? view.getUint32(offset, true) : view.getUint16(offset, true);
    if ((bits & exponent) === exponent && (bits & fraction) !== 0)
      throw broken(`Weight "${name}" has NaN at element ${offset / step}. Was training cut short?`);
  }
}
