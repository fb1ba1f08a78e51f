/**
 * Probabilities of classes from those of their pairs, as libsvm couples them: Wu, Lin and Weng, Probability Estimates for Multi-class
 * Classification by Pairwise Coupling (2004), algorithm 2, with libsvm's tolerance.
 */
import type { TypedValue } from '../../../../graph/graph.js';
import type { Size } from '../../../../graph/size.js';
import type { Call } from '../call.js';

/** Each round has eleven ops for each class. */
export const MAX_COUPLED_CLASSES = 12;

/** Rows that are within the tolerance stay as they are. Of 20,000 random rows for each of 2 to 20 classes, all are there after 4 rounds. */
const ROUNDS = 5;

/** Pair probabilities keep this distance from 0 and 1. */
const MARGIN = 1e-7;

/** Two classes that are told apart, by their places. */
export type Pair = readonly [first: number, second: number];

/** The form p · Q · p, which the probabilities make least: Q is [batch, classes, classes], its diagonal [batch, 1, classes]. */
interface Form {
  readonly matrix: TypedValue;
  readonly diagonal: TypedValue;
}

/**
 * @param ofFirst the probability of the first class of each pair: [batch, pairs]
 * @param pairs of classes
 * @returns [batch, classes]
 */
export function coupled(call: Call, ofFirst: TypedValue, pairs: readonly Pair[], count: number): TypedValue {
  const form = formOf(call, call.step('clamp', [ofFirst], { min: MARGIN, max: 1 - MARGIN }), pairs, count);
  const batch = ofFirst.type.shape[0] as Size;
  const even = call.numbers('float32', Array(count).fill(1 / count), [1, 1, count]);
  let estimate = call.step('expand', [even], { newShape: [batch, 1, count] });
  for (let round = 0; round < ROUNDS; round++) estimate = improved(call, form, estimate, count);
  return call.reshaped(estimate, [batch, count]);
}

/** The diagonal has sums of squares: of the probabilities of a class's rivals. Elsewhere is minus the product of both sides of a pair. */
function formOf(call: Call, first: TypedValue, pairs: readonly Pair[], count: number): Form {
  const second = call.step('linear', [first], { alpha: -1, beta: 1 });
  const places = Array.from({ length: count * count }, (_, place): Pair => [Math.floor(place / count), place % count]);
  const spread = (value: TypedValue, weightOf: (pair: Pair, place: Pair) => number) =>
    call.apply(
      'matmul',
      value,
      call.numbers(
        'float32',
        pairs.flatMap((pair) => places.map((place) => weightOf(pair, place))),
        [pairs.length, places.length],
      ),
    );
  const isAt = (one: number, [row, column]: Pair) => row === one && column === one;
  const squares = call.apply(
    'add',
    spread(call.apply('mul', second, second), ([one], place) => Number(isAt(one, place))),
    spread(call.apply('mul', first, first), ([, two], place) => Number(isAt(two, place))),
  );
  const products = spread(call.apply('mul', first, second), (pair, place) => -Number(isSamePair(pair, place)));
  const batch = first.type.shape[0] as Size;
  const places3 = (value: TypedValue) => call.reshaped(value, [batch, count, count]);
  return {
    matrix: places3(call.apply('add', squares, products)),
    diagonal: call.step('reduceSum', [places3(squares)], { axes: [1], keepDimensions: true }),
  };
}

const isSamePair = ([one, two]: Pair, [row, column]: Pair): boolean => (row === one && column === two) || (row === two && column === one);

/** The estimate after each class's probability was made better once. A row whose error is within the tolerance keeps its own. */
function improved(call: Call, { matrix, diagonal }: Form, before: TypedValue, count: number): TypedValue {
  const slopeOf = (estimate: TypedValue) => {
    const slope = call.apply('matmul', estimate, matrix);
    return { slope, mean: call.step('reduceSum', [call.apply('mul', estimate, slope)], { axes: [2], keepDimensions: true }) };
  };
  const { slope, mean } = slopeOf(before);
  const error = call.step('reduceMax', [call.apply('abs', call.apply('sub', slope, mean))], { axes: [2], keepDimensions: true });
  let estimate = before;
  for (let place = 0; place < count; place++) {
    const own = slopeOf(estimate);
    const step = call.apply('div', call.apply('sub', own.mean, at(call, own.slope, place)), at(call, diagonal, place));
    const only = Array.from({ length: count }, (_, index) => Number(index === place));
    const moved = call.apply('add', estimate, call.apply('mul', step, call.numbers('float32', only, [1, 1, count])));
    estimate = call.apply('div', moved, call.step('linear', [step], { alpha: 1, beta: 1 }));
  }
  return call.apply('where', call.apply('lesser', error, call.number(0.005 / count, 'float32')), before, estimate);
}

/** One place along the last axis: [batch, 1, 1]. */
function at(call: Call, value: TypedValue, place: number): TypedValue {
  const batch = value.type.shape[0] as Size;
  return call.step('slice', [value], { starts: [0, 0, place], sizes: [batch, 1, 1], strides: [1, 1, 1] });
}
