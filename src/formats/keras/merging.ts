/** Layers that merge several tensors into one. */
import type { TypedValue } from '../../graph/graph.js';
import { isOpen, type Size } from '../../graph/size.js';
import { shapeText } from '../../graph/tensor.js';
import { broken } from '../file-fields.js';
import { unitLength } from './normalisation.js';
import { type Call, type Rule, reshaped, sizeAt } from './rule.js';

type Merge = 'add' | 'sub' | 'mul' | 'max' | 'min';

function several({ inputs, settings }: Call): readonly [TypedValue, ...TypedValue[]] {
  const [first, ...rest] = inputs;
  if (first !== undefined && rest.length > 0) return [first, ...rest];
  throw broken(`${settings.what} merges at least 2 inputs, but is given ${inputs.length}.`);
}

function both({ inputs, settings }: Call): readonly [TypedValue, TypedValue] {
  const [a, b, ...more] = inputs;
  if (a !== undefined && b !== undefined && more.length === 0) return [a, b];
  throw broken(`${settings.what} takes 2 inputs, but is given ${inputs.length}.`);
}

/** Applies an op to the inputs value by value, from left to right. */
function merge(call: Call, op: Merge): TypedValue {
  const rank = Math.max(...several(call).map(({ type }) => type.shape.length));
  // An input of fewer dimensions gets new ones after its batch.
  const [first, ...rest] = several(call).map((input) => {
    const { shape } = input.type;
    const missing = rank - shape.length;
    return missing === 0 ? input : reshaped(call, input, [sizeAt(input, 0), ...Array<number>(missing).fill(1), ...shape.slice(1)]);
  });
  return rest.reduce((merged, next) => call.op(op, [merged, next], {}), first as TypedValue);
}

const elementwise =
  (op: Merge): Rule =>
  (call) => [merge(call, op)];

const subtract: Rule = (call) => {
  both(call);
  return [merge(call, 'sub')];
};

const average: Rule = (call) => [call.op('div', [merge(call, 'add'), call.number(call.inputs.length)], {})];

const concatenate: Rule = (call) => {
  const inputs = several(call);
  const axis = call.settings.axis('axis', inputs[0].type.shape.length, -1);
  if (axis === 0) throw call.settings.wrong('axis', 'an axis other than the batch');
  return [call.op('concat', inputs, { axis })];
};

const dot: Rule = (call) => {
  const { settings } = call;
  const [a, b] = both(call);
  const [left, right] = [a.type.shape, b.type.shape];
  if (left.length !== right.length || (left.length !== 2 && left.length !== 3))
    throw settings.refused(`with inputs of shapes ${shapeText(left)} and ${shapeText(right)}: both must have 2, or both 3 dimensions`);
  const given = settings.list('axes');
  const [along, across = along] = given.map((axis) => settings.axisOf(axis, 'axes', left.length)) as [number, number?];
  if (given.length > 2 || along === 0 || across === 0) throw settings.wrong('axes', 'one or two axes other than the batch');
  const [one, other] = [left[along] as Size, right[across] as Size];
  if (!isOpen(one) && !isOpen(other) && one !== other)
    throw broken(`${settings.what} multiplies shapes ${shapeText(left)} and ${shapeText(right)} along axes of different sizes.`);
  const normalize = settings.flag('normalize', false);
  const [x, y] = normalize ? [unitLength(call, a, [along], 1e-7), unitLength(call, b, [across], 1e-7)] : [a, b];
  if (left.length === 2) return [call.op('reduceSum', [call.op('mul', [x, y], {})], { axes: [1], keepDimensions: true })];
  const turned = (value: TypedValue) => call.op('transpose', [value], { permutation: [0, 2, 1] });
  return [call.op('matmul', [along === 1 ? turned(x) : x, across === 2 ? turned(y) : y], {})];
};

/** The layers that take several inputs. */
export const MERGING_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['Add', elementwise('add')],
  ['Subtract', subtract],
  ['Multiply', elementwise('mul')],
  ['Average', average],
  ['Maximum', elementwise('max')],
  ['Minimum', elementwise('min')],
  ['Concatenate', concatenate],
  ['Dot', dot],
];
