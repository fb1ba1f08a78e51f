/**
 * The bytes of an HDF5 file. Every number is read within the file, and every structure and every byte that is made counts
 * against a limit, so that no file, whatever its addresses say, is read for long or takes much memory.
 */
import { broken } from '../file-fields.js';
import { LIMITS } from '../limits.js';

/** Structures that a file may have: headers, nodes of trees, links, attributes, chunks. */
const MAX_STRUCTURES = 2_000_000;

/** The file, and the sizes of its numbers. */
export class Source {
  /** Its name, for messages. */
  readonly file: string;
  readonly bytes: Uint8Array;
  /** Bytes of an address, and of a length. */
  addressBytes = 8;
  lengthBytes = 8;
  #structures = 0;
  #valueBytes = 0;

  constructor(bytes: Uint8Array, file: string) {
    this.bytes = bytes;
    this.file = file;
  }

  /** A cursor at a place of the file. */
  at(offset: number): Cursor {
    return new Cursor(this, offset);
  }

  /** A part of the file, not copied. @throws {PannierError} `model-format` if the file is shorter */
  slice(offset: number, length: number): Uint8Array {
    if (offset < 0 || offset + length > this.bytes.length) throw this.wrong(`${length} bytes are wanted at byte ${offset}, behind its end`);
    return this.bytes.subarray(offset, offset + length);
  }

  /** The error for a file that does not hold to the format. */
  wrong(what: string): ReturnType<typeof broken> {
    return broken(`${this.file} is a broken HDF5 file of ${this.bytes.length} bytes: ${what}. Was its download or copy cut short?`);
  }

  /** The error for a part of the format that is not read. */
  unknown(what: string): ReturnType<typeof broken> {
    return broken(`${this.file} is an HDF5 file with ${what}, which Pannier does not read. Save the model again with Keras's model.save.`);
  }

  /** Counts a structure. */
  count(structures = 1): void {
    this.#structures += structures;
    if (this.#structures > MAX_STRUCTURES) throw this.wrong(`it has more than ${MAX_STRUCTURES} structures`);
  }

  /** Counts bytes of values before they are made. */
  spend(bytes: number): void {
    this.#valueBytes += bytes;
    const most = Math.min(LIMITS.weightBytes, this.bytes.length * LIMITS.expansion + LIMITS.expansionBytes);
    if (this.#valueBytes > most) throw broken(`${this.file} expands to more than ${most} bytes of values; that is the limit.`);
  }
}

/** Reads one number after another. */
export class Cursor {
  readonly source: Source;
  at: number;

  constructor(source: Source, at: number) {
    this.source = source;
    this.at = at;
  }

  /** A whole number without a sign, little-endian. @throws {PannierError} `model-format` for one that a float64 cannot hold */
  whole(bytes: number): number {
    const read = this.bytes(bytes);
    let value = 0;
    for (let index = bytes - 1; index >= 0; index--) value = value * 256 + (read[index] as number);
    if (value > Number.MAX_SAFE_INTEGER) throw this.source.wrong(`a number at byte ${this.at - bytes} is ${value}`);
    return value;
  }

  /** An address; `undefined` if all its bits are set, which stands for none. */
  address(): number | undefined {
    const { addressBytes } = this.source;
    if (this.source.slice(this.at, addressBytes).every((byte) => byte === 0xff)) {
      this.at += addressBytes;
      return undefined;
    }
    return this.whole(addressBytes);
  }

  /** An address that must be there. */
  place(): number {
    const { at } = this;
    const address = this.address();
    if (address === undefined) throw this.source.wrong(`an address at byte ${at} is undefined`);
    return address;
  }

  length(): number {
    return this.whole(this.source.lengthBytes);
  }

  bytes(count: number): Uint8Array {
    const bytes = this.source.slice(this.at, count);
    this.at += count;
    return bytes;
  }

  skip(count: number): this {
    this.at += count;
    return this;
  }

  /** Reads the four letters that begin a structure, and counts it. */
  expect(signature: string): this {
    this.source.count();
    const { at } = this;
    if (String.fromCharCode(...this.bytes(4)) !== signature) throw this.source.wrong(`${signature} is wanted at byte ${at}`);
    return this;
  }

  /** Reads a number that says of which version a structure is. */
  version(...known: readonly number[]): number {
    const { at } = this;
    const version = this.whole(1);
    if (!known.includes(version)) throw this.source.wrong(`a version at byte ${at} is ${version}; ${known.join(', ')} are known`);
    return version;
  }
}

/** A text in UTF-8, up to its first zero. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
