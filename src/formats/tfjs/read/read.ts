/** Reads a TF.js graph model into our graph. Ops mean what TensorFlow says of them, whatever TF.js's kernels answer. */
import { widened } from '../../../base/dtype.js';
import { GraphBuilder } from '../../../graph/builder.js';
import type { Graph, Value } from '../../../graph/graph.js';
import { withoutDeadCode } from '../../../graph/needed.js';
import { renameValues } from '../../../graph/rename.js';
import type { TensorType } from '../../../graph/tensor.js';
import { broken } from '../../file-fields.js';
import { LIMITS } from '../../limits.js';
import { openShape } from '../../open-shape.js';
import { CannotExpress } from '../../reading/cannot-express.js';
import { listOfTensors, type ReadTensor, Tensors } from '../../reading/tensors.js';
import { bare, type Ends, type InputEnd } from '../ends.js';
import { type Graph as GraphDef, type GraphNode, nodeOf } from '../graph-def.js';
import type { Weight } from '../weights.js';
import { type Call, GraphDefCall, takenBy } from './call.js';
import { constantOf } from './constant.js';
import { IMPORTERS } from './importers.js';
import { opaquePart } from './opaque-part.js';
import { inOrder } from './order.js';
import { foldedSizes } from './sizes.js';

/** A node that our ops cannot say, and why. */
export interface Inexpressible {
  readonly node: string;
  readonly op: string;
  /** The rest of a sentence that begins with the node. */
  readonly reason: string;
}

/** A graph, and the nodes for which it has an opaque part. Nodes that only follow them are not listed. */
export interface ReadModel {
  readonly graph: Graph;
  readonly inexpressible: readonly Inexpressible[];
}

/**
 * Reads a GraphDef. The graph's inputs and outputs are those of the signature, in its order; a value has the name of its tensor, and
 * an output that of the tensor in the signature.
 * Shapes that are computed become expressions over the open sizes of the inputs. Nodes that our ops cannot say, such as loops, come
 * together with all that follows them as one node `tfjsGraph` at the end.
 * @param weights of all constants, those of the library's functions included
 * @throws {PannierError} `model-format`, naming the node, for a graph that contradicts itself
 */
export function readTfjs(def: GraphDef, weights: readonly Weight[], { inputs, outputs }: Ends): ReadModel {
  const builder = new GraphBuilder(LIMITS.graphValues);
  const tensors = new Tensors(builder);
  for (const weight of weights) if (def.nodes.has(weight.name)) tensors.setConstant(constantOf(weight));
  declareInputs(inputs, builder, tensors);

  const opaque: GraphNode[] = [];
  const inexpressible: Inexpressible[] = [];
  const read = new Set<string>();
  const fed = new Set(inputs.map(({ tensor }) => nodeOf(tensor)));
  const given = outputs.map(({ tensor }) => tensor);
  const nodes = [...inOrder(def, given, fed)];
  const taken = new Set([...nodes.flatMap(takenBy), ...given.map(bare)]);
  for (const node of nodes) {
    if (tensors.has(node.name)) continue;
    try {
      for (const tensor of takenBy(node))
        if (!tensors.has(tensor) && read.has(nodeOf(tensor))) throw lostOutput(`Node "${node.name}"`, tensor);
      if (takenBy(node).every((tensor) => tensors.has(tensor))) {
        if (PASSING.has(node.op)) passOn(node, tensors);
        else declareOutputs(readNode(new GraphDefCall(node, builder, tensors, taken)), node, tensors);
        read.add(node.name);
        continue;
      }
    } catch (thrown) {
      if (!(thrown instanceof CannotExpress)) throw thrown;
      inexpressible.push({ node: node.name, op: node.op, reason: thrown.message });
    }
    opaque.push(node);
  }
  const wanted = outputs.map(({ tensor }) => bare(tensor));
  const values = opaquePart(opaque, wanted, { def, weights, builder, tensors });
  for (const tensor of wanted) if (!values.has(tensor) && !tensors.has(tensor)) throw lostOutput('The signature', tensor);
  const graph = builder.build(wanted.map((tensor) => values.get(tensor) ?? tensors.value(tensor)));
  return { graph: withOutputNames(withoutDeadCode(withNarrowOutputs(graph)), wanted), inexpressible };
}

/** Gives outputs that the file has as whole numbers of 8 bits as such: TF.js computes with int32 behind a cast to them. */
function withNarrowOutputs(graph: Graph): Graph {
  const casts = graph.nodes.filter(({ op, attributes }) => op === 'cast' && (attributes as { to: string }).to === 'int32');
  const narrow = new Map(casts.map(({ inputs, outputs }) => [outputs[0], inputs[0]] as const));
  const outputs = graph.outputs.map((value) => {
    const source = narrow.get(value);
    const dataType = source?.type?.dataType;
    return source && (dataType === 'uint8' || dataType === 'int8') ? source : value;
  });
  return { ...graph, outputs };
}

/** Names the values that nodes give as outputs after the tensors in the signature: a converter puts an Identity behind each. */
function withOutputNames(graph: Graph, tensors: readonly string[]): Graph {
  const made = new Set(graph.nodes.flatMap(({ outputs }) => outputs.map(({ name }) => name)));
  const taken = new Set([...made, ...graph.inputs.map(({ name }) => name), ...graph.constants.map(({ value }) => value.name)]);
  const names = new Map<string, string>();
  for (const [index, tensor] of tensors.entries()) {
    const { name } = graph.outputs[index] as Value;
    if (!made.has(name) || names.has(name) || taken.has(tensor)) continue;
    names.set(name, tensor);
    taken.add(tensor);
  }
  return renameValues(graph, names);
}

/** The error of what takes an output that a node does not have. */
const lostOutput = (taker: string, tensor: string): Error =>
  broken(`${taker} takes "${tensor}", but "${nodeOf(tensor)}" has no such output.`, { node: nodeOf(tensor) });

/** Ops that give what they take, and compute nothing. */
const PASSING: ReadonlySet<string> = new Set(
  'Identity IdentityN Snapshot StopGradient EnsureShape Print PlaceholderWithDefault NoOp'.split(' '),
);

function passOn(node: GraphNode, tensors: Tensors): void {
  for (const [index, tensor] of takenBy(node).entries()) tensors.alias(tensorName(node, index), tensor);
}

/** The name of a node's output. */
const tensorName = ({ name }: GraphNode, index: number): string => (index === 0 ? name : `${name}:${index}`);

function readNode(call: Call): readonly ReadTensor[] {
  try {
    return foldedSizes(call) ?? imported(call);
  } catch (thrown) {
    // The arithmetic of sizes refuses numbers that are too large, and expressions that are too long.
    if (thrown instanceof RangeError) throw new CannotExpress(thrown.message);
    throw thrown;
  }
}

function imported(call: Call): readonly ReadTensor[] {
  const importer = Object.hasOwn(IMPORTERS, call.op) ? IMPORTERS[call.op] : undefined;
  if (importer === undefined) throw new CannotExpress('is an op that our graph does not have');
  return listOfTensors(importer(call));
}

function declareOutputs(outputs: readonly ReadTensor[], node: GraphNode, tensors: Tensors): void {
  const origin = { format: 'tfjs', op: node.op, name: node.name } as const;
  for (const [index, tensor] of outputs.entries()) tensors.set(tensorName(node, index), tensor, origin);
}

function declareInputs(inputs: readonly InputEnd[], builder: GraphBuilder, tensors: Tensors): void {
  for (const { tensor, dtype, shape } of inputs) {
    const type: TensorType | null = shape && { dataType: dtype, shape: openShape(shape, (wanted) => tensors.openName(wanted)) };
    const name = bare(tensor);
    const value: Value = builder.input(name, type);
    // TF.js's converter makes int32 of all constants that whole numbers of 8 bits are computed with.
    const isWide = type === null || dtype === widened(dtype);
    const origin = { format: 'tfjs', op: 'Placeholder', name } as const;
    tensors.set(name, isWide ? value : builder.op('cast', [value], { to: widened(dtype) }, origin, `${name}/int32`));
  }
}
