/** The table of the reference's kernels: one for each op that the graph can say. */
import type { OpName } from '../../graph/ops/index.js';
import { ELEMENTWISE_KERNELS } from './elementwise.js';
import { INDEXING_KERNELS } from './indexing.js';
import type { Kernels } from './kernel.js';
import { MOVEMENT_KERNELS } from './movement.js';
import { NETWORK_KERNELS } from './network.js';
import { REDUCTION_KERNELS } from './reduction.js';
import { QUANTIZATION_KERNELS } from './requantize.js';

/** An op that the reference computes. */
export type ComputedOp = Exclude<OpName, 'tfjsGraph'>;

export const KERNELS: Kernels<ComputedOp> = {
  ...ELEMENTWISE_KERNELS,
  ...REDUCTION_KERNELS,
  ...MOVEMENT_KERNELS,
  ...INDEXING_KERNELS,
  ...NETWORK_KERNELS,
  ...QUANTIZATION_KERNELS,
};
