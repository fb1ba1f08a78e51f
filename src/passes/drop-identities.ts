/** Takes a value itself instead of an identity of it: an op of that name, or one that changes nothing because of its attributes. */
import type { Node, TypedValue, Value } from '../graph/graph.js';
import type { OpAttributes, OpName } from '../graph/ops/index.js';
import { typeText } from '../graph/tensor.js';
import { keepsOrder } from './element-order.js';
import type { Pass } from './pass.js';
import { replacing } from './patch.js';

export const dropIdentities: Pass = {
  name: 'drop identities',
  rewrite: (node) => (isIdentity(node) ? replacing(node.outputs[0] as Value, node.inputs[0] as Value) : undefined),
};

type Test<Name extends OpName> = (attributes: OpAttributes[Name], input: TypedValue) => boolean;

const always = (): boolean => true;

/** A window of one element that moves by one, and so stays within the picture. */
const isSingle = ({ windowDimensions, strides, padding }: OpAttributes['maxPool2d']): boolean =>
  [...windowDimensions, ...strides].every((each) => each === 1) && padding.every((each) => each === 0);

/** A reduction over axes of one element. */
const isOfSingles = ({ axes }: OpAttributes['reduceSum'], { type }: TypedValue): boolean => axes.every((axis) => type.shape[axis] === 1);

/** By op, whether the output is the input, where both have the same type. */
const TESTS: { readonly [Name in OpName]?: Test<Name> } = {
  identity: always,
  cast: always,
  reshape: always,
  expand: always,
  pad: always,
  tile: always,
  resample2d: always,
  concat: always,
  split: always,
  slice: ({ starts, strides }) => starts.every((start) => start === 0) && strides.every((stride) => stride > 0),
  transpose: ({ permutation }, { type }) => keepsOrder(permutation, type.shape),
  reverse: ({ axes }, { type }) => axes.every((axis) => type.shape[axis] === 1),
  spaceToDepth: ({ blockSize }) => blockSize === 1,
  depthToSpace: ({ blockSize }) => blockSize === 1,
  linear: ({ alpha, beta }) => alpha === 1 && beta === 0,
  leakyRelu: ({ alpha }) => alpha === 1,
  clamp: ({ min, max }) => min === Number.NEGATIVE_INFINITY && max === Number.POSITIVE_INFINITY,
  maxPool2d: isSingle,
  averagePool2d: isSingle,
  reduceSum: isOfSingles,
  reduceMean: isOfSingles,
  reduceProduct: isOfSingles,
  reduceMax: isOfSingles,
  reduceMin: isOfSingles,
};

function isIdentity({ op, attributes, inputs, outputs }: Node): boolean {
  const [input] = inputs;
  const test = TESTS[op] as Test<never> | undefined;
  if (test === undefined || input == null || inputs.length > 1 || outputs.length > 1) return false;
  // Only an identity by name takes a value whose type TF.js alone knows.
  return typeText(input.type) === typeText(outputs[0]?.type ?? null) && test(attributes as never, input as TypedValue);
}
