/** Reads support vector machines, whose scores are sums over their support vectors. */
import type { TypedValue } from '../../../../graph/graph.js';
import { cannotExpress } from '../../../reading/cannot-express.js';
import type { Call, Importers } from '../call.js';
import { classesOf, classified, topPlace } from './classes.js';
import { coupled, MAX_COUPLED_CLASSES, type Pair } from './coupling.js';
import { kernel } from './kernel.js';
import { postTransformOf } from './post-transform.js';
import { featuresOf, MAX_MADE, numbersOf, table } from './table.js';

const pairsOf = (count: number): readonly Pair[] =>
  Array.from({ length: count }, (_, first) =>
    Array.from({ length: count - first - 1 }, (_, behind): Pair => [first, first + 1 + behind]),
  ).flat();

/**
 * The weight of each support vector in the score of each pair: [vectors, pairs], row by row. The file has a row of coefficients for
 * each class but one: row j - 1 tells a vector of class i < j from class j, and row i one of class j from class i.
 */
function pairWeights(coefficients: readonly number[], perClass: readonly number[], pairs: readonly Pair[]): readonly number[] {
  const classOf = perClass.flatMap((count, index) => Array.from({ length: count }, () => index));
  return classOf.flatMap((own, vector) =>
    pairs.map(([first, second]) => {
      if (own !== first && own !== second) return 0;
      const row = own === first ? second - 1 : first;
      return coefficients[row * classOf.length + vector] as number;
    }),
  );
}

/** The class that wins the most of its pairs: a score above 0 is a vote for the first class of the pair. */
function winner(call: Call, scores: TypedValue, pairs: readonly Pair[], count: number): TypedValue {
  const isFirst = call.cast(call.apply('greater', scores, call.number(0, 'float32')), 'float32');
  const swing = pairs.flatMap((pair) => Array.from({ length: count }, (_, each) => Number(each === pair[0]) - Number(each === pair[1])));
  const lost = Array.from({ length: count }, (_, each) => pairs.filter(([, second]) => second === each).length);
  const gained = call.apply('matmul', isFirst, call.numbers('float32', swing, [pairs.length, count]));
  return topPlace(call, call.apply('add', gained, call.numbers('float32', lost)));
}

function svmClassifier(call: Call): readonly TypedValue[] {
  const { attributes } = call;
  const classes = classesOf(call, 'classlabels_ints');
  const count = classes.names.length;
  const perClass = attributes.wholes('vectors_per_class') ?? [];
  const vectors = perClass.reduce((sum, each) => sum + each, 0);
  if (vectors === 0 || count < 2) throw cannotExpress('has no support vectors');
  if (perClass.length !== count) throw call.broken(`has support vectors of ${perClass.length} classes, but names ${count}`);
  const transform = postTransformOf(call);
  if (transform !== 'NONE') throw cannotExpress(`has the post_transform ${transform}, which scikit-learn's machines do not have`);
  const [coefficients, rho] = [numbersOf(call, 'coefficients'), numbersOf(call, 'rho')];
  if (rho.length !== (count * (count - 1)) / 2) throw call.broken(`has ${rho.length} numbers "rho" for the pairs of ${count} classes`);
  const pairs = pairsOf(count);
  if (coefficients.length !== (count - 1) * vectors) throw call.broken(`has ${coefficients.length} coefficients for ${vectors} vectors`);
  if (perClass.some((each) => each < 0)) throw call.broken('has a class of fewer than 0 support vectors');
  if (vectors * pairs.length > MAX_MADE)
    throw cannotExpress(`tells ${count} classes apart by ${vectors} support vectors, which are too many`);
  const weights = table(call, 'weights', 'float32', pairWeights(coefficients, perClass, pairs), [vectors, pairs.length]);
  const sums = call.apply('matmul', kernel(call, featuresOf(call), vectors), weights);
  const scores = call.apply('add', sums, table(call, 'rho', 'float32', rho));
  return classified(call, classes, winner(call, scores, pairs, count), given(call, scores, pairs, count));
}

/** The scores that the node gives: probabilities if it has their parameters, else those of the pairs, of which two classes have both signs. */
function given(call: Call, scores: TypedValue, pairs: readonly Pair[], count: number): TypedValue {
  const [a, b] = [call.attributes.numbers('prob_a') ?? [], call.attributes.numbers('prob_b') ?? []];
  if (a.length === 0) return count === 2 ? call.step('concat', [call.apply('neg', scores), scores], { axis: 1 }) : scores;
  if (a.length !== pairs.length || b.length !== pairs.length)
    throw call.broken(`has ${a.length} numbers "prob_a" for ${pairs.length} pairs`);
  if (count > MAX_COUPLED_CLASSES)
    throw cannotExpress(`gives probabilities of ${count} classes; the limit is ${MAX_COUPLED_CLASSES}. Train with probability=False`);
  const exponent = call.apply('add', call.apply('mul', scores, table(call, 'prob_a', 'float32', a)), table(call, 'prob_b', 'float32', b));
  return coupled(call, call.apply('sigmoid', call.apply('neg', exponent)), pairs, count);
}

/** Without support vectors the coefficients are those of a line. One class is told from all others by the sign. */
function svmRegressor(call: Call): TypedValue {
  const { attributes } = call;
  const transform = postTransformOf(call);
  if (transform !== 'NONE') throw cannotExpress(`has the post_transform ${transform}, which scikit-learn's machines do not have`);
  const vectors = attributes.whole('n_supports', 0);
  const coefficients = numbersOf(call, 'coefficients');
  const rows = vectors > 0 ? kernel(call, featuresOf(call), vectors) : featuresOf(call);
  const weights = table(call, 'coefficients', 'float32', coefficients, [coefficients.length, 1]);
  const sums = call.apply('matmul', rows, weights);
  const scores = call.apply('add', sums, call.number(numbersOf(call, 'rho')[0] as number, 'float32'));
  if (!attributes.flag('one_class')) return scores;
  const isInside = call.apply('greater', scores, call.number(0, 'float32'));
  return call.apply('where', isInside, call.number(1, 'float32'), call.number(-1, 'float32'));
}

export const SVM_IMPORTERS: Importers = {
  'ai.onnx.ml.SVMClassifier': svmClassifier,
  'ai.onnx.ml.SVMRegressor': svmRegressor,
};
