/** The places of constants in the memory of a module, and how they get there when the model is loaded. */
import { sizeOf } from '../../../base/dtype.js';
import type { Constant } from '../../../graph/graph.js';
import { roomFor } from '../lower/values.js';

/** One way in which a constant's elements are put into memory. */
export type Placement =
  /** The elements lie row by row. */
  | { readonly kind: 'plain'; readonly address: number }
  /** The elements lie in blocks of columns: see the kernel `interleave`. `fromElement` is where the matrix begins among the constant's elements. */
  | {
      readonly kind: 'interleaved';
      readonly address: number;
      readonly fromElement: number;
      readonly rows: number;
      readonly columns: number;
      readonly rowStride: number;
      readonly columnStride: number;
      readonly width: number;
      readonly blockBytes: number;
    };

/** Elements in blocks of columns. */
export type BlockPlacement = Extract<Placement, { readonly kind: 'interleaved' }>;

/** Elements of a constant that lie in blocks at an offset in reserved memory. */
export interface Blocks extends Omit<BlockPlacement, 'kind' | 'address'> {
  /** The constant. */
  readonly name: string;
  /** Bytes from the begin of the reserved memory. */
  readonly offset: number;
}

/** Gives constants their places, from the address 0 on. */
export class WeightLayout {
  readonly #placements = new Map<string, Placement[]>();
  readonly #plain = new Map<string, number>();
  /** Addresses of memory that holds blocks, by the text of what it holds. */
  readonly #blocks = new Map<string, number>();
  readonly #tables = new Map<string, { readonly address: number; readonly bytes: Uint8Array }>();
  #end = 16;
  #zeroBytes = 0;

  /** The address of a constant whose elements lie row by row. */
  plain({ value: { name, type } }: Constant): number {
    const known = this.#plain.get(name);
    if (known !== undefined) return known;
    const address = this.reserve(4 * sizeOf(type.shape as readonly number[]));
    this.#plain.set(name, address);
    this.#place(name, { kind: 'plain', address });
    return address;
  }

  /**
   * Reserves memory for blocks of constants. Equal blocks are one: two layers may share a filter, and so does a layer in all its sizes.
   * @returns its address
   */
  placeBlocks(bytes: number, blocks: readonly Blocks[]): number {
    const key = JSON.stringify([bytes, blocks]);
    const known = this.#blocks.get(key);
    if (known !== undefined) return known;
    const begin = this.reserve(bytes);
    this.#blocks.set(key, begin);
    for (const { name, offset, ...block } of blocks) this.#place(name, { kind: 'interleaved', address: begin + offset, ...block });
    return begin;
  }

  /** The places in blocks of a value that turns out to be no constant. They are not laid out when the model is loaded. */
  takePlacements(name: string): readonly BlockPlacement[] {
    const taken = (this.#placements.get(name) ?? []).filter((each) => each.kind === 'interleaved');
    this.#placements.delete(name);
    // A layer with an equal value has to say its own places.
    for (const key of [...this.#blocks.keys()]) if (key.includes(`"name":${JSON.stringify(name)}`)) this.#blocks.delete(key);
    return taken;
  }

  /** Says how a constant's elements get to a place that was reserved. */
  #place(name: string, placement: Placement): void {
    this.#placements.set(name, [...(this.#placements.get(name) ?? []), placement]);
  }

  /** Memory that no tensor of a run ever takes. */
  reserve(bytes: number): number {
    const address = this.#end;
    this.#end += roomFor(bytes);
    return address;
  }

  /** The address of numbers that the compiler made; equal tables are one. */
  table(numbers: Float32Array | Int32Array): number {
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    const key = String(bytes);
    const known = this.#tables.get(key);
    if (known !== undefined) return known.address;
    const address = this.reserve(bytes.length);
    this.#tables.set(key, { address, bytes });
    return address;
  }

  /** Asks for so many bytes of zeros, whose address is {@link zeros} when all is laid out. */
  needZeros(bytes: number): void {
    this.#zeroBytes = Math.max(this.#zeroBytes, roomFor(bytes));
  }

  get zeros(): number {
    return this.#end;
  }

  /** Bytes of all constants, tables and zeros. */
  get bytes(): number {
    return this.#end + this.#zeroBytes;
  }

  get tables(): Iterable<{ readonly address: number; readonly bytes: Uint8Array }> {
    return this.#tables.values();
  }

  /** The places of each constant that a module needs, by its name. */
  get placements(): ReadonlyMap<string, readonly Placement[]> {
    return this.#placements;
  }
}
