/** Permutations of axes: axis i of a transpose's output is axis permutation[i] of its input. */

export type Permutation = readonly number[];

/** The permutation of two transposes, the first of which is the inner one. */
export const composed = (first: Permutation, second: Permutation): Permutation => second.map((axis) => first[axis] as number);

/** The permutation that undoes another one. */
export const inverse = (permutation: Permutation): Permutation => permutation.map((_, axis) => permutation.indexOf(axis));

export const isIdentity = (permutation: Permutation): boolean => permutation.every((axis, index) => axis === index);

/** What stands for each axis, after a transpose. */
export const permuted = <T>(each: readonly T[], permutation: Permutation): readonly T[] => permutation.map((axis) => each[axis] as T);
