/** The table of the kernels that neural networks are made of. */
import type { NETWORK_OPS } from '../../graph/ops/network.js';
import { conv2d } from './convolution.js';
import type { Kernels } from './kernel.js';
import { matmul } from './matmul.js';
import { batchNormalization, instanceNormalization, layerNormalization, localResponseNormalization } from './normalization.js';
import { averagePool2d, l2Pool2d, maxPool2d } from './pooling.js';
import { resample2d } from './resample.js';
import { convTranspose2d } from './transposed-convolution.js';

export const NETWORK_KERNELS: Kernels<keyof typeof NETWORK_OPS> = {
  ...{ conv2d, convTranspose2d, averagePool2d, maxPool2d, l2Pool2d, matmul },
  ...{ batchNormalization, layerNormalization, instanceNormalization, localResponseNormalization, resample2d },
};
