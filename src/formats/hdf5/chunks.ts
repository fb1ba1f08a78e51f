/** Values that are stored in chunks, each of which went through filters, as compression does it. */
import { unzlibSync } from 'fflate';
import { messageOf } from '../../base/errors.js';
import type { Cursor, Source } from './source.js';
import { leavesOf } from './trees.js';

/** The filters of a dataset, in the order in which they were applied. */
export type Filters = readonly ('deflate' | 'shuffle' | 'fletcher32')[];

const KNOWN_FILTERS: ReadonlyMap<number, Filters[number]> = new Map([
  [1, 'deflate'],
  [2, 'shuffle'],
  [3, 'fletcher32'],
]);

/** No byte of deflate makes more than so many (RFC 1951: 258 of two bits). */
const MAX_DEFLATE = 1_032;

/** Reads a message of filters (IV.A.2.l). */
export function readFilters(cursor: Cursor): Filters {
  const version = cursor.version(1, 2);
  const count = cursor.whole(1);
  if (version === 1) cursor.skip(6);
  const filters = Array.from({ length: count }, () => {
    const id = cursor.whole(2);
    const nameBytes = version === 1 || id >= 256 ? cursor.whole(2) : 0;
    const values = cursor.skip(2).whole(2);
    cursor.skip(version === 1 ? ((nameBytes + 7) & ~7) + 4 * (values + (values & 1)) : nameBytes + 4 * values);
    const filter = KNOWN_FILTERS.get(id);
    if (filter === undefined) throw cursor.source.unknown(`a dataset behind filter ${id} (deflate, shuffle and fletcher32 are known)`);
    return filter;
  });
  if (new Set(filters).size < count) throw cursor.source.unknown('a dataset that goes through one filter twice');
  return filters;
}

/** A dataset in chunks. */
interface Chunked {
  readonly shape: readonly number[];
  readonly elementBytes: number;
  /** Sizes of a chunk. */
  readonly chunk: readonly number[];
  readonly tree: number;
  readonly filters: Filters;
}

/** Reads all values, in rows. */
export function readChunks(source: Source, { shape, elementBytes, chunk, tree, filters }: Chunked): Uint8Array {
  const rank = shape.length;
  if (rank === 0 || chunk.length !== rank || chunk.some((size) => size < 1))
    throw source.wrong(`a dataset of ${rank} dimensions has chunks of ${chunk.length}`);
  const total = shape.reduce((product, size) => product * size, elementBytes);
  const chunkBytes = chunk.reduce((product, size) => product * size, elementBytes);
  const count = chunksOf(source, shape, chunk);
  // Each chunk is inflated once. Those at the end of an axis reach beyond the dataset, so that they have more bytes than its values.
  source.spend(count * chunkBytes);
  const values = new Uint8Array(total);
  const missing = new Set(Array.from({ length: count }, (_, index) => index));
  for (const [{ bytes, skipped, offset }, address] of leavesOf(source, tree, 1, (cursor) => readKey(cursor, rank))) {
    const place = offset.reduce(
      (index, at, axis) => index * Math.ceil((shape[axis] as number) / (chunk[axis] as number)) + at / (chunk[axis] as number),
      0,
    );
    if (!missing.delete(place) || offset.some((at, axis) => at >= (shape[axis] as number)))
      throw source.wrong(`a chunk at [${offset.join(', ')}] has no place in a dataset of [${shape.join(', ')}], or occurs twice`);
    const stored = source.slice(address, bytes);
    copyChunk(values, unfiltered(source, stored, filters, skipped, { chunkBytes, elementBytes }), { shape, chunk, offset, elementBytes });
  }
  if (missing.size > 0) throw source.wrong(`a dataset of [${shape.join(', ')}] lacks ${missing.size} of its chunks`);
  return values;
}

/** How many chunks a dataset has. */
function chunksOf(source: Source, shape: readonly number[], chunk: readonly number[]): number {
  const count = shape.reduce((product, size, axis) => product * Math.ceil(size / (chunk[axis] as number)), 1);
  source.count(count);
  return count;
}

/** A key of the tree: the bytes of a chunk, a bit for each filter that was left out, and the place of its first element. */
function readKey(cursor: Cursor, rank: number) {
  const [bytes, skipped] = [cursor.whole(4), cursor.whole(4)];
  const offset = Array.from({ length: rank }, () => cursor.whole(8));
  cursor.skip(8);
  return { bytes, skipped, offset };
}

/** Undoes the filters of a chunk, the last one first. */
function unfiltered(
  source: Source,
  stored: Uint8Array,
  filters: Filters,
  skipped: number,
  sizes: { chunkBytes: number; elementBytes: number },
): Uint8Array {
  const { chunkBytes, elementBytes } = sizes;
  let bytes = stored;
  for (const [index, filter] of [...filters.entries()].reverse()) {
    if ((skipped >> index) & 1) continue;
    if (filter === 'fletcher32') bytes = bytes.subarray(0, Math.max(0, bytes.length - 4));
    else if (filter === 'shuffle') bytes = unshuffled(bytes, elementBytes);
    else bytes = inflated(source, bytes, chunkBytes + (filters.includes('fletcher32') ? 4 : 0));
  }
  if (bytes.length !== chunkBytes) throw source.wrong(`a chunk has ${bytes.length} bytes; ${chunkBytes} are wanted`);
  return bytes;
}

function inflated(source: Source, bytes: Uint8Array, most: number): Uint8Array {
  if (most > bytes.length * MAX_DEFLATE) throw source.wrong(`a chunk of ${bytes.length} bytes cannot hold ${most}`);
  try {
    return unzlibSync(bytes, { out: new Uint8Array(most) });
  } catch (thrown) {
    throw source.wrong(`a chunk cannot be inflated: ${messageOf(thrown)}`);
  }
}

/** Puts the bytes of each element together, which stand apart: the first bytes of all elements, then the second ones. */
function unshuffled(bytes: Uint8Array, elementBytes: number): Uint8Array {
  const count = Math.floor(bytes.length / elementBytes);
  const whole = bytes.slice();
  for (let byte = 0; byte < elementBytes; byte++)
    for (let index = 0; index < count; index++) whole[index * elementBytes + byte] = bytes[byte * count + index] as number;
  return whole;
}

/** Copies the rows of a chunk that lie within the dataset. */
function copyChunk(
  values: Uint8Array,
  bytes: Uint8Array,
  { shape, chunk, offset, elementBytes }: Pick<Chunked, 'shape' | 'chunk' | 'elementBytes'> & { readonly offset: readonly number[] },
): void {
  const extent = shape.map((size, axis) => Math.min(chunk[axis] as number, size - (offset[axis] as number)));
  const rowBytes = (extent.at(-1) as number) * elementBytes;
  const rows = extent.slice(0, -1).reduce((product, size) => product * size, 1);
  for (let row = 0; row < rows; row++) {
    let [rest, from, to, fromStep, toStep] = [row, 0, 0, chunk.at(-1) as number, shape.at(-1) as number];
    to = offset.at(-1) as number;
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      const at = rest % (extent[axis] as number);
      rest = Math.floor(rest / (extent[axis] as number));
      from += at * fromStep;
      to += ((offset[axis] as number) + at) * toStep;
      fromStep *= chunk[axis] as number;
      toStep *= shape[axis] as number;
    }
    values.set(bytes.subarray(from * elementBytes, from * elementBytes + rowBytes), to * elementBytes);
  }
}
