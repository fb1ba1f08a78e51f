/** The heaps of an HDF5 file: of the names in a group, of texts of any length, and of links or attributes of which there are many. */
import { LIMITS } from '../limits.js';
import { type Source, textOf } from './source.js';

/** Reads names of a local heap. */
export function localHeap(source: Source, address: number): (offset: number) => string {
  const cursor = source.at(address).expect('HEAP');
  cursor.version(0);
  const length = cursor.skip(3).length();
  cursor.length();
  const data = source.slice(cursor.place(), length);
  return (offset) => textOf(data.subarray(offset, offset + LIMITS.nameBytes + 1));
}

/** The objects of a collection of the global heap by their numbers. */
export function globalHeap(source: Source, address: number): ReadonlyMap<number, Uint8Array> {
  const cursor = source.at(address).expect('GCOL');
  cursor.version(1);
  const end = address + cursor.skip(3).length();
  const objects = new Map<number, Uint8Array>();
  while (cursor.at + 8 + source.lengthBytes <= end) {
    source.count();
    const number = cursor.whole(2);
    const length = cursor.skip(6).length();
    // The object with number 0 is the free space, which is the last one.
    if (number === 0) break;
    objects.set(number, cursor.bytes(length));
    cursor.skip(-length & 7);
  }
  return objects;
}

/** A fractal heap, as far as its objects lie in its own blocks, uncompressed. */
interface FractalHeap {
  /** Width of the table of blocks, size of its first blocks and of the largest that hold objects, and rows of its root. */
  readonly width: number;
  readonly startBytes: number;
  readonly maxDirectBytes: number;
  readonly rootRows: number;
  readonly root: number;
  /** Bytes of an offset in an object's number. */
  readonly offsetBytes: number;
}

/**
 * Opens a fractal heap (III.G). Sizes of blocks double from row to row: a place in the heap says the block.
 * @returns a function that finds the place of an object in the file by its number
 */
export function fractalHeap(source: Source, address: number): (id: Uint8Array) => number {
  const heap = readFractalHeap(source, address);
  return (id) => {
    // Bits 4 and 5 of the first byte say where the object lies; 0 is the heap itself.
    if (((id[0] ?? 0) & 0x30) !== 0) throw source.unknown('an object outside of its heap');
    let offset = 0;
    for (let index = heap.offsetBytes; index >= 1; index--) offset = offset * 256 + (id[index] ?? 0);
    return placeIn(source, heap, offset);
  };
}

function readFractalHeap(source: Source, address: number): FractalHeap {
  const cursor = source.at(address).expect('FRHP');
  cursor.version(0);
  cursor.skip(2);
  if (cursor.whole(2) > 0) throw source.unknown('a compressed heap');
  cursor.skip(5 + 2 * source.addressBytes + 10 * source.lengthBytes);
  const [width, startBytes, maxDirectBytes, heapBits] = [cursor.whole(2), cursor.length(), cursor.length(), cursor.whole(2)];
  const root = cursor.skip(2).place();
  const rootRows = cursor.whole(2);
  if (width < 1 || startBytes < 1 || maxDirectBytes < startBytes || heapBits > 64)
    throw source.wrong(`the heap at byte ${address} is no heap`);
  return { width, startBytes, maxDirectBytes, rootRows, root, offsetBytes: Math.ceil(heapBits / 8) };
}

/** Bytes that a number up to `most` takes. */
export const sizeBytes = (most: number): number => Math.floor(Math.log2(Math.max(1, most)) / 8) + 1;

function placeIn(source: Source, heap: FractalHeap, given: number): number {
  const { width, startBytes, maxDirectBytes, offsetBytes } = heap;
  const rowBytes = (row: number): number => startBytes * 2 ** Math.max(0, row - 1);
  let [block, rows, offset] = [heap.root, heap.rootRows, given];
  // No rows: the root is a block of objects. Each further step halves the offset, at least.
  while (rows > 0) {
    const cursor = source.at(block).expect('FHIB');
    cursor.skip(1 + source.addressBytes + offsetBytes);
    let row = 0;
    while (offset >= width * rowBytes(row)) {
      offset -= width * rowBytes(row);
      if (++row >= rows) throw source.wrong(`an object lies outside of the heap at byte ${heap.root}`);
    }
    const index = Math.floor(offset / rowBytes(row));
    block = cursor.skip((row * width + index) * source.addressBytes).place();
    offset -= index * rowBytes(row);
    rows = rowBytes(row) <= maxDirectBytes ? 0 : Math.floor(Math.log2(rowBytes(row) / (startBytes * width))) + 1;
  }
  source.at(block).expect('FHDB');
  return block + offset;
}
