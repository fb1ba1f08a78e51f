/** The ops of ai.onnx.ml beside onnxruntime, and what of them is refused. */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { mulberry32 } from '../../src/base/random.js';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { parseModel } from '../../src/formats/onnx/proto.js';
import { readOnnx } from '../../src/formats/onnx/read/read.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { verify } from '../../src/graph/verify.js';
import { type OnnxAttribute, type OnnxNode, type OnnxValue, onnxModel } from '../fixtures/onnx.js';
import { type ForestOptions, forest } from '../fixtures/sklearn/forest.js';

const random = mulberry32(1);
const normal = () => Math.fround(random() + random() + random() + random() - 2);
const list = (count: number, draw = normal) => Array.from({ length: count }, draw);
const wholes = (...values: number[]) => values.map(BigInt);

const [ROWS, WIDTH] = [9, 4];
const half = () => Math.round(random() * 8 - 4) / 2;
const X = list(ROWS * WIDTH);

type Attributes = Readonly<Record<string, OnnxAttribute>>;
const node = (op: string, attributes: Attributes, outputs: readonly string[]): OnnxNode => ({
  ...{ op, domain: 'ai.onnx.ml', inputs: ['x'], outputs, attributes, name: op },
});

const SCORES: readonly OnnxValue[] = [{ name: 'y', shape: ['', ''] }];
const CLASSES: readonly OnnxValue[] = [
  { name: 'label', type: 'int64', shape: [''] },
  { name: 'y', shape: ['', ''] },
];

interface Given {
  readonly data?: readonly number[];
  readonly type?: 'float32' | 'int64';
  readonly outputs?: readonly OnnxValue[];
  readonly version?: number;
}

const fileOf = (op: string, attributes: Attributes, { type = 'float32', outputs = SCORES, version = 3 }: Given = {}): Uint8Array => {
  const nodes = [
    node(
      op,
      attributes,
      outputs.map(({ name }) => name),
    ),
  ];
  return onnxModel({ nodes, inputs: [{ name: 'x', type, shape: ['', WIDTH] }], outputs }, { ml: version });
};

const read = (file: Uint8Array) => readOnnx(parseModel(file, 'model.onnx'), new Map(), 'model.onnx');

/** Expects the reference to answer a node as onnxruntime does: classes the same, numbers within a share of the largest one. */
async function expectSame(op: string, attributes: Attributes, given: Given = {}, tolerance = 1e-5): Promise<void> {
  const { data = X, type = 'float32' } = given;
  const file = fileOf(op, attributes, given);
  const session = await InferenceSession.create(file, { logSeverityLevel: 4 });
  const shape = [data.length / WIDTH, WIDTH];
  const fed = type === 'int64' ? new OrtTensor(BigInt64Array.from(data, BigInt), shape) : new OrtTensor(Float32Array.from(data), shape);
  const wanted = await session.run({ x: fed });
  await session.release();
  const { graph } = read(file);
  verify(graph);
  const tensor: Tensor = { dataType: type, shape, data: type === 'int64' ? Float64Array.from(data) : Float32Array.from(data) };
  const answers = openReference(graph).run(new Map([['x', tensor]]));
  for (const { name } of given.outputs ?? SCORES) {
    const [got, original] = [answers.get(name) as Tensor, wanted[name] as OrtTensor];
    expect(got.shape).toEqual(original.dims);
    const numbers = Array.from(original.data as ArrayLike<number>, Number);
    const largest = Math.max(1e-6, ...numbers.filter(Number.isFinite).map(Math.abs));
    for (const [index, value] of numbers.entries()) {
      const answer = got.data[index] as number;
      // The probit of what is no probability is NaN.
      if (Number.isNaN(value)) expect(answer).toBeNaN();
      else expect(Math.abs(answer - value), `${name}[${index}]`).toBeLessThan(tolerance * largest);
    }
  }
}

const refusal = (op: string, attributes: Attributes, given: Given = {}) => {
  try {
    read(fileOf(op, attributes, given));
  } catch (thrown) {
    return (thrown as Error).message;
  }
  return 'no refusal';
};

describe('rows of features', () => {
  const holes = X.map((value, index) => (index % 3 ? value : Number.NaN));
  it.each<[string, Attributes, Given]>([
    ['Scaler', { offset: list(WIDTH), scale: list(WIDTH) }, {}],
    ['Scaler', { offset: [0.5], scale: [2] }, {}],
    ['Normalizer', { norm: 'MAX' }, {}],
    ['Normalizer', { norm: 'L1' }, {}],
    ['Normalizer', { norm: 'L2' }, { data: [...X.slice(WIDTH), 0, 0, 0, 0] }],
    ['Imputer', { imputed_value_floats: list(WIDTH), replaced_value_float: Number.NaN }, { data: holes }],
    ['Imputer', { imputed_value_floats: [7], replaced_value_float: 0.5 }, { data: X.map((value, index) => (index % 2 ? value : 0.5)) }],
    ['Binarizer', { threshold: 0.25 }, {}],
  ])('%s %j', expectSame);

  it('take categories of numbers', async () => {
    const data = list(ROWS * WIDTH, () => Math.floor(random() * 6));
    const given = { data, type: 'int64', outputs: [{ name: 'y', shape: ['', '', ''] }] } as const;
    await expectSame('OneHotEncoder', { cats_int64s: wholes(1, 5, 2), zeros: 1n }, given);
    await expectSame(
      'LabelEncoder',
      { keys_int64s: wholes(1, 5, 2), values_floats: [0.5, 0.25, 8], default_float: -3 },
      { data, type: 'int64' },
    );
    const holed = data.map((value) => (value === 5 ? Number.NaN : value));
    const keys = { dims: [2], values: [1, Number.NaN] };
    const tensors = { keys_tensor: keys, values_tensor: { dims: [2], values: [3, 4] }, default_tensor: { dims: [1], values: [9] } };
    await expectSame('LabelEncoder', tensors, { data: holed, version: 4 });
  });
});

const TRANSFORMS = ['NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO', 'PROBIT'];

describe('linear models', () => {
  const small = (count: number) => list(count, () => normal() / 20);
  it.each(TRANSFORMS)('with %s', async (post_transform) => {
    const line = { coefficients: small(3 * WIDTH), intercepts: [0.3, 0.3, 0.4], post_transform };
    await expectSame('LinearClassifier', { ...line, classlabels_ints: wholes(4, 2, 9), multi_class: 1n }, { outputs: CLASSES }, 1e-4);
    await expectSame('LinearRegressor', { ...line, targets: 3n }, {}, 1e-4);
  });

  it('have no transform of a single score, which onnxruntime leaves out', () => {
    const line = { coefficients: small(WIDTH), intercepts: [0.5], post_transform: 'LOGISTIC' };
    expect(refusal('LinearRegressor', { ...line, targets: 1n })).toContain('has the post_transform LOGISTIC of a single score');
  });
});

describe('support vector machines', () => {
  const kernels = ['LINEAR', 'RBF', 'POLY', 'SIGMOID'];
  const base = (kernel_type: string) => ({ kernel_type, kernel_params: [0.3, 0.1, 3] });
  it.each(kernels.flatMap((kernel) => [2, 3, 5].map((count) => [kernel, count] as const)))('%s of %d classes', async (kernel, count) => {
    const perClass = Array.from({ length: count }, (_, index) => 2 + (index % 3));
    const vectors = perClass.reduce((sum, each) => sum + each);
    const pairs = (count * (count - 1)) / 2;
    const machine = {
      ...{ ...base(kernel), coefficients: list((count - 1) * vectors), rho: list(pairs), support_vectors: list(vectors * WIDTH) },
      ...{ vectors_per_class: wholes(...perClass), classlabels_ints: wholes(...perClass.keys()), post_transform: 'NONE' },
    };
    await expectSame('SVMClassifier', machine, { outputs: CLASSES });
    await expectSame('SVMClassifier', { ...machine, prob_a: list(pairs, () => -1 - random()), prob_b: list(pairs) }, { outputs: CLASSES });
  });

  it.each(kernels)('%s regression, also of one class', async (kernel) => {
    const machine = { ...base(kernel), coefficients: list(6), rho: [0.2], n_supports: 6n, support_vectors: list(6 * WIDTH) };
    await expectSame('SVMRegressor', machine);
    await expectSame('SVMRegressor', { ...machine, one_class: 1n });
  });

  it('RBF of features that are far from 0', async () => {
    const far = (values: readonly number[]) => values.map((value) => value + 1000);
    const machine = { ...base('RBF'), coefficients: list(6), rho: [0.2], n_supports: 6n, support_vectors: far(list(6 * WIDTH)) };
    await expectSame('SVMRegressor', machine, { data: far(X) });
  });
});

describe('trees', () => {
  const ensemble = (options: Partial<ForestOptions> = {}) =>
    forest({
      trees: 6,
      depth: 5,
      features: WIDTH,
      targets: () => [0],
      kind: 'target',
      random,
      threshold: half,
      weight: normal,
      ...options,
    });
  /** Values that often are thresholds, missing or infinite. */
  const data = list(40 * WIDTH, () => {
    const kind = random();
    if (kind < 0.1) return Number.NaN;
    return kind < 0.15 ? Number.POSITIVE_INFINITY : kind < 0.2 ? Number.NEGATIVE_INFINITY : kind < 0.6 ? half() : normal();
  });
  const modes = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ'];

  it.each([...modes.map((mode) => [mode]), modes])('%s %s %s %s %s %s', async (...own) => {
    for (const missing of [0, 0.5])
      await expectSame('TreeEnsembleRegressor', { ...ensemble({ modes: own, missing }), n_targets: 1n }, { data });
  });

  it('split at the infinities', async () => {
    const threshold = () => (random() < 0.3 ? Number.POSITIVE_INFINITY : random() < 0.3 ? Number.NEGATIVE_INFINITY : half());
    await expectSame('TreeEnsembleRegressor', { ...ensemble({ modes, threshold }), n_targets: 1n }, { data });
  });

  it('are leaves alone', () => expectSame('TreeEnsembleRegressor', { ...ensemble({ depth: 0 }), n_targets: 1n }, { data }));

  it.each(['SUM', 'AVERAGE', 'MIN', 'MAX'])('take the %s', async (aggregate_function) => {
    const targets = () => [0, 1, 2];
    const three = { aggregate_function, n_targets: 3n, base_values: [0.5, 0.25, 1] };
    await expectSame('TreeEnsembleRegressor', { ...ensemble(), aggregate_function, n_targets: 1n, base_values: [0.5] }, { data });
    await expectSame('TreeEnsembleRegressor', { ...ensemble({ targets }), ...three }, { data });
    const apart = { ...ensemble({ targets: (tree) => [tree % 3] }), ...three };
    if (aggregate_function === 'SUM' || aggregate_function === 'AVERAGE') await expectSame('TreeEnsembleRegressor', apart, { data });
    else expect(refusal('TreeEnsembleRegressor', apart)).toContain('over trees that lack a weight for some score');
  });

  describe.each(TRANSFORMS)('classify with %s', (post_transform) => {
    it.each([
      ['weights of both signs', normal],
      ['positive weights', () => 0.01 + random() / 9],
    ])('and %s', async (_, weight) => {
      const given = { data, outputs: CLASSES };
      const three = { classlabels_int64s: wholes(3, 8, 1), post_transform };
      for (const targets of [() => [0, 1, 2], (tree: number) => [tree % 3]]) {
        await expectSame('TreeEnsembleClassifier', { ...ensemble({ kind: 'class', targets, weight }), ...three }, given, 1e-4);
        const based = { ...three, base_values: [0.1, 0.2, 0.3] };
        await expectSame('TreeEnsembleClassifier', { ...ensemble({ kind: 'class', targets, weight }), ...based }, given, 1e-4);
      }
      const two = { ...ensemble({ kind: 'class', weight }), classlabels_int64s: wholes(3, 8), post_transform };
      if (post_transform === 'PROBIT') return;
      await expectSame('TreeEnsembleClassifier', two, given);
      await expectSame('TreeEnsembleClassifier', { ...two, base_values: [0.25] }, given);
    });
  });

  it.each<[string, Attributes]>([
    [
      'has 1 leaf of a class',
      { ...ensemble({ kind: 'class', targets: () => [Math.floor(random() * 3)] }), classlabels_int64s: wholes(0, 1, 2) },
    ],
    ['has scores of 2 classes, but names 2', { ...ensemble({ kind: 'class', targets: () => [0, 1] }), classlabels_int64s: wholes(0, 1) }],
  ])('are refused where no rule of onnxruntime is known: %s', (told, attributes) => {
    const message = refusal('TreeEnsembleClassifier', attributes, { outputs: CLASSES });
    expect(message).toContain(told.startsWith('has 1') ? 'has leaves without a weight for some class' : told);
  });

  it('that are no trees are refused', () => {
    const tree = ensemble({ trees: 1, depth: 2, stop: 0 });
    const changed = (name: string, values: readonly bigint[]) =>
      refusal('TreeEnsembleRegressor', { ...tree, n_targets: 1n, [name]: values });
    const yes = tree['nodes_truenodeids'] as bigint[];
    expect(changed('nodes_truenodeids', yes.with(0, 0n))).toContain('has a node to which two nodes lead');
    expect(changed('nodes_truenodeids', yes.with(0, 99n))).toContain('has no node 99 in tree 0');
    const classifier: Attributes = { ...ensemble({ kind: 'class', targets: () => [0, 1, 2] }), classlabels_int64s: wholes(3, 8, 1) };
    const circle = (classifier['nodes_truenodeids'] as bigint[]).with(0, 0n);
    expect(refusal('TreeEnsembleClassifier', { ...classifier, nodes_truenodeids: circle }, { outputs: CLASSES })).toContain(
      'has a node to which two nodes lead',
    );
    expect(
      changed(
        'nodes_featureids',
        yes.map(() => 4n),
      ),
    ).toContain('asks for the feature 4, but takes 4');
    expect(
      changed(
        'nodes_nodeids',
        yes.map(() => 0n),
      ),
    ).toContain('has two nodes of one number in a tree');
    expect(
      changed(
        'target_ids',
        (tree['target_ids'] as bigint[]).map(() => 7n),
      ),
    ).toContain('has a weight for the score 7, but 1 scores');
  });
});
