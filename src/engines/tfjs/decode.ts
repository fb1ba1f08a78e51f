/**
 * Decodes the weights that a graph file lists, from packed bytes to values. TF.js's own decoder (4.22) builds its float16
 * tables again for every weight and copies all weights once more; this one writes each value once.
 */
import { type OwnedArray, sizeOf, WIDE_DTYPES, type WideDType } from '../../base/dtype.js';
import { PannierError } from '../../base/errors.js';
import { widenInto } from '../../base/float16.js';
import { type ChannelOrder, scaleBytes, scaleInto } from '../../base/per-channel.js';

/** One entry of a TF.js weights manifest, which may also be int8 with a scale for each channel. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: WideDType;
  readonly quantization?:
    | { readonly dtype: 'float16' | 'uint8' | 'uint16'; readonly scale?: number; readonly min?: number }
    | ({ readonly dtype: 'int8' } & ChannelOrder);
}

const STORED_BYTES = { float32: 4, int32: 4, bool: 1, float16: 2, uint16: 2, uint8: 1, int8: 1 } as const;

/** Bytes of a weight as it is stored, scales included. */
export const storedBytes = (spec: WeightSpec): number =>
  bytesOfScales(spec) + sizeOf(spec.shape) * STORED_BYTES[spec.quantization?.dtype ?? spec.dtype];

const bytesOfScales = ({ quantization }: WeightSpec): number => (quantization?.dtype === 'int8' ? scaleBytes(quantization) : 0);

/** One weight, decoded. */
export interface DecodedWeight {
  readonly spec: WeightSpec;
  readonly values: OwnedArray;
}

/**
 * Decodes weights one after another, in the order of `specs`, from consecutive shards.
 * @throws {PannierError} `predict` if the shards end before the weights do
 */
export function* decodeWeights(specs: readonly WeightSpec[], shards: readonly ArrayBuffer[]): Generator<DecodedWeight> {
  const decoder = new WeightDecoder(specs);
  for (const shard of shards) yield* decoder.add(shard);
  yield* decoder.end();
}

/** Decodes shards that come one at a time, and keeps no reference to them. */
export class WeightDecoder {
  readonly #specs: readonly WeightSpec[];
  #next = 0;
  #begun: BegunWeight | undefined;

  constructor(specs: readonly WeightSpec[]) {
    this.#specs = specs;
  }

  /** Yields the weights that this shard completes. */
  *add(shard: ArrayBuffer): Generator<DecodedWeight> {
    let at = 0;
    for (let spec = this.#specs[this.#next]; spec !== undefined; spec = this.#specs[this.#next]) {
      // Memory for a weight is allocated when its first byte is here.
      if (at === shard.byteLength && storedBytes(spec) > 0) return;
      this.#begun ??= new BegunWeight(spec);
      at += this.#begun.fill(new Uint8Array(shard, at));
      const { values, isWhole } = this.#begun;
      if (!isWhole) return;
      this.#begun = undefined;
      this.#next++;
      yield { spec, values };
    }
  }

  /**
   * Yields the weights without bytes at the end of the list.
   * @throws {PannierError} `predict` if the shards ended before the weights did
   */
  *end(): Generator<DecodedWeight> {
    yield* this.add(new ArrayBuffer(0));
    const spec = this.#specs[this.#next];
    if (spec !== undefined) throw new PannierError('predict', `The shards end within the weight "${spec.name}". Pack the model again.`);
  }
}

/** Stored values are decoded in blocks of this size, so that a weight of many shards needs no second copy of its bytes. */
const BLOCK_BYTES = 65_536;

class BegunWeight {
  readonly values: OwnedArray;
  readonly #spec: WeightSpec;
  readonly #storedBytes: number;
  /** Bytes of the scales, which come before the values. */
  readonly #scales: Uint8Array<ArrayBuffer>;
  /** Bytes as they are stored: those of `values` itself, or a block that is decoded when it is full. */
  readonly #stored: Uint8Array<ArrayBuffer>;
  #filledBytes = 0;

  constructor(spec: WeightSpec) {
    this.#spec = spec;
    this.#storedBytes = storedBytes(spec);
    this.#scales = new Uint8Array(bytesOfScales(spec));
    this.values = new WIDE_DTYPES[spec.dtype](sizeOf(spec.shape));
    const isAsStored = spec.quantization === undefined;
    this.#stored = isAsStored ? new Uint8Array(this.values.buffer) : new Uint8Array(Math.min(this.#storedBytes, BLOCK_BYTES));
  }

  get isWhole(): boolean {
    return this.#filledBytes === this.#storedBytes;
  }

  /** @returns how many of the bytes belong to this weight */
  fill(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.#storedBytes - this.#filledBytes);
    const ofScales = Math.min(taken, Math.max(0, this.#scales.length - this.#filledBytes));
    if (ofScales > 0) this.#scales.set(bytes.subarray(0, ofScales), this.#filledBytes);
    this.#filledBytes += ofScales;
    for (let from = ofScales; from < taken; ) {
      const at = (this.#filledBytes - this.#scales.length) % this.#stored.length;
      const piece = bytes.subarray(from, Math.min(taken, from + this.#stored.length - at));
      this.#stored.set(piece, at);
      from += piece.length;
      this.#filledBytes += piece.length;
      if (at + piece.length === this.#stored.length || this.isWhole) this.#decode(at + piece.length);
    }
    return taken;
  }

  /** @param bytes how many bytes of the block are filled; they are the latest ones of the weight */
  #decode(bytes: number): void {
    const { dtype, quantization } = this.#spec;
    if (quantization === undefined) return;
    const itemBytes = STORED_BYTES[quantization.dtype];
    const endBytes = this.#filledBytes - this.#scales.length;
    const first = (endBytes - bytes) / itemBytes;
    const values = this.values.subarray(first, endBytes / itemBytes);
    const { buffer } = this.#stored;
    if (quantization.dtype === 'float16') {
      widenInto(values as Float32Array, new Uint16Array(buffer, 0, values.length));
      return;
    }
    if (quantization.dtype === 'int8') {
      const stored = new Int8Array(buffer, 0, values.length);
      scaleInto(values as Float32Array, stored, new Float32Array(this.#scales.buffer), quantization, first);
      return;
    }
    const stored = quantization.dtype === 'uint8' ? new Uint8Array(buffer) : new Uint16Array(buffer, 0, values.length);
    const { scale = 1, min = 0 } = quantization;
    const whole = dtype === 'int32';
    for (let index = 0; index < values.length; index++) {
      const value = (stored[index] as number) * scale + min;
      values[index] = whole ? Math.round(value) : value;
    }
  }
}
