/** The table of the writers of ops that take, put and choose elements. */
import type { INDEXING_OPS } from '../../../graph/ops/indexing.js';
import type { WriteOps } from './call.js';
import { gather, gatherElements, gatherND, oneHot } from './gathering.js';
import { scatterElements, scatterND } from './scattering.js';
import { cropAndResize, nonMaxSuppression, nonzero, topK } from './selection.js';

export const INDEXING_WRITERS: WriteOps<keyof typeof INDEXING_OPS> = {
  ...{ gather, gatherElements, gatherND, oneHot, scatterND, scatterElements },
  ...{ topK, nonzero, nonMaxSuppression, cropAndResize },
};
