/**
 * Weights as the graph file lists them, from packed bytes to values. TF.js's own decoder builds its
 * float16 tables anew for every weight and copies all of them once more; here each weight becomes its
 * values once, on its way to the backend.
 */
import { DTYPES, type DType, type OwnedArray, sizeOf } from '../dtype.js';
import { PannierError } from '../errors.js';

/** One entry of a TF.js weights manifest. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly quantization?: { readonly dtype: 'float16' | 'uint8' | 'uint16'; readonly scale?: number; readonly min?: number };
}

const STORED_BYTES = { float32: 4, int32: 4, bool: 1, float16: 2, uint16: 2, uint8: 1 } as const;

/** Bytes of a weight as it is stored. */
export const storedBytes = ({ shape, dtype, quantization }: WeightSpec): number =>
  sizeOf(shape) * STORED_BYTES[quantization?.dtype ?? dtype];

/**
 * Decodes weights one after another, in the order of `specs`, out of shards that follow one another.
 * @throws {PannierError} `predict` where the shards end before the weights do
 */
export function* decodeWeights(
  specs: readonly WeightSpec[],
  shards: readonly ArrayBuffer[],
): Generator<{ spec: WeightSpec; values: OwnedArray }> {
  let shard = 0;
  let at = 0;
  const take = (spec: WeightSpec, bytes: number): ArrayBuffer => {
    const taken = new Uint8Array(bytes);
    for (let filled = 0; filled < bytes; ) {
      const from = shards[shard];
      if (from === undefined) throw new PannierError('predict', `The shards end within the weight "${spec.name}". Pack the model again.`);
      const part = new Uint8Array(from, at, Math.min(bytes - filled, from.byteLength - at));
      taken.set(part, filled);
      filled += part.length;
      at += part.length;
      if (at < from.byteLength) continue;
      shard++;
      at = 0;
    }
    return taken.buffer;
  };
  for (const spec of specs) {
    yield { spec, values: valuesOf(spec, take(spec, storedBytes(spec))) };
  }
}

function valuesOf({ dtype, quantization }: WeightSpec, bytes: ArrayBuffer): OwnedArray {
  if (quantization === undefined) return new DTYPES[dtype](bytes);
  if (quantization.dtype === 'float16') return widen(new Uint16Array(bytes));
  const stored = quantization.dtype === 'uint8' ? new Uint8Array(bytes) : new Uint16Array(bytes);
  const { scale = 1, min = 0 } = quantization;
  const values = new DTYPES[dtype](stored.length);
  const whole = dtype === 'int32';
  for (let index = 0; index < stored.length; index++) {
    const value = (stored[index] as number) * scale + min;
    values[index] = whole ? Math.round(value) : value;
  }
  return values;
}

const EXPONENT = 0x7c00;

/**
 * float16 to float32: the bits are moved into place and the exponent, too small by 112, is mended by a
 * multiplication, which is exact for subnormal numbers too. Infinity and NaN have no exponent to mend.
 */
export function widen(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(halves.length);
  const bits = new Uint32Array(values.buffer);
  for (let index = 0; index < halves.length; index++) {
    const half = halves[index] as number;
    bits[index] = ((half & 0x8000) << 16) | ((half & 0x7fff) << 13);
    if ((half & EXPONENT) === EXPONENT) bits[index] = ((half & 0x8000) << 16) | 0x7f800000 | ((half & 0x3ff) << 13);
    else values[index] = (values[index] as number) * 2 ** 112;
  }
  return values;
}
