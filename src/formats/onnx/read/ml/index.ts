/** The importers of ai.onnx.ml, the domain of classical models. */
import type { Importers } from '../call.js';
import { ENCODER_IMPORTERS } from './encoders.js';
import { FEATURE_IMPORTERS } from './features.js';
import { LINEAR_IMPORTERS } from './linear.js';
import { SVM_IMPORTERS } from './svm.js';
import { TREE_IMPORTERS } from './trees.js';

/** The domain's name in files. */
export const ML_DOMAIN = 'ai.onnx.ml';

export const ML_IMPORTERS: Importers = {
  ...FEATURE_IMPORTERS,
  ...ENCODER_IMPORTERS,
  ...LINEAR_IMPORTERS,
  ...SVM_IMPORTERS,
  ...TREE_IMPORTERS,
};
