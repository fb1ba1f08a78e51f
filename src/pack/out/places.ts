/** The places of a graph's constants in the shards, which hold the weights as TF.js takes them, and then what TF.js does not take. */
import type { Weight } from '../../formats/tfjs/weights.js';
import type { Graph } from '../../graph/graph.js';

/** A piece of the shards. */
type Piece = Pick<Weight, 'name' | 'bytes'>;

/** The places of the constants of a graph in its shards. */
export interface Places {
  /** For each constant, the byte at which it begins; shards are joined. */
  readonly offsets: readonly number[];
  /**
   * Constants that TF.js does not take in the form in which they are stored, behind its own weights: numbers that it takes as
   * parameters, and whole numbers of 8, 16 and 64 bits, which it has as others.
   */
  readonly others: readonly Piece[];
}

/** Finds each constant among the weights of TF.js, which are the same bytes, or else appends it. */
export function placeConstants({ constants }: Graph, weights: readonly Piece[]): Places {
  const found = new Map<Uint8Array, number>();
  let end = 0;
  const append = ({ bytes }: Piece): void => {
    if (!found.has(bytes)) found.set(bytes, end);
    end += bytes.length;
  };
  for (const weight of weights) append(weight);
  const others: Piece[] = [];
  for (const { value, bytes } of constants) {
    if (found.has(bytes)) continue;
    const piece = { name: value.name, bytes };
    append(piece);
    others.push(piece);
  }
  return { offsets: constants.map(({ bytes }) => found.get(bytes) as number), others };
}
