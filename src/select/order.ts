/** Which pair begins. */
import { isPair, type Named, type Pair } from '../api/candidate.js';

/** `pairs`, with one of them before all others. */
export const startingWith = (first: Named | undefined, pairs: readonly Pair[]): readonly Pair[] =>
  first === undefined ? pairs : [...pairs.filter((pair) => isPair(pair, first)), ...pairs.filter((pair) => !isPair(pair, first))];
