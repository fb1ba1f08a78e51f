/** The B-trees of an HDF5 file. A node is read once, and a child lies one level below its parent, so that no tree is a circle. */
import { sizeBytes } from './heaps.js';
import type { Cursor, Source } from './source.js';

/**
 * Reads the entries of a tree of version 1 (III.A.1): in each leaf a key stands before each child.
 * @param type 0 for a group's, 1 for a dataset's chunks
 * @param readKey reads a key
 * @returns each key with the address that follows it
 */
export function leavesOf<Key>(
  source: Source,
  root: number,
  type: 0 | 1,
  readKey: (cursor: Cursor) => Key,
): readonly (readonly [Key, number])[] {
  const leaves: (readonly [Key, number])[] = [];
  const begun = new Set<number>();
  const waiting: { readonly address: number; readonly level: number | undefined }[] = [{ address: root, level: undefined }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (begun.has(next.address)) throw source.wrong(`the tree at byte ${root} leads twice to byte ${next.address}`);
    begun.add(next.address);
    const cursor = source.at(next.address).expect('TREE');
    if (cursor.whole(1) !== type) throw source.wrong(`the tree at byte ${next.address} is of another kind`);
    const [level, entries] = [cursor.whole(1), cursor.whole(2)];
    if (next.level !== undefined && level !== next.level)
      throw source.wrong(`the tree at byte ${root} has a node of level ${level} too low`);
    cursor.skip(2 * source.addressBytes);
    const children: { address: number; level: number }[] = [];
    for (let index = 0; index < entries; index++) {
      source.count();
      const key = readKey(cursor);
      const address = cursor.place();
      if (level === 0) leaves.push([key, address]);
      else children.push({ address, level: level - 1 });
    }
    waiting.push(...children.reverse());
  }
  return leaves;
}

/**
 * Reads the records of a tree of version 2 (III.A.2), in any order.
 * @param types the types of records that are wanted
 */
export function recordsOf(source: Source, address: number, types: readonly number[]): readonly Uint8Array[] {
  const cursor = source.at(address).expect('BTHD');
  cursor.version(0);
  const type = cursor.whole(1);
  if (!types.includes(type)) throw source.wrong(`the tree at byte ${address} has records of type ${type}`);
  const [nodeBytes, recordBytes, depth] = [cursor.whole(4), cursor.whole(2), cursor.whole(2)];
  const root = cursor.skip(2).address();
  const count = cursor.whole(2);
  if (root === undefined) return [];
  if (recordBytes < 1 || depth > MAX_DEPTH) throw source.wrong(`the tree at byte ${address} is no tree`);
  const pointers = pointerBytes(source, nodeBytes, recordBytes, depth);
  const records: Uint8Array[] = [];
  const begun = new Set<number>();
  const waiting = [{ address: root, count, level: depth }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (begun.has(next.address)) throw source.wrong(`the tree at byte ${address} leads twice to byte ${next.address}`);
    begun.add(next.address);
    const node = source
      .at(next.address)
      .expect(next.level === 0 ? 'BTLF' : 'BTIN')
      .skip(2);
    for (let index = 0; index < next.count; index++) {
      source.count();
      records.push(node.bytes(recordBytes));
    }
    if (next.level === 0) continue;
    const level = next.level - 1;
    for (let index = 0; index <= next.count; index++) {
      const child = node.place();
      waiting.push({ address: child, count: node.whole(pointers.count), level });
      node.skip(pointers.totals[level] as number);
    }
  }
  return records;
}

const MAX_DEPTH = 16;

/** Bytes that the numbers of records take in a pointer to a child: its own, and for each level of a child that of all below it. */
function pointerBytes(
  source: Source,
  nodeBytes: number,
  recordBytes: number,
  depth: number,
): { readonly count: number; readonly totals: readonly number[] } {
  // A node has a signature, a version, a type and a checksum besides.
  const room = nodeBytes - 10;
  const leafRecords = Math.floor(room / recordBytes);
  const count = sizeBytes(leafRecords);
  const totals = [0];
  let most = leafRecords;
  for (let level = 1; level < depth; level++) {
    const pointer = source.addressBytes + count + (totals[level - 1] as number);
    const own = Math.floor((room - pointer) / (recordBytes + pointer));
    most = (own + 1) * most + own;
    totals.push(sizeBytes(most));
  }
  return { count, totals };
}
