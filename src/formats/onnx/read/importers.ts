/** The table of importers: the ONNX ops that can be read, each with the function that reads it. */
import { ACTIVATION_IMPORTERS } from './activations.js';
import { ATTENTION_IMPORTERS } from './attention.js';
import type { Importers } from './call.js';
import { CONTROL_IMPORTERS } from './control.js';
import { ELEMENTWISE_IMPORTERS } from './elementwise.js';
import { FUSED_ATTENTION_IMPORTERS } from './fused-attention.js';
import { FUSION_IMPORTERS } from './fusions.js';
import { SAMPLING_IMPORTERS } from './grid-sample.js';
import { INDEXING_IMPORTERS } from './indexing.js';
import { ML_IMPORTERS } from './ml/index.js';
import { MOVEMENT_IMPORTERS } from './movement.js';
import { NETWORK_IMPORTERS } from './network.js';
import { NORMALIZATION_IMPORTERS } from './normalization.js';
import { QUANTIZATION_IMPORTERS } from './quantization.js';
import { RECURRENT_IMPORTERS } from './recurrent.js';
import { REDUCTION_IMPORTERS } from './reduction.js';
import { RESIZE_IMPORTERS } from './resize.js';
import { SIGNAL_IMPORTERS } from './signal.js';

export const IMPORTERS: Importers = {
  ...ELEMENTWISE_IMPORTERS,
  ...ACTIVATION_IMPORTERS,
  ...REDUCTION_IMPORTERS,
  ...MOVEMENT_IMPORTERS,
  ...INDEXING_IMPORTERS,
  ...NETWORK_IMPORTERS,
  ...NORMALIZATION_IMPORTERS,
  ...RESIZE_IMPORTERS,
  ...QUANTIZATION_IMPORTERS,
  ...RECURRENT_IMPORTERS,
  ...ATTENTION_IMPORTERS,
  ...SIGNAL_IMPORTERS,
  ...SAMPLING_IMPORTERS,
  ...CONTROL_IMPORTERS,
  ...FUSION_IMPORTERS,
  ...FUSED_ATTENTION_IMPORTERS,
  ...ML_IMPORTERS,
};
