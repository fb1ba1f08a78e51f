/** The table of the kernels that take, put and choose elements. */
import type { INDEXING_OPS } from '../../graph/ops/indexing.js';
import { gather, gatherElements, gatherND, oneHot } from './gathering.js';
import type { Kernels } from './kernel.js';
import { cropAndResize } from './resample.js';
import { scatterElements, scatterND } from './scattering.js';
import { nonMaxSuppression, nonzero, topK } from './selection.js';

export const INDEXING_KERNELS: Kernels<keyof typeof INDEXING_OPS> = {
  ...{ gather, gatherElements, gatherND, oneHot, scatterND, scatterElements },
  ...{ topK, nonzero, nonMaxSuppression, cropAndResize },
};
