/** Constants in another shape. */
import type { Constant } from '../graph/graph.js';
import type { Shape } from '../graph/tensor.js';

/** A constant of as many elements, whose bytes stay as they are stored. */
export const withShape = (constant: Constant, shape: Shape): Constant => ({
  ...constant,
  value: { ...constant.value, type: { ...constant.value.type, shape } },
});
