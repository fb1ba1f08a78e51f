/** The table of importers: the TensorFlow ops that can be read, each with the function that reads it. */
import type { Importers } from './call.js';
import { ELEMENTWISE_IMPORTERS } from './elementwise.js';
import { INDEXING_IMPORTERS } from './indexing.js';
import { MOVEMENT_IMPORTERS } from './movement.js';
import { NETWORK_IMPORTERS } from './network.js';
import { REDUCTION_IMPORTERS } from './reduction.js';

export const IMPORTERS: Importers = {
  ...ELEMENTWISE_IMPORTERS,
  ...REDUCTION_IMPORTERS,
  ...MOVEMENT_IMPORTERS,
  ...INDEXING_IMPORTERS,
  ...NETWORK_IMPORTERS,
};
