/** Shapes of ranks 0 to 6, whose sizes are odd and even, below and above four and sixteen lanes of a vector. */

export const SHAPES: readonly (readonly number[])[] = [
  [],
  [1],
  [2],
  [3],
  [5],
  [8],
  [17],
  [40],
  [1, 1],
  [2, 3],
  [7, 8],
  [17, 3],
  [3, 40],
  [1, 7, 1],
  [2, 3, 4],
  [5, 2, 8],
  [1, 2, 3, 4],
  [3, 1, 5, 2],
  [2, 7, 7, 3],
  [1, 1, 1, 1, 1],
  [2, 1, 3, 2, 5],
  [1, 2, 1, 3, 2, 2],
  [2, 3, 1, 2, 1, 3],
];

/** Shapes without any element. */
export const EMPTY: readonly (readonly number[])[] = [[0], [0, 4], [2, 0, 3]];

/** More than a thousand elements: TF.js computes what is smaller on the processor, even on a GPU. */
export const LARGE = [3, 401] as const;

/** Shapes that broadcast. */
export const PAIRS: readonly (readonly [a: readonly number[], b: readonly number[]])[] = [
  [[], []],
  [[1], [1]],
  [[3], [3]],
  [[8], [8]],
  [[17], [17]],
  [[40], [40]],
  [[], [5]],
  [[40], []],
  [[1], [8]],
  [
    [2, 3],
    [2, 3],
  ],
  [[7, 8], [8]],
  [[3], [5, 3]],
  [
    [3, 1],
    [1, 4],
  ],
  [
    [1, 8],
    [5, 1],
  ],
  [
    [2, 3, 4],
    [2, 3, 4],
  ],
  [
    [2, 1, 3],
    [5, 1],
  ],
  [[2, 3, 5], [1]],
  [
    [1, 1, 4],
    [3, 2, 1],
  ],
  [[2, 5, 5, 3], [3]],
  [
    [2, 1, 1, 4],
    [2, 3, 3, 4],
  ],
  [
    [1, 3, 2, 1],
    [2, 1, 1, 5],
  ],
  [
    [2, 1, 3, 2, 5],
    [2, 1, 3, 2, 5],
  ],
  [
    [1, 2, 3, 1, 2],
    [3, 1, 2],
  ],
  [
    [1, 2, 1, 3, 2, 2],
    [2, 1, 2, 1, 1, 2],
  ],
  [[2, 3, 1, 2, 1, 3], []],
];
