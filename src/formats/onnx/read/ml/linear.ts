/** Reads linear models. */
import type { TypedValue } from '../../../../graph/graph.js';
import { cannotExpress } from '../../../reading/cannot-express.js';
import type { Call, Importers } from '../call.js';
import { classesOf, classified, topPlace } from './classes.js';
import { postTransformOf, transformed } from './post-transform.js';
import { featuresOf, numbersOf, table, turned } from './table.js';

/** Rows times coefficients, of which the file has one row for each score, plus intercepts: [batch, scores]. */
function linearScores(call: Call, count: number, intercepts: readonly number[]): TypedValue {
  const coefficients = numbersOf(call, 'coefficients');
  const width = coefficients.length / count;
  if (!Number.isInteger(width)) throw call.broken(`has ${coefficients.length} coefficients for ${count} scores`);
  const weights = table(call, 'coefficients', 'float32', turned(coefficients, width), [width, count]);
  const product = call.apply('matmul', featuresOf(call), weights);
  if (intercepts.length === 0) return product;
  if (intercepts.length !== count) throw call.broken(`has ${intercepts.length} intercepts for ${count} scores`);
  return call.apply('add', product, table(call, 'intercepts', 'float32', intercepts));
}

/** The predicted class is that of the greatest score before the transform. */
function linearClassifier(call: Call): readonly TypedValue[] {
  const classes = classesOf(call, 'classlabels_ints');
  const count = classes.names.length;
  const intercepts = numbersOf(call, 'intercepts');
  if (count < 2 || intercepts.length !== count) throw cannotExpress(`has ${intercepts.length} scores for ${count} classes`);
  const scores = linearScores(call, count, intercepts);
  return classified(call, classes, topPlace(call, scores), transformed(call, scores, postTransformOf(call)));
}

function linearRegressor(call: Call): TypedValue {
  const targets = call.attributes.whole('targets', 1);
  if (targets < 1) throw call.broken(`has ${targets} targets`);
  const scores = linearScores(call, targets, call.attributes.numbers('intercepts') ?? []);
  return transformed(call, scores, postTransformOf(call));
}

export const LINEAR_IMPORTERS: Importers = {
  'ai.onnx.ml.LinearClassifier': linearClassifier,
  'ai.onnx.ml.LinearRegressor': linearRegressor,
};
