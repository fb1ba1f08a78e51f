/** Layers that merge several tensors into one. */
import { shapeText } from '../../base/dtype.js';
import type { Dim } from '../../manifest/signature.js';
import { broken } from '../file-fields.js';
import { attr, type GraphTensor } from './builder.js';
import { type Call, knownSizes, type Rule, reshaped } from './rule.js';

/** The larger of two sizes that are broadcast: they are equal, or one of them is 1. */
function meet({ settings }: Call, a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  return a.map((dim, axis) => {
    const other = b[axis] as Dim;
    if (dim === null || other === null) return dim === 1 || other === 1 ? (dim ?? other) : null;
    if (dim !== other && dim !== 1 && other !== 1)
      throw broken(`${settings.what} merges inputs of shapes ${shapeText(a)} and ${shapeText(b)}, which do not fit.`);
    return Math.max(dim, other);
  });
}

function several(call: Call): readonly [GraphTensor, ...GraphTensor[]] {
  if (call.inputs.length < 2) throw broken(`${call.settings.what} merges at least 2 inputs, but is given ${call.inputs.length}.`);
  return call.inputs as unknown as readonly [GraphTensor, ...GraphTensor[]];
}

/** Applies an op to the inputs value by value, from left to right. */
function merge(call: Call, op: string): GraphTensor {
  const rank = Math.max(...several(call).map(({ shape }) => shape.length));
  // An input of fewer dimensions gets new ones after its batch, as in TF.js.
  const [first, ...rest] = several(call).map((input) => {
    const missing = rank - input.shape.length;
    return missing === 0 ? input : reshaped(call, input, [null, ...Array<number>(missing).fill(1), ...knownSizes(call, input)]);
  });
  return rest.reduce((sum, next) => call.graph.op(call.scope, op, [sum, next], meet(call, sum.shape, next.shape)), first as GraphTensor);
}

const elementwise =
  (op: string): Rule =>
  (call) => [merge(call, op)];

const subtract: Rule = (call) => {
  if (call.inputs.length !== 2) throw broken(`${call.settings.what} takes 2 inputs, but is given ${call.inputs.length}.`);
  return [merge(call, 'Sub')];
};

const average: Rule = (call) => {
  const sum = merge(call, 'AddV2');
  return [call.graph.op(call.scope, 'Mul', [sum, call.graph.number(1 / call.inputs.length)], sum.shape)];
};

const concatenate: Rule = (call) => {
  const { settings, graph, scope } = call;
  const inputs = several(call);
  const { shape } = inputs[0];
  const axis = settings.axis('axis', shape.length, -1);
  if (axis === 0) throw settings.wrong('axis', 'an axis other than the batch');
  for (const other of inputs) {
    if (other.shape.length !== shape.length || other.shape.some((dim, each) => each !== axis && dim !== shape[each]))
      throw broken(`${settings.what} joins inputs of shapes ${shapeText(shape)} and ${shapeText(other.shape)}, which do not fit.`);
  }
  const length = inputs.reduce<Dim>((sum, each) => {
    const size = each.shape[axis] ?? null;
    return sum === null || size === null ? null : sum + size;
  }, 0);
  const joined = shape.map((dim, each) => (each === axis ? length : dim));
  return [graph.op(scope, 'ConcatV2', [...inputs, graph.whole(axis)], joined, { N: attr.whole(inputs.length) })];
};

/** Scales a tensor to length 1 along an axis. */
function normalized({ graph, scope }: Call, x: GraphTensor, axis: number): GraphTensor {
  const shape = x.shape.map((dim, each) => (each === axis ? 1 : dim));
  const squares = graph.op(scope, 'Mul', [x, x], x.shape);
  const sum = graph.op(scope, 'Sum', [squares, graph.wholes([axis])], shape, { keep_dims: attr.flag(true) });
  const length = graph.op(scope, 'Sqrt', [graph.op(scope, 'Maximum', [sum, graph.number(1e-7)], shape)], shape);
  return graph.op(scope, 'RealDiv', [x, length], x.shape);
}

const dot: Rule = (call) => {
  const { settings, graph, scope, inputs } = call;
  const [a, b, ...more] = inputs;
  const rank = a?.shape.length ?? 0;
  if (a === undefined || b === undefined || more.length > 0)
    throw broken(`${settings.what} takes 2 inputs, but is given ${inputs.length}.`);
  if (rank !== b.shape.length || (rank !== 2 && rank !== 3))
    throw settings.refused(`with inputs of shapes ${shapeText(a.shape)} and ${shapeText(b.shape)}: both must have 2, or both 3 dimensions`);
  const given = settings.list('axes');
  const [along, across = along] = given.map((axis) => settings.axisOf(axis, 'axes', rank)) as [number, number?];
  if (given.length > 2 || along === 0 || across === 0) throw settings.wrong('axes', 'one or two axes other than the batch');
  if (a.shape[along] !== b.shape[across])
    throw broken(`${settings.what} multiplies shapes ${shapeText(a.shape)} and ${shapeText(b.shape)} along axes of different sizes.`);
  const normalize = settings.flag('normalize', false);
  const [left, right] = normalize ? [normalized(call, a, along), normalized(call, b, across)] : [a, b];
  if (rank === 2) {
    const product = graph.op(scope, 'Mul', [left, right], left.shape);
    return [graph.op(scope, 'Sum', [product, graph.wholes([1])], [null, 1], { keep_dims: attr.flag(true) })];
  }
  const shape = [null, a.shape[3 - along] ?? null, b.shape[3 - across] ?? null];
  const attrs = { adj_x: attr.flag(along === 1), adj_y: attr.flag(across === 2) };
  return [graph.op(scope, 'BatchMatMulV2', [left, right], shape, attrs)];
};

/** The layers that take several inputs. */
export const MERGING_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['Add', elementwise('AddV2')],
  ['Subtract', subtract],
  ['Multiply', elementwise('Mul')],
  ['Average', average],
  ['Maximum', elementwise('Maximum')],
  ['Minimum', elementwise('Minimum')],
  ['Concatenate', concatenate],
  ['Dot', dot],
];
