/** Whether elements stay in their order in memory when axes change places. */
import type { Shape } from '../graph/tensor.js';

/** Whether a transposition moves axes of one element alone, so that it is a reshape. */
export function keepsOrder(permutation: readonly number[], shape: Shape): boolean {
  const moved = permutation.filter((axis) => shape[axis] !== 1);
  return moved.every((axis, index) => index === 0 || axis > (moved[index - 1] as number));
}
