/** The header of a group or dataset: a list of messages, in one block of the file or in several. */
import type { Cursor, Source } from './source.js';

/** The kinds of messages that are read. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** A message. */
export interface Message {
  readonly kind: number;
  /** The place of its content in the file. */
  readonly at: number;
  readonly length: number;
  /** Whether the content lies elsewhere, and an address stands in its place. */
  readonly isShared: boolean;
}

/** A block of messages. */
interface Block {
  readonly start: number;
  readonly length: number;
}

/** Bit 1 of a message's flags. */
const SHARED = 2;

/**
 * Reads the header at an address, of version 1 or 2 (HDF5 File Format Specification 3.0, IV.A).
 * @throws {PannierError} `model-format`
 */
export function readHeader(source: Source, address: number): readonly Message[] {
  source.count();
  return source.slice(address, 4).every((byte, index) => byte === 'OHDR'.charCodeAt(index))
    ? readSecondVersion(source, address)
    : readFirstVersion(source, address);
}

function readFirstVersion(source: Source, address: number): readonly Message[] {
  const cursor = source.at(address);
  cursor.version(1);
  const length = cursor.skip(7).whole(4);
  return readBlocks(source, { start: address + 16, length }, ({ start, length: size }, add) => {
    const inner = source.at(start);
    while (inner.at + 8 <= start + size) {
      const [kind, bytes, flags] = [inner.whole(2), inner.whole(2), inner.whole(1)];
      add(inner.skip(3), kind, bytes, flags);
    }
  });
}

function readSecondVersion(source: Source, address: number): readonly Message[] {
  const cursor = source.at(address).expect('OHDR');
  cursor.version(2);
  const headerFlags = cursor.whole(1);
  // Times of access and change, and limits for attributes, may stand before the first block.
  cursor.skip((headerFlags & 0x20 ? 16 : 0) + (headerFlags & 0x10 ? 4 : 0));
  const length = cursor.whole(1 << (headerFlags & 3));
  const orderBytes = headerFlags & 4 ? 2 : 0;
  let isFirst = true;
  return readBlocks(source, { start: cursor.at, length }, ({ start, length: size }, add) => {
    const inner = source.at(start);
    // A block behind the first one has a signature, and its length counts that and a checksum.
    const end = start + size - (isFirst ? 0 : 4);
    if (!isFirst) inner.expect('OCHK');
    isFirst = false;
    while (inner.at + 4 + orderBytes <= end) {
      const [kind, bytes, flags] = [inner.whole(1), inner.whole(2), inner.whole(1)];
      add(inner.skip(orderBytes), kind, bytes, flags);
    }
  });
}

/** Reads a first block of messages, and those that messages of continuation name. A block is read once. */
function readBlocks(
  source: Source,
  first: Block,
  read: (block: Block, add: (cursor: Cursor, kind: number, length: number, flags: number) => void) => void,
): readonly Message[] {
  const messages: Message[] = [];
  const waiting = [first];
  const begun = new Set<number>();
  for (let block = waiting.shift(); block !== undefined; block = waiting.shift()) {
    if (begun.has(block.start)) throw source.wrong(`the header's block at byte ${block.start} continues itself`);
    begun.add(block.start);
    read(block, (cursor, kind, length, flags) => {
      source.count();
      const { at } = cursor;
      cursor.bytes(length);
      if (kind !== MESSAGE.continuation) {
        messages.push({ kind, at, length, isShared: (flags & SHARED) !== 0 });
        return;
      }
      const inner = source.at(at);
      waiting.push({ start: inner.place(), length: inner.length() });
    });
  }
  return messages;
}
