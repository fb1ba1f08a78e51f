/** Which pair begins. */
import { isPair, type Pair } from '../selection.js';

/** `pairs`, with one of them before all others. */
export const startingWith = (first: Pair | undefined, pairs: readonly Pair[]): readonly Pair[] =>
  first === undefined ? pairs : [...pairs.filter((pair) => isPair(pair, first)), ...pairs.filter((pair) => !isPair(pair, first))];
