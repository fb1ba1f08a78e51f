/** Which nodes are computed in the node before them: TF.js adds a bias and applies an activation where a kernel stores its sums. */
import type { Fields } from '../../../base/fields.js';
import type { Graph, Node, NodeOf, TypedValue, Value } from '../../../graph/graph.js';
import type { OpAttributes } from '../../../graph/ops/index.js';
import { isSameSize, type Size } from '../../../graph/size.js';
import { attr } from './attributes.js';
import type { FusedActivation, Fusion, NodeWriter } from './call.js';
import type { WrittenTensor } from './graph-def.js';

/** The fusions of a graph. */
export interface Fusions {
  /** By the node in which they are computed. */
  readonly of: ReadonlyMap<Node, Fusion>;
  /** The nodes that are computed in another one. */
  readonly taken: ReadonlySet<Node>;
}

/**
 * Finds the additions and activations that alone take what a convolution or a matrix product makes. An activation is fused behind a
 * bias only, as TensorFlow's own fused nodes have it.
 */
export function fusionsOf(graph: Graph): Fusions {
  const users = usersIn(graph);
  const constants = new Set(graph.constants.map(({ value }) => value.name));
  const of = new Map<Node, Fusion>();
  const taken = new Set<Node>();
  const onlyUser = ({ outputs: [output] }: Node): Node | undefined => {
    const [user, ...others] = users.get(output?.name ?? '') ?? [];
    return others.length === 0 ? (user ?? undefined) : undefined;
  };
  for (const node of graph.nodes) {
    const addition = node.op === 'matmul' ? onlyUser(node) : undefined;
    const bias = addition && biasOf(addition, node as NodeOf<'matmul'>, constants);
    const adding = bias ? addition : hasOwnBias(node) ? node : undefined;
    const next = adding && onlyUser(adding);
    const activation = next && activationOf(next, constants, node);
    const last = activation ? next : adding;
    if (last === undefined || last === node) continue;
    of.set(node, { output: last.outputs[0] as Value, ...(bias && { bias }), ...(activation && { activation }) });
    for (const each of [adding, last]) if (each !== undefined && each !== node) taken.add(each);
  }
  return { of, taken };
}

/** The nodes that take each value, once for each time; null where the value is an output of the graph. */
function usersIn({ nodes, outputs }: Graph): ReadonlyMap<string, readonly (Node | null)[]> {
  const users = new Map<string, (Node | null)[]>();
  const add = (value: Value | null, user: Node | null): void => {
    if (value === null) return;
    const known = users.get(value.name);
    if (known === undefined) users.set(value.name, [user]);
    else known.push(user);
  };
  for (const node of nodes) for (const value of node.inputs) add(value, node);
  for (const value of outputs) add(value, null);
  return users;
}

/**
 * Whether TF.js (4.22) has one kernel for a convolution: groups are those of a depthwise one, and strides and dilations are not both
 * above 1. @param taken the channels that the filter takes
 */
export const isOneKernel = ({ groups, strides, dilations }: OpAttributes['conv2d'], taken: Size): boolean =>
  (groups === 1 || taken === 1) && (Math.max(...strides) === 1 || Math.max(...dilations) === 1);

const hasOwnBias = ({ op, attributes, inputs }: Node): boolean =>
  op === 'conv2d' && Boolean(inputs[2]) && isOneKernel(attributes, (inputs[1] as TypedValue).type.shape[2] as Size);

/**
 * The numbers that an addition adds to the columns of a product with one matrix. TF.js on wasm (4.22) fuses a bias of one axis alone.
 */
function biasOf({ op, inputs }: Node, node: NodeOf<'matmul'>, constants: ReadonlySet<string>): Value | undefined {
  const [{ type }, matrix] = [node.outputs[0] as TypedValue, node.inputs[1] as TypedValue];
  if (op !== 'add' || matrix.type.shape.length !== 2 || type.dataType !== 'float32') return undefined;
  const isBias = (value: Value): boolean =>
    (value.type?.shape.length ?? 0) <= type.shape.length && isAlongChannels(value, type.shape.at(-1) as Size, constants);
  return inputs.find((value): value is Value => value !== null && isBias(value));
}

/** Whether a value is a constant with a number for each channel, which is written as a list. */
function isAlongChannels({ name, type }: Value, channels: Size, constants: ReadonlySet<string>): boolean {
  const shape = type?.shape ?? [];
  return constants.has(name) && shape.length > 0 && shape.every((size, axis) => isSameSize(size, axis === shape.length - 1 ? channels : 1));
}

/** An activation that TF.js fuses into a producer. */
function activationOf({ op, attributes, inputs }: Node, constants: ReadonlySet<string>, producer: Node): FusedActivation | undefined {
  switch (op) {
    case 'relu':
      return { op: 'Relu' };
    case 'sigmoid':
      return { op: 'Sigmoid' };
    case 'clamp':
      return attributes.min === 0 && attributes.max === 6 ? { op: 'Relu6' } : undefined;
    case 'elu':
      return attributes.alpha === 1 ? { op: 'Elu' } : undefined;
    case 'leakyRelu':
      // TF.js's executor (4.22) does not read the factor of a depthwise convolution.
      return isDepthwise(producer) ? undefined : { op: 'LeakyRelu', alpha: attributes.alpha };
    case 'prelu': {
      const [slope, { type }] = [inputs[1] as Value, inputs[0] as TypedValue];
      return isAlongChannels(slope, type.shape.at(-1) as Size, constants) ? { op: 'Prelu', slope } : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether each channel is convolved by itself. */
const isDepthwise = ({ op, attributes }: Node): boolean => op === 'conv2d' && attributes.groups > 1;

/** Adds a node that TF.js adds a bias and applies an activation in. @param inputs without the bias @param channels of the output */
export function fused(
  call: NodeWriter,
  op: string,
  inputs: readonly WrittenTensor[],
  bias: WrittenTensor,
  channels: number,
  attributes: Fields,
): WrittenTensor {
  const { op: activation, alpha, slope } = call.fusion?.activation ?? {};
  const more = slope === undefined ? [] : [call.tensor(slope, [channels])];
  return call.add(op, [...inputs, bias, ...more], {
    ...attributes,
    fused_ops: attr.texts(['BiasAdd', ...(activation === undefined ? [] : [activation])]),
    num_args: attr.whole(1 + more.length),
    ...(alpha !== undefined && { leakyrelu_alpha: attr.number(alpha) }),
  });
}
