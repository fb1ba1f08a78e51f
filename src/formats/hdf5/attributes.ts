/** Attributes that hold texts. All others are passed over. */
import { sizeOf } from '../../base/dtype.js';
import { fractalHeap, globalHeap } from './heaps.js';
import { MESSAGE, type Message } from './object-header.js';
import { type Cursor, type Source, textOf } from './source.js';
import { recordsOf } from './trees.js';
import { type ElementType, messageAt, readShape, readType } from './types.js';

/** Records of a tree that name attributes by the hash of their names. */
const ATTRIBUTE_RECORDS = [8];

/**
 * Reads the attributes of an object that are texts or lists of texts, in any order. An empty list is one of texts, since Keras
 * writes it as one of floats.
 */
export function readAttributes(source: Source, messages: readonly Message[]): ReadonlyMap<string, readonly string[]> {
  const attributes = new Map<string, readonly string[]>();
  const heaps = new Map<number, ReadonlyMap<number, Uint8Array>>();
  const add = (at: number) => {
    const read = readAttribute(source, at, heaps);
    if (read !== undefined) attributes.set(...read);
  };
  for (const { kind, at, isShared } of messages) if (kind === MESSAGE.attribute && !isShared) add(at);
  for (const at of elsewhere(source, messages)) add(at);
  return attributes;
}

/** The places of attributes that lie in a heap, as many or large ones do. */
function elsewhere(source: Source, messages: readonly Message[]): readonly number[] {
  const info = messageAt(source, messages, 'attributeInfo');
  if (info === undefined) return [];
  info.version(0);
  if (info.whole(1) & 1) info.skip(2);
  const [heap, tree] = [info.address(), info.address()];
  if (heap === undefined || tree === undefined) return [];
  const placeOf = fractalHeap(source, heap);
  return recordsOf(source, tree, ATTRIBUTE_RECORDS).map((record) => placeOf(record));
}

function readAttribute(source: Source, at: number, heaps: Heaps): readonly [name: string, texts: readonly string[]] | undefined {
  const cursor = source.at(at);
  source.count();
  const version = cursor.version(1, 2, 3);
  const flags = cursor.whole(1);
  const [nameBytes, typeBytes, shapeBytes] = [cursor.whole(2), cursor.whole(2), cursor.whole(2)];
  if (version === 3) cursor.skip(1);
  // In version 1 each part is filled up to 8 bytes.
  const padded = (bytes: number): number => (version === 1 ? (bytes + 7) & ~7 : bytes);
  const name = textOf(cursor.bytes(nameBytes));
  if (version > 1 && (flags & 3) !== 0) return undefined;
  const typeAt = at + (version === 3 ? 9 : 8) + padded(nameBytes);
  const shapeAt = typeAt + padded(typeBytes);
  const type = readType(source.at(typeAt));
  const count = sizeOf(readShape(source.at(shapeAt)));
  if (count === 0) return [name, []];
  if (type.kind !== 'text' && type.kind !== 'texts-elsewhere') return undefined;
  return [name, readTexts(source.at(shapeAt + padded(shapeBytes)), type, count, heaps)];
}

type Heaps = Map<number, ReadonlyMap<number, Uint8Array>>;

/** Reads texts, which lie here, each filled up with zeros or spaces, or each in a heap of texts. */
function readTexts(cursor: Cursor, type: ElementType, count: number, heaps: Heaps): readonly string[] {
  const { source } = cursor;
  const stored = source.at(cursor.at).bytes(count * type.bytes);
  source.count(count);
  if (type.kind === 'text')
    return Array.from({ length: count }, (_, index) => textOf(stored.subarray(index * type.bytes, (index + 1) * type.bytes)));
  return Array.from({ length: count }, () => {
    const length = cursor.whole(4);
    const [address, number] = [cursor.place(), cursor.whole(4)];
    if (length === 0) return '';
    const heap = heaps.get(address) ?? globalHeap(source, address);
    heaps.set(address, heap);
    const text = heap.get(number);
    if (text === undefined || text.length < length) throw source.wrong(`a text of ${length} bytes is not in the heap at byte ${address}`);
    source.spend(length);
    return textOf(text.subarray(0, length));
  });
}
