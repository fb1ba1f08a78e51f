/** Tables of lists of numbers, written as text: one row a line, lists between bars. */

/** Reads `2 3 | 1 0` as `[[2, 3], [1, 0]]`; nothing between two bars is an empty list. */
export const rows = (text: string): readonly (readonly (readonly number[])[])[] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((list) => list.trim().split(/\s+/).filter(Boolean).map(Number)));
