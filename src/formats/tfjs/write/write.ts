/** Writes our graph as a TF.js graph model, which TF.js's executor runs. Kernels of TF.js that are wrong are written around. */
import type { Fields } from '../../../base/fields.js';
import type { Graph, Node, TypedValue, Value } from '../../../graph/graph.js';
import { nodeError } from '../../../graph/node-error.js';
import type { OpName } from '../../../graph/ops/index.js';
import { isClosed } from '../../../graph/tensor.js';
import type { Weight } from '../weights.js';
import { attr, dtypeOf } from './attributes.js';
import { bitwiseAnd } from './bitwise.js';
import { Call, type Target, type WriteOp } from './call.js';
import { CONVOLUTION_WRITERS } from './convolution.js';
import { ELEMENTWISE_WRITERS } from './elementwise.js';
import { fusionsOf } from './fuse.js';
import { GraphDef, outputOf, type WrittenTensor } from './graph-def.js';
import { INDEXING_WRITERS } from './indexing.js';
import { matmul } from './matmul.js';
import { MOVEMENT_WRITERS } from './movement.js';
import { NORMALIZATION_WRITERS } from './normalization.js';
import { tfjsGraph } from './opaque.js';
import { POOLING_WRITERS } from './pooling.js';
import { REDUCTION_WRITERS } from './reduction.js';
import { requantize } from './requantize.js';
import { resample2d } from './resample.js';
import { WrittenSizes } from './sizes.js';

/** A TF.js graph model without its signature. */
export interface TfjsGraphModel {
  /** The GraphDef in the form of JSON. */
  readonly topology: Fields;
  /** In the order of the constants of the GraphDef; those of the library's functions come last. */
  readonly weights: readonly Weight[];
  /** The placeholder of each input of the graph. */
  readonly inputs: readonly string[];
  /** The tensor of each output of the graph, `node` or `node:1`. They differ from each other and from the inputs. */
  readonly outputs: readonly string[];
}

/** The ops that can be written. An identity is the tensor that it takes. */
const WRITERS: Readonly<Partial<Record<OpName, unknown>>> = {
  ...ELEMENTWISE_WRITERS,
  ...REDUCTION_WRITERS,
  ...MOVEMENT_WRITERS,
  ...INDEXING_WRITERS,
  identity: (call: Call<'identity'>) => call.input(),
  bitwiseAnd,
  matmul,
  ...CONVOLUTION_WRITERS,
  ...POOLING_WRITERS,
  ...NORMALIZATION_WRITERS,
  resample2d,
  requantize,
  tfjsGraph,
};

/**
 * Writes a graph. Values keep their names where a GraphDef allows them; constants keep the form in which they are stored.
 * @param graph verified
 * @throws {PannierError} `model-format`, naming the node, if TF.js cannot compute it right
 */
export function writeTfjs(graph: Graph): TfjsGraphModel {
  const def = new GraphDef();
  const sizes = new WrittenSizes(def);
  const constants = new Map(graph.constants.map((constant) => [constant.value.name, constant]));
  const tensors = new Map<string, WrittenTensor>();
  const find = ({ name, type }: Value, shape?: readonly number[]): WrittenTensor => {
    const constant = constants.get(name);
    if (constant !== undefined) return def.constant(constant, shape ?? (type?.shape as readonly number[]));
    const tensor = tensors.get(name) as WrittenTensor;
    if (shape === undefined) return tensor;
    return outputOf(def.add('Reshape', [tensor, def.numbers('parameter', 'int32', shape, [shape.length])], {}, name));
  };
  const target: Omit<Target, 'fusion'> = { def, sizes, find, constant: ({ name }) => constants.get(name) };
  const inputs = graph.inputs.map((input) => {
    const { type } = input;
    // Of an input whose type only TF.js knows, nothing is said.
    const attributes = type === null ? {} : { dtype: attr.type(dtypeOf(type.dataType)), shape: attr.shape(type.shape) };
    const tensor = nameAfter(outputOf(def.add('Placeholder', [], attributes, input.name)), input);
    tensors.set(input.name, tensor);
    sizes.declare(tensor, type?.shape ?? []);
    return tensor;
  });
  const fusions = fusionsOf(graph);
  for (const node of graph.nodes) {
    if (fusions.taken.has(node)) continue;
    const fusion = fusions.of.get(node);
    for (const [index, tensor] of write(node, { ...target, fusion }).entries()) {
      const value = fusion?.output ?? (node.outputs[index] as Value);
      tensors.set(value.name, nameAfter(tensor, value));
      if ('countName' in node.attributes) sizes.declare(tensor, value.type?.shape ?? []);
    }
  }
  const ends = new Set(inputs);
  const outputs = graph.outputs.map((value) => {
    const tensor = find(value);
    // TF.js tells inputs and outputs apart by their nodes.
    const output = ends.has(tensor) ? outputOf(def.add('Identity', [tensor], {}, value.name)) : tensor;
    ends.add(output);
    return output;
  });
  const { topology, weights, nameOf } = def.build();
  return { topology, weights, inputs: inputs.map(nameOf), outputs: outputs.map(nameOf) };
}

function write(node: Node, target: Target): readonly WrittenTensor[] {
  const writer = WRITERS[node.op] as WriteOp<never> | undefined;
  // Kernels of TF.js that broadcast give one element where there is none.
  if (node.outputs.every(({ type }) => type !== null && isClosed(type.shape) && type.shape.includes(0)))
    return (node.outputs as readonly TypedValue[]).map(({ type: { dataType, shape } }) =>
      target.def.numbers('operand', dtypeOf(dataType), [], shape as readonly number[]),
    );
  if (writer === undefined) throw nodeError(node.origin, `is the op ${node.op}, which cannot be written for TF.js`);
  const written = writer(new Call(node as never, target) as never);
  return Array.isArray(written) ? written : [written as WrittenTensor];
}

/** Names the node of a tensor after the value, unless it has a name: an identity or a reshape of nothing makes no node of its own. */
function nameAfter(tensor: WrittenTensor, { name }: Value): WrittenTensor {
  if (tensor.output === 0 && tensor.node.weight === undefined) tensor.node.name ??= name.replace(/:0$/, '');
  return tensor;
}
