/**
 * Constants whose elements are moved as they are stored: a transposed weight of one byte per element stays one, and nothing is rounded
 * on the way.
 */
import type { Constant, Node, Storage } from '../graph/graph.js';
import type { OpName } from '../graph/ops/index.js';
import type { Tensor } from '../graph/tensor.js';

/** The ops whose outputs hold elements of their first input, or of all inputs, and no others. */
const MOVES: Readonly<Partial<Record<OpName, 'first' | 'all'>>> = {
  ...{ identity: 'first', reshape: 'first', transpose: 'first', expand: 'first', slice: 'first', split: 'first', tile: 'first' },
  ...{ reverse: 'first', spaceToDepth: 'first', depthToSpace: 'first', gather: 'first', gatherElements: 'first', gatherND: 'first' },
  concat: 'all',
};

/** How the outputs of a node can be stored without computing them from numbers: as its inputs are. Undefined if there is no such way. */
export function movedStorage({ op }: Node, constants: readonly (Constant | null)[]): Storage | undefined {
  const moved = MOVES[op] === undefined ? [] : constants.slice(0, MOVES[op] === 'all' ? constants.length : 1);
  const [first, ...others] = moved.map((constant) => constant?.storage);
  // The scales would have to move with their axis.
  if (first?.kind === 'int8') return undefined;
  return others.every((storage) => JSON.stringify(storage) === JSON.stringify(first)) ? first : undefined;
}

/** Whether an input of a node is one whose elements it moves. */
export const isMovedInput = ({ op }: Node, index: number): boolean => MOVES[op] === 'all' || (MOVES[op] === 'first' && index === 0);

/** The element type of as many bytes as an element takes: its values stand for the stored bits. */
const carrierOf = ({ value: { type }, storage: { kind } }: Constant): Tensor['dataType'] => {
  if (kind === 'plain') return type.dataType === 'float16' ? 'int16' : type.dataType;
  return kind === 'uint8' ? 'uint8' : 'int16';
};

/** A constant of the stored bits of another one. */
export function storedBits(constant: Constant): Constant {
  const { value, bytes } = constant;
  return { value: { ...value, type: { ...value.type, dataType: carrierOf(constant) } }, bytes, storage: { kind: 'plain' } };
}
