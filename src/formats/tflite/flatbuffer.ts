/**
 * Reads the bytes of a flatbuffer (flatbuffers.dev, "FlatBuffer Internals"): tables whose fields lie where a table of offsets says,
 * vectors and texts that stand behind their length. Each read is checked against the end of the bytes, and each element is counted, so
 * that a file whose offsets lead to the same bytes over and over is refused. The npm package flatbuffers (25.9.23) reads bytes beyond
 * the end as 0 and counts nothing, so that each of its reads would need both checks in front of it; its ByteBuffer alone has 8.3 kB,
 * of which a reader needs these few lines.
 */
import { broken } from '../file-fields.js';

/** Numbers that fields and vectors hold: their width in bytes, and how a view reads them. 64 bits become the nearest float64. */
const KINDS = {
  bool: [1, (view: DataView, at: number) => view.getUint8(at)],
  int8: [1, (view: DataView, at: number) => view.getInt8(at)],
  uint8: [1, (view: DataView, at: number) => view.getUint8(at)],
  uint16: [2, (view: DataView, at: number) => view.getUint16(at, true)],
  int32: [4, (view: DataView, at: number) => view.getInt32(at, true)],
  uint32: [4, (view: DataView, at: number) => view.getUint32(at, true)],
  int64: [8, (view: DataView, at: number) => Number(view.getBigInt64(at, true))],
  uint64: [8, (view: DataView, at: number) => Number(view.getBigUint64(at, true))],
  float32: [4, (view: DataView, at: number) => view.getFloat32(at, true)],
} as const;

type NumberKind = keyof typeof KINDS;

/**
 * How many elements a file may be read to have for each of its bytes, besides some that any file may have: a writer may let equal
 * texts and vectors share bytes.
 */
const MAX_READS_PER_BYTE = 4;
const BASE_READS = 2 ** 16;

/** The bytes of a file, which are read within their bounds alone. */
class CheckedBytes {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #refuse: (problem: string) => Error;
  #readsLeft: number;

  constructor(bytes: Uint8Array, refuse: (problem: string) => Error) {
    // A Buffer of Node is a Uint8Array whose slice() shares memory, with the whole file behind it.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#refuse = refuse;
    this.#readsLeft = BASE_READS + MAX_READS_PER_BYTE * bytes.length;
  }

  number(at: number, kind: NumberKind): number {
    const [width, read] = KINDS[kind];
    this.#check(at, width);
    return read(this.#view, at);
  }

  /** The place that an offset leads to. */
  followed(at: number): number {
    return at + this.number(at, 'uint32');
  }

  /** The length of the vector at a place, whose elements stand behind it. */
  lengthAt(at: number, width: number): number {
    const length = this.number(at, 'uint32');
    this.#check(at + 4, length * width);
    this.#readsLeft -= length;
    this.count();
    return length;
  }

  /** Counts one more read. */
  count(): void {
    if (--this.#readsLeft < 0) throw this.#refuse('its offsets lead to the same bytes over and over');
  }

  refuse(problem: string): Error {
    return this.#refuse(problem);
  }

  #check(at: number, length: number): void {
    if (at < 0 || at + length > this.bytes.length)
      throw this.#refuse(`${length} bytes are wanted at ${at}, but there are ${this.bytes.length} in all`);
  }
}

/** A table of a flatbuffer. Fields are known by their number in the schema; one that is absent has the schema's default. */
export class Table {
  readonly #bytes: CheckedBytes;
  readonly #at: number;
  readonly #offsets: number;
  readonly #offsetsEnd: number;

  private constructor(bytes: CheckedBytes, at: number) {
    bytes.count();
    this.#bytes = bytes;
    this.#at = at;
    this.#offsets = at - bytes.number(at, 'int32');
    this.#offsetsEnd = this.#offsets + bytes.number(this.#offsets, 'uint16');
  }

  /**
   * The table that all else hangs on.
   * @param refuse makes the error about bytes that are no flatbuffer, of the rest of its sentence
   */
  static root(bytes: Uint8Array, refuse: (problem: string) => Error): Table {
    const checked = new CheckedBytes(bytes, refuse);
    return new Table(checked, checked.followed(0));
  }

  has(field: number): boolean {
    return this.#place(field) !== undefined;
  }

  number(field: number, kind: NumberKind, absent = 0): number {
    const place = this.#place(field);
    return place === undefined ? absent : this.#bytes.number(place, kind);
  }

  flag(field: number, absent = false): boolean {
    return this.number(field, 'bool', absent ? 1 : 0) !== 0;
  }

  table(field: number): Table | undefined {
    const place = this.#place(field);
    return place === undefined ? undefined : new Table(this.#bytes, this.#bytes.followed(place));
  }

  /** A text; '' if it is absent. */
  text(field: number): string {
    return new TextDecoder().decode(this.bytes(field));
  }

  /** The bytes of a vector, as a view of the file's. */
  bytes(field: number): Uint8Array {
    const vector = this.#vector(field, 1);
    return vector === undefined ? new Uint8Array() : this.#bytes.bytes.subarray(vector.start, vector.start + vector.length);
  }

  numbers(field: number, kind: NumberKind): readonly number[] {
    const [width] = KINDS[kind];
    const vector = this.#vector(field, width);
    if (vector === undefined) return [];
    return Array.from({ length: vector.length }, (_, index) => this.#bytes.number(vector.start + index * width, kind));
  }

  /** The tables of a vector. @param max how many there may be; `what` they are, for the message about more */
  tables(field: number, max: number, what: string): readonly Table[] {
    const vector = this.#vector(field, 4);
    if (vector === undefined) return [];
    if (vector.length > max) throw this.#bytes.refuse(`it has ${vector.length} ${what}; the limit is ${max}`);
    return Array.from({ length: vector.length }, (_, index) => new Table(this.#bytes, this.#bytes.followed(vector.start + 4 * index)));
  }

  #vector(field: number, width: number): { readonly start: number; readonly length: number } | undefined {
    const place = this.#place(field);
    if (place === undefined) return undefined;
    const at = this.#bytes.followed(place);
    return { start: at + 4, length: this.#bytes.lengthAt(at, width) };
  }

  /** The place of a field; undefined if the table does not have it. Offsets begin behind the sizes of their table and of this one. */
  #place(field: number): number | undefined {
    const at = this.#offsets + 4 + 2 * field;
    if (at + 2 > this.#offsetsEnd) return undefined;
    const offset = this.#bytes.number(at, 'uint16');
    return offset === 0 ? undefined : this.#at + offset;
  }
}

/** The error about a file that is no flatbuffer of its format, or is cut. */
export const refusalOf =
  (file: string, what: string) =>
  (problem: string): Error =>
    broken(`${file} is no ${what}, or is cut: ${problem}.`);
