/** The last step of classifiers and regressors of ai.onnx.ml: a transform of their scores. */
import type { TypedValue } from '../../../../graph/graph.js';
import { cannotExpress } from '../../../reading/cannot-express.js';
import type { Call } from '../call.js';

/** The transforms in the order of the numbers that TreeEnsemble has for them. */
const TRANSFORMS = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'] as const;
export type PostTransform = (typeof TRANSFORMS)[number];

/** The transform that a node names; TreeEnsemble has a number for it. */
export function postTransformOf(call: Call, isNumber = false): PostTransform {
  const { attributes } = call;
  const given = isNumber ? (TRANSFORMS[attributes.whole('post_transform', 0)] ?? '') : attributes.text('post_transform', 'NONE');
  const found = TRANSFORMS.find((each) => each === given);
  if (found === undefined) throw call.broken(`has the post_transform "${given}"`);
  return found;
}

/**
 * Scores after a transform.
 * @param scores [batch, scores]
 * @throws {CannotExpress} for a transform of one score, but for PROBIT: onnxruntime leaves it out, against the op's definition
 */
export function transformed(call: Call, scores: TypedValue, transform: PostTransform): TypedValue {
  if (transform === 'NONE') return scores;
  if (transform === 'PROBIT') return probit(call, scores);
  if (scores.type.shape[1] === 1) throw cannotExpress(`has the post_transform ${transform} of a single score`);
  if (transform === 'LOGISTIC') return call.apply('sigmoid', scores);
  return transform === 'SOFTMAX' ? call.step('softmax', [scores], { axis: 1 }) : softmaxOfOthers(call, scores);
}

/** Scores nearer to 0 than this count as 0 in SOFTMAX_ZERO. */
const ZERO = 1e-7;

/** A softmax over the scores that are not 0. A score of 0 stays 0. */
function softmaxOfOthers(call: Call, scores: TypedValue): TypedValue {
  const greatest = call.step('reduceMax', [scores], { axes: [1], keepDimensions: true });
  const power = call.apply('exp', call.apply('sub', scores, greatest));
  const isZero = call.apply('lesserOrEqual', call.apply('abs', scores), call.number(ZERO, 'float32'));
  const counted = call.apply('where', isZero, call.number(0, 'float32'), power);
  return call.apply('div', counted, call.step('reduceSum', [counted], { axes: [1], keepDimensions: true }));
}

/** The number of Winitzki's approximation of the inverse error function, as onnxruntime has it. */
const A = 0.147;

/** √2 · erf⁻¹(2 · score - 1). */
function probit(call: Call, scores: TypedValue): TypedValue {
  const linear = (value: TypedValue, alpha: number, beta: number) => call.step('linear', [value], { alpha, beta });
  const centred = linear(scores, 2, -1);
  const log = call.apply('log', call.apply('mul', linear(centred, -1, 1), linear(centred, 1, 1)));
  const middle = linear(log, 0.5, 2 / (Math.PI * A));
  const root = call.apply('sqrt', call.apply('sub', call.apply('mul', middle, middle), linear(log, 1 / A, 0)));
  const size = call.apply('sqrt', call.apply('sub', root, middle));
  return linear(call.apply('mul', call.apply('sign', centred), size), Math.SQRT2, 0);
}
