/** The table of importers: the operators that can be read, each with the function that reads it. */
import type { Importers } from './call.js';
import { CALL_IMPORTERS } from './calls.js';
import { ELEMENTWISE_IMPORTERS } from './elementwise.js';
import { MOVEMENT_IMPORTERS } from './movement.js';
import { NETWORK_IMPORTERS } from './network.js';
import { RECURRENT_IMPORTERS } from './recurrent.js';

export const IMPORTERS: Importers = {
  ...ELEMENTWISE_IMPORTERS,
  ...MOVEMENT_IMPORTERS,
  ...NETWORK_IMPORTERS,
  ...CALL_IMPORTERS,
  ...RECURRENT_IMPORTERS,
};
