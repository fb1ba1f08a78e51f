/** The kernels of support vector machines: how alike a row of features and each support vector are. */
import type { TypedValue } from '../../../../graph/graph.js';
import type { Call } from '../call.js';
import { numbersOf, table, turned } from './table.js';

/**
 * The kernel of rows and all support vectors: [batch, vectors].
 * @param rows [batch, features]
 * @param count of the support vectors, of which the file has one after another
 */
export function kernel(call: Call, rows: TypedValue, count: number): TypedValue {
  const vectors = numbersOf(call, 'support_vectors');
  const width = vectors.length / count;
  if (!Number.isInteger(width)) throw call.broken(`has ${vectors.length} numbers "support_vectors" for ${count} vectors`);
  const [gamma = 0, coef0 = 0, degree = 0] = call.attributes.numbers('kernel_params') ?? [];
  const name = call.attributes.text('kernel_type', 'LINEAR');
  if (name === 'RBF') return gaussian(call, rows, vectors, width, gamma);
  const product = call.apply('matmul', rows, table(call, 'support_vectors', 'float32', turned(vectors, width), [width, count]));
  if (name === 'LINEAR') return product;
  const linear = call.step('linear', [product], { alpha: gamma, beta: coef0 });
  if (name === 'POLY') return call.apply('pow', linear, call.number(degree, 'float32'));
  if (name === 'SIGMOID') return call.apply('tanh', linear);
  throw call.broken(`has the kernel_type "${name}"`);
}

/**
 * e^(-gamma · |row - vector|²), where the square of the distance is |row|² - 2 · row · vector + |vector|². The middle of the vectors is
 * taken from both first, so that little is lost where the features are far from 0.
 */
function gaussian(call: Call, rows: TypedValue, vectors: readonly number[], width: number, gamma: number): TypedValue {
  const count = vectors.length / width;
  const middle = new Float64Array(width);
  for (const [index, each] of vectors.entries()) middle[index % width] = (middle[index % width] as number) + each / count;
  const centred = vectors.map((each, index) => Math.fround(each - Math.fround(middle[index % width] as number)));
  const squares = Array.from({ length: count }, (_, vector) =>
    centred.slice(vector * width, (vector + 1) * width).reduce((sum, each) => sum + each * each, 0),
  );
  const own = call.apply('sub', rows, table(call, 'middle', 'float32', [...middle]));
  const doubled = turned(centred, width).map((each) => -2 * each);
  const mixed = call.apply('matmul', own, table(call, 'support_vectors', 'float32', doubled, [width, count]));
  const ownSquare = call.step('reduceSumSquare', [own], { axes: [1], keepDimensions: true });
  const distance = call.apply('add', call.apply('add', mixed, ownSquare), table(call, 'squares', 'float32', squares));
  return call.apply('exp', call.step('linear', [call.apply('relu', distance)], { alpha: -gamma, beta: 0 }));
}
