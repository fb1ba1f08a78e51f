/** The links of a group, by name. */
import { nameAt } from '../file-fields.js';
import { fractalHeap, localHeap } from './heaps.js';
import { MESSAGE, type Message } from './object-header.js';
import { type Cursor, type Source, textOf } from './source.js';
import { leavesOf, recordsOf } from './trees.js';
import { messageAt } from './types.js';

/** Records of a tree that name links by the hash of their names. */
const LINK_RECORDS = [5];

/** Reads the links of a group to objects of the file: their addresses by name. Links to other files or paths are passed over. */
export function readLinks(source: Source, messages: readonly Message[]): ReadonlyMap<string, number> {
  const links = new Map<string, number>();
  const add = (name: string, address: number | undefined) => {
    if (address === undefined) return;
    links.set(nameAt(name, `A link of ${source.file}`), address);
  };
  const table = messageAt(source, messages, 'symbolTable');
  if (table !== undefined) readSymbols(source, table.place(), table.place(), add);
  for (const { kind, at } of messages) if (kind === MESSAGE.link) readLink(source.at(at), add);
  const info = messageAt(source, messages, 'linkInfo');
  if (info === undefined) return links;
  info.version(0);
  if (info.whole(1) & 1) info.skip(8);
  const [heap, tree] = [info.address(), info.address()];
  if (heap === undefined || tree === undefined) return links;
  const placeOf = fractalHeap(source, heap);
  // The number of the object stands behind the hash of the name.
  for (const record of recordsOf(source, tree, LINK_RECORDS)) readLink(source.at(placeOf(record.subarray(4))), add);
  return links;
}

type Add = (name: string, address: number | undefined) => void;

/** Reads the symbol tables of an older group. */
function readSymbols(source: Source, tree: number, heap: number, add: Add): void {
  const nameOf = localHeap(source, heap);
  for (const [, address] of leavesOf(source, tree, 0, (cursor) => cursor.length())) {
    const cursor = source.at(address).expect('SNOD');
    cursor.version(1);
    const count = cursor.skip(1).whole(2);
    for (let index = 0; index < count; index++) {
      source.count();
      const [name, target] = [nameOf(cursor.whole(source.addressBytes)), cursor.address()];
      const isPath = cursor.whole(4) === 2;
      cursor.skip(20);
      add(name, isPath ? undefined : target);
    }
  }
}

/** Reads a link message (IV.A.2.g). */
function readLink(cursor: Cursor, add: Add): void {
  cursor.source.count();
  cursor.version(1);
  const flags = cursor.whole(1);
  const kind = flags & 8 ? cursor.whole(1) : 0;
  cursor.skip((flags & 4 ? 8 : 0) + (flags & 16 ? 1 : 0));
  const name = textOf(cursor.bytes(cursor.whole(1 << (flags & 3))));
  add(name, kind === 0 ? cursor.place() : undefined);
}
