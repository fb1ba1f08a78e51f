/** The datatype and the dataspace of a dataset or attribute: what one element is, and how many there are. */
import { sizeOf } from '../../base/dtype.js';
import { LIMITS } from '../limits.js';
import { MESSAGE, type Message } from './object-header.js';
import type { Cursor, Source } from './source.js';

/** One element. `opaque` stands for bytes without a meaning, and `other` for all that is not read. */
export interface ElementType {
  readonly kind: 'float' | 'whole' | 'text' | 'texts-elsewhere' | 'opaque' | 'other';
  readonly bytes: number;
  readonly isBigEndian: boolean;
  readonly isSigned: boolean;
}

const KINDS: ReadonlyMap<number, ElementType['kind']> = new Map([
  [0, 'whole'],
  [1, 'float'],
  [3, 'text'],
  [5, 'opaque'],
]);

/** Reads a datatype message (IV.A.2.d). */
export function readType(cursor: Cursor): ElementType {
  const head = cursor.whole(1);
  const [flags, bytes] = [cursor.whole(3), cursor.whole(4)];
  const kind = KINDS.get(head & 15) ?? ((head & 15) === 9 && (flags & 15) === 1 ? 'texts-elsewhere' : 'other');
  if (bytes === 0) throw cursor.source.wrong(`a datatype at byte ${cursor.at - 8} has elements of no bytes`);
  return { kind, bytes, isBigEndian: (flags & 1) !== 0, isSigned: (flags & 8) !== 0 };
}

/** Reads a dataspace message (IV.A.2.b). @returns the sizes; none for one element, and [0] for none */
export function readShape(cursor: Cursor): readonly number[] {
  const { source } = cursor;
  const version = cursor.version(1, 2);
  const [rank] = [cursor.whole(1), cursor.whole(1)];
  const kind = cursor.whole(1);
  if (version === 1) cursor.skip(4);
  else if (kind === 2) return [0];
  if (rank > LIMITS.rank) throw source.wrong(`a shape at byte ${cursor.at} has ${rank} dimensions; the limit is ${LIMITS.rank}`);
  const shape = Array.from({ length: rank }, () => cursor.length());
  if (sizeOf(shape) > LIMITS.elements || shape.some((size) => size > LIMITS.elements))
    throw source.wrong(`a shape is [${shape.join(', ')}], more than ${LIMITS.elements} elements`);
  return shape;
}

/** The place of the only message of a kind. */
export function messageAt(source: Source, messages: readonly Message[], kind: keyof typeof MESSAGE): Cursor | undefined {
  const message = messages.find((each) => each.kind === MESSAGE[kind]);
  if (message === undefined) return undefined;
  if (message.isShared) throw source.unknown(`a ${kind} that several objects share`);
  return source.at(message.at);
}
