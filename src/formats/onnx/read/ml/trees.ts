/** Reads ensembles of trees. */
import type { TypedValue } from '../../../../graph/graph.js';
import { isOpen, product, type Size } from '../../../../graph/size.js';
import { cannotExpress } from '../../../reading/cannot-express.js';
import type { Call, Importers } from '../call.js';
import { type Aggregate, aggregated, scoredForSure } from './aggregate.js';
import { type Classes, classesOf, classified, topPlace } from './classes.js';
import { type Forest, type Form, forestOf } from './forest.js';
import { postTransformOf, transformed } from './post-transform.js';
import { featuresOf, table } from './table.js';
import { type Ensemble, isLeaf, listedTrees, numberedTrees } from './tree.js';

/** The sums, or what else an ensemble makes of its leaves, for rows of features: [batch, scores]. */
function scoresOf(call: Call, ensemble: Ensemble, count: number, aggregate: Aggregate): TypedValue {
  const rows = featuresOf(call);
  const [batch, width] = rows.type.shape as readonly [Size, Size];
  if (isOpen(width)) throw cannotExpress('takes an unknown number of features. Convert the model with FloatTensorType([None, FEATURES])');
  const forest = forestOf(call, ensemble, width);
  return aggregated(call, ensemble, forest, reached(call, forest, rows, batch), count, aggregate);
}

/**
 * The place of the leaf that each row reaches in each tree: [batch, trees]. All trees go one step at a time, so that the work does not
 * grow with the number of nodes; a tree that has reached a leaf stays there.
 */
function reached(call: Call, forest: Forest, rows: TypedValue, batch: Size): TypedValue {
  const { roots, steps } = forest;
  const start = call.numbers('int32', roots, [1, roots.length]);
  if (steps === 0) return call.step('expand', [start], { newShape: [batch, roots.length] });
  const tables = {
    features: table(call, 'features', 'int32', forest.features),
    bounds: table(call, 'bounds', 'float32', forest.bounds),
    next: table(call, 'next', 'int32', forest.next),
  };
  const forms = forest.forms.map((form) => formOf(call, rows, form));
  const all = forms.length === 1 ? (forms[0] as TypedValue) : call.step('concat', forms, { axis: 1 });
  const width = all.type.shape[1] as number;
  const rowWidths = call.step('expand', [call.numbers('int32', [width], [1, 1])], { newShape: [batch, 1] });
  const rowStarts = call.step('cumulativeSum', [rowWidths], { axis: 0, exclusive: true, reversed: false });
  const elements = call.step('reshape', [all], { newShape: [product(all.type.shape)] });
  let place = start;
  for (let step = 0; step < steps; step++) {
    const taken = (from: TypedValue, places: TypedValue) => call.step('gather', [from, places], { axis: 0, batchDimensions: 0 });
    const feature = taken(elements, call.apply('add', rowStarts, taken(tables.features, place)));
    const isBelow = call.apply('lesser', feature, taken(tables.bounds, place));
    place = call.apply('add', taken(tables.next, place), call.cast(isBelow, 'int32'));
  }
  return place;
}

function formOf(call: Call, rows: TypedValue, form: Form): TypedValue {
  const signed = form.startsWith('negative') ? call.apply('neg', rows) : rows;
  if (!form.endsWith('below')) return signed;
  return call.apply('where', call.apply('isNaN', signed), call.number(Number.NEGATIVE_INFINITY, 'float32'), signed);
}

const AGGREGATES = ['AVERAGE', 'SUM', 'MIN', 'MAX'] as const;

function aggregateOf(call: Call, isNumber = false): Aggregate {
  const { attributes } = call;
  const given = isNumber ? AGGREGATES[attributes.whole('aggregate_function', 1)] : attributes.text('aggregate_function', 'SUM');
  const found = AGGREGATES.find((each) => each === given);
  if (found === undefined) throw call.broken(`has the aggregate_function "${given}"`);
  return found;
}

/** Numbers that are added to the scores: one for each score, or none. */
function withBase(call: Call, scores: TypedValue, count: number): TypedValue {
  if (call.attributes.has('base_values_as_tensor')) throw cannotExpress('has base values of float64');
  const base = call.attributes.numbers('base_values') ?? [];
  if (base.length === 0) return scores;
  if (base.length !== count) throw cannotExpress(`has ${base.length} base values for ${count} scores`);
  return call.apply('add', scores, table(call, 'base_values', 'float32', base));
}

function treeEnsemble(call: Call): TypedValue {
  const count = call.attributes.whole('n_targets');
  return transformed(call, scoresOf(call, listedTrees(call), count, aggregateOf(call, true)), postTransformOf(call, true));
}

function treeEnsembleRegressor(call: Call): TypedValue {
  const count = call.attributes.whole('n_targets');
  const scores = scoresOf(call, numberedTrees(call, 'target'), count, aggregateOf(call));
  return transformed(call, withBase(call, scores, count), postTransformOf(call));
}

function treeEnsembleClassifier(call: Call): readonly TypedValue[] {
  const classes = classesOf(call, 'classlabels_int64s');
  const ensemble = numberedTrees(call, 'class');
  const weights = ensemble.nodes.flatMap((node) => (isLeaf(node) ? node.weights : []));
  const scored = new Set(weights.map(([target]) => target));
  const isPositive = weights.every(([, weight]) => weight >= 0);
  const count = classes.names.length;
  if (count === 2 && scored.size === 1 && scored.has(0)) return ofTwo(call, classes, ensemble, isPositive);
  if (count < 3 || scored.size < count) throw cannotExpress(`has scores of ${scored.size} classes, but names ${count}`);
  // A class that no reached leaf has a weight for is not predicted, even if all others are below 0.
  const isCertain =
    scoredForSure(ensemble).size === count || call.attributes.has('base_values') || weights.every(([, weight]) => weight > 0);
  if (!isCertain) throw cannotExpress('has leaves without a weight for some class, beside weights that are not above 0');
  const scores = withBase(call, scoresOf(call, ensemble, count, 'SUM'), count);
  return classified(call, classes, topPlace(call, scores), transformed(call, scores, postTransformOf(call)));
}

/**
 * Two classes with one score, which is that of the second class although the file gives it the place of the first. Weights that are all
 * positive make a probability; others a number whose sign tells the class.
 */
function ofTwo(call: Call, classes: Classes, ensemble: Ensemble, isPositive: boolean): readonly TypedValue[] {
  const transform = postTransformOf(call);
  if (transform === 'PROBIT') throw cannotExpress('has the post_transform PROBIT of a single score');
  const score = withBase(call, scoresOf(call, ensemble, 1, 'SUM'), 1);
  const isSecond = call.apply('greater', score, call.number(isPositive ? 0.5 : 0, 'float32'));
  const [batch] = score.type.shape as readonly [Size];
  const place = call.reshaped(call.cast(isSecond, 'int32'), [batch]);
  const isLogistic = transform === 'LOGISTIC';
  const other = call.step('linear', [score], { alpha: -1, beta: isPositive && !isLogistic ? 1 : 0 });
  const both = call.step('concat', [other, score], { axis: 1 });
  return classified(call, classes, place, isLogistic ? call.apply('sigmoid', both) : both);
}

export const TREE_IMPORTERS: Importers = {
  'ai.onnx.ml.TreeEnsemble': treeEnsemble,
  'ai.onnx.ml.TreeEnsembleClassifier': treeEnsembleClassifier,
  'ai.onnx.ml.TreeEnsembleRegressor': treeEnsembleRegressor,
};
