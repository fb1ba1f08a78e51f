/** How far an answer may be from the reference's: by what the op computes, and by what WGSL allows on a GPU. */
import type { BackendName } from '../../src/base/backend-name.js';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { constantOf, tensorOf } from '../../src/graph/constant.js';
import type { Graph } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/tensor.js';
import type { KernelCase, Subject } from './case.js';

/** The distance from 1 to the next float32. */
const EPSILON = 2 ** -23;

/** The least float32 that has all its digits. */
const MIN_NORMAL = 2 ** -126;

/**
 * - `exact`: the op moves or chooses values, or rounds them to whole numbers. Nothing may be off.
 * - `rounded`: a few operations that IEEE 754 rounds: 2ε·|y| for each of n terms of a product; 4ε·|y| on webgpu, where WGSL allows a
 *   division 2.5 units in the last place, and to take what lies below the least normal float32 for 0.
 * - `sum`: n products are added in any order: (n + 4)·ε·Σ|terms|, where the reference computes Σ|terms| from the absolute values of all
 *   inputs (Higham, Accuracy and Stability of Numerical Algorithms, 2002, §3.1).
 * - `curve`: a function that is approximated: 8ε·max(1, |y|), which is about 1e-6. On webgpu 170ε·max(1, |y|), since WGSL allows exp(x)
 *   3 + 2|x| units in the last place, and |x| is at most 80 here.
 * - `angle`: as a curve; on webgpu 2^-11·max(1, y²), which WGSL allows sin and cos, and 4096 units in the last place, which it allows
 *   atan, are both within.
 * - `norm`: sums in a quotient, and values at places that float32 rounds: (n + 84)·ε·max(1, largest |y|).
 */
type Kind = 'exact' | 'rounded' | 'sum' | 'curve' | 'angle' | 'norm';

const KINDS: Readonly<Record<Exclude<Kind, 'exact'>, readonly Subject[]>> = {
  rounded: [
    ...(['add', 'sub', 'mul', 'div', 'reciprocal', 'sqrt', 'rsqrt', 'squaredDifference', 'leakyRelu', 'prelu'] as const),
    ...(['reduceProduct', 'cumulativeProduct'] as const),
  ],
  sum: [
    ...(['conv2d', 'convTranspose2d', 'matmul', 'averagePool2d', 'l2Pool2d', 'reduceSum', 'reduceMean', 'reduceL1', 'reduceL2'] as const),
    ...(['reduceSumSquare', 'cumulativeSum', 'resample2d', 'scatterND', 'scatterElements'] as const),
  ],
  curve: [
    ...(['exp', 'expm1', 'log', 'log1p', 'erf', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'sigmoid', 'softplus'] as const),
    ...(['softsign', 'hardSwish', 'selu', 'elu', 'hardSigmoid', 'linear', 'gelu', 'mod', 'pow', 'softmax', 'logSoftmax'] as const),
    ...(['reduceLogSum', 'reduceLogSumExp', 'nonMaxSuppression'] as const),
  ],
  angle: ['sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'atan2'],
  norm: ['batchNormalization', 'layerNormalization', 'instanceNormalization', 'localResponseNormalization', 'cropAndResize', 'chain'],
};

const KIND_OF = new Map(Object.entries(KINDS).flatMap(([kind, subjects]) => subjects.map((subject) => [subject, kind as Kind] as const)));

/** Whether an op's answer may be off by more than a share of itself: terms cancel each other out, or a function is approximated. */
export const isApproximate = (subject: Subject): boolean => !['exact', 'rounded'].includes(KIND_OF.get(subject) ?? 'exact');

/** Allowed errors of one output, element by element. */
export type Allowed = (index: number) => number;

/** Allowed errors of the float outputs of a case, by the output's place. */
export function allowedOf(
  { subject, graph, feeds, terms }: KernelCase,
  wanted: readonly Tensor[],
  backend: BackendName,
): readonly Allowed[] {
  const isGpu = backend === 'webgpu';
  const kind = KIND_OF.get(subject) ?? 'exact';
  const magnitudes = kind === 'sum' ? magnitudesOf(graph, feeds) : [];
  return wanted.map(({ data }, output): Allowed => {
    const size = (index: number) => Math.abs(data[index] as number);
    if (kind === 'exact') return () => 0;
    if (kind === 'rounded') return (index) => (isGpu ? 4 : 2) * Math.max(1, terms) * EPSILON * size(index) + (isGpu ? MIN_NORMAL : 0);
    if (kind === 'sum') return (index) => (terms + 4) * EPSILON * Math.abs(magnitudes[output]?.data[index] ?? 0);
    if (kind === 'curve') return (index) => (isGpu ? 170 : 8) * EPSILON * Math.max(1, size(index));
    if (kind === 'angle') return (index) => (isGpu ? 2 ** -11 * Math.max(1, size(index) ** 2) : 8 * EPSILON * Math.max(1, size(index)));
    const largest = Array.from<number>(data).reduce((max, value) => (Number.isFinite(value) ? Math.max(max, Math.abs(value)) : max), 1);
    return () => (terms + 84) * EPSILON * largest;
  });
}

/** What the reference answers where every float is positive: the sums of the absolute values of their terms. */
function magnitudesOf(graph: Graph, feeds: Readonly<Record<string, Tensor>>): readonly Tensor[] {
  const constants = graph.constants.map((constant) => ({
    ...constantOf(constant.value.name, absolute(tensorOf(constant))),
    value: constant.value,
  }));
  const absoluteFeeds = Object.entries(feeds).map(([name, tensor]) => [name, absolute(tensor)] as const);
  const answers = openReference({ ...graph, constants }).run(new Map(absoluteFeeds));
  return graph.outputs.map(({ name }) => answers.get(name) as Tensor);
}

const absolute = (tensor: Tensor): Tensor => (tensor.dataType === 'float32' ? { ...tensor, data: tensor.data.map(Math.abs) } : tensor);
