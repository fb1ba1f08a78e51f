/** Reads an ONNX model into our graph. Ops mean what ONNX says of them in the opset that the file names. */
import { GraphBuilder } from '../../../graph/builder.js';
import type { Graph, TypedValue } from '../../../graph/graph.js';
import { withoutDeadCode } from '../../../graph/needed.js';
import { nodeError } from '../../../graph/node-error.js';
import { renameValues } from '../../../graph/rename.js';
import { broken, nameAt } from '../../file-fields.js';
import { LIMITS } from '../../limits.js';
import { CannotExpress } from '../../reading/cannot-express.js';
import { namesInFile } from '../../reading/names-in-file.js';
import { listOfTensors, type ReadTensor, Tensors } from '../../reading/tensors.js';
import type { Ends } from '../../tfjs/ends.js';
import { endsOf } from '../../tfjs/graph-ends.js';
import { freeInputs } from '../bind.js';
import { TEXT_TYPE } from '../element-types.js';
import { declareInputs } from '../inputs.js';
import type { FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto } from '../proto.js';
import { constantOfTensor, type ExternalFiles, placesOfTexts } from '../tensor.js';
import { Call, originOf } from './call.js';
import { constantOf } from './constant.js';
import { IMPORTERS } from './importers.js';
import { inlined, keyOf } from './inline.js';
import type { ReadColumn } from './ml/columns.js';
import { ML_DOMAIN } from './ml/index.js';
import { TEXT_IMPORTERS } from './ml/text-importers.js';
import { Notes, Vocabulary } from './ml/texts.js';
import { neededNodes } from './needed.js';
import { foldedSizes } from './sizes.js';

/** The oldest and the newest opset whose ops are known. */
export const MIN_OPSET = 7;
export const MAX_OPSET = 24;

const isKnown = (opset: number): boolean => opset >= MIN_OPSET && opset <= MAX_OPSET;

/** A graph, and what the file says of its inputs and outputs, in its order. */
export interface OnnxModel {
  readonly graph: Graph;
  readonly ends: Ends;
  /** The columns of the table that an input takes, by the input's name. */
  readonly columns: ReadonlyMap<string, readonly ReadColumn[]>;
  /** The names of the classes along the last axis of an output, by the output's name. */
  readonly classNames: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads a model. A value has the name of its tensor in the file. Shapes that are computed become expressions over the open sizes of the
 * inputs.
 * @param files that hold weights, by the names that the model has for them
 * @param file how messages name the model
 * @throws {PannierError} `model-format`, naming the node and its op, for a model that contradicts itself, and for an op that our graph
 *   cannot say
 */
export function readOnnx({ graph: proto, opsets, functions }: ModelProto, files: ExternalFiles, file: string): OnnxModel {
  if (proto === undefined) throw broken(`${file} has no graph.`);
  // A model of classical ops alone names no opset of ONNX itself.
  const opset = opsets.get('') ?? (opsets.has(ML_DOMAIN) ? MAX_OPSET : 0);
  if (!isKnown(opset))
    throw broken(`${file} is of ONNX opset ${opset}; ${MIN_OPSET} to ${MAX_OPSET} are known. Export it again with opset_version=17.`);
  if (proto.hasSparseInitializers) throw broken(`${file} has sparse weights, which Pannier does not read.`);
  const builder = new GraphBuilder(LIMITS.graphValues);
  const tensors = new Tensors(builder);
  const notes = new Notes();
  const reader = new Reader(builder, tensors, notes, {
    files,
    opsets,
    functions: new Map(functions.map((each) => [keyOf(each), each])),
  });
  reader.readConstants(proto.initializers);
  const { keys, table } = declareInputs(freeInputs(proto), builder, tensors, opsets.has(ML_DOMAIN) ? notes : undefined);
  const wanted = proto.outputs.map(({ name }) => nameAt(name, 'An output'));
  if (wanted.length === 0) throw broken(`${file} has no outputs.`);
  reader.readNodes(neededNodes(proto.nodes, wanted));
  const lost = wanted.find((name) => !tensors.has(name));
  if (lost !== undefined) throw broken(`${file} has the output "${lost}", which no node makes.`);
  const graph = builder.build(wanted.map((name) => tensors.value(name)));
  const named = renameValues(withoutDeadCode(graph), namesInFile(graph, reader.tensorNames));
  return {
    graph: named,
    ends: endsOf(named, { inputs: keys, outputs: wanted }),
    columns: new Map(table === undefined ? [] : [[table.key, table.columns()]]),
    classNames: new Map(wanted.flatMap((name) => (notes.classNames(name) ? [[name, notes.classNames(name) as readonly string[]]] : []))),
  };
}

/** What a file has beside its nodes. */
interface Surroundings {
  readonly files: ExternalFiles;
  /** The version of each domain's ops in the model's graph; a function has its own. */
  readonly opsets: ReadonlyMap<string, number>;
  /** The functions that the file defines, by their keys. */
  readonly functions: ReadonlyMap<string, FunctionProto>;
}

/** How deep functions may call each other: none may call itself. */
const MAX_CALLS = 64;

class Reader {
  readonly #builder: GraphBuilder;
  readonly #tensors: Tensors;
  readonly #notes: Notes;
  readonly #surroundings: Surroundings;
  /** The versions of ops where the reader is. */
  #opsets: ReadonlyMap<string, number>;
  /** How many calls of functions the reader is in. */
  #depth = 0;
  /** How many nodes have been read, those of a loop once for each of its steps, and how many have been put in the place of calls. */
  #count = 0;
  /** The tensors in the file that values are, by the names of the values. */
  readonly #tensorNames = new Map<string, string>();

  constructor(builder: GraphBuilder, tensors: Tensors, notes: Notes, surroundings: Surroundings) {
    this.#builder = builder;
    this.#tensors = tensors;
    this.#notes = notes;
    this.#surroundings = surroundings;
    this.#opsets = surroundings.opsets;
  }

  readConstants(tensors: readonly TensorProto[]): void {
    for (const tensor of tensors) {
      if (tensor.dataType === TEXT_TYPE) {
        this.#notes.setTexts(tensor.name, [Vocabulary.of(tensor.texts)]);
        this.#tensors.setConstant(placesOfTexts(tensor));
      } else this.#tensors.setConstant(constantOfTensor(tensor, tensor.name, this.#surroundings.files));
    }
  }

  readNodes(nodes: readonly NodeProto[]): void {
    for (const node of nodes) {
      const origin = originOf(node);
      if (++this.#count > LIMITS.nodes)
        throw nodeError(origin, `is one of more than ${LIMITS.nodes} nodes, loops unrolled; that is the limit`);
      try {
        for (const name of node.inputs)
          if (name !== '' && !this.#tensors.has(name)) throw nodeError(origin, `takes "${name}", which is not made before it`);
        this.#readNode(node);
      } catch (thrown) {
        // The arithmetic of sizes refuses numbers that are too large, and expressions that are too long.
        if (thrown instanceof CannotExpress || thrown instanceof RangeError) throw nodeError(origin, thrown.message);
        throw thrown;
      }
    }
  }

  /** The names of tensors in the file, by the names of the values that they are in the graph. */
  get tensorNames(): ReadonlyMap<string, string> {
    return this.#tensorNames;
  }

  #readNode(node: NodeProto): void {
    if (node.op === 'Constant' && node.domain === '') {
      this.#tensors.setConstant(constantOf(node, this.#surroundings.files));
      return;
    }
    const [input, output] = [node.inputs[0], node.outputs[0]];
    if (node.op === 'Identity' && node.domain === '' && input && output) {
      this.#tensors.alias(output, input);
      this.#notes.alias(output, input);
      return;
    }
    const called = this.#surroundings.functions.get(keyOf({ ...node, name: node.op }));
    if (called === undefined) this.#declare(node, this.#imported(node));
    else this.#readFunction(node, called);
  }

  /** Reads the nodes of a function in the place of the node that calls it. Ops there are of the versions that the function names. */
  #readFunction(node: NodeProto, called: FunctionProto): void {
    if (this.#depth >= MAX_CALLS) throw new CannotExpress(`calls functions more than ${MAX_CALLS} deep`);
    const { nodes, outputs, count } = inlined(node, called, this.#count);
    this.#count += count;
    const outside = this.#opsets;
    const inside = new Map([...this.#surroundings.opsets, ...called.opsets]);
    const opset = inside.get('') as number;
    if (!isKnown(opset)) throw new CannotExpress(`calls a function of ONNX opset ${opset}; ${MIN_OPSET} to ${MAX_OPSET} are known`);
    this.#opsets = inside;
    this.#depth++;
    try {
      this.readNodes(
        neededNodes(
          nodes,
          outputs.filter((_, index) => node.outputs[index]),
        ),
      );
    } finally {
      this.#opsets = outside;
      this.#depth--;
    }
    for (const [index, name] of node.outputs.entries()) {
      const made = outputs[index];
      if (name === '') continue;
      if (!made || !this.#tensors.has(made)) throw new CannotExpress(`calls a function that does not give its output ${index}`);
      this.#tensors.alias(name, made);
      this.#notes.alias(name, made);
    }
  }

  #imported(node: NodeProto): readonly ReadTensor[] {
    const { domain } = node;
    const opset = this.#opsets.get(domain) ?? 1;
    const subgraph = (graph: GraphProto, given: readonly ReadTensor[]) => this.#readSubgraph(graph, given);
    const call = new Call(node, opset, subgraph, this.#builder, this.#tensors, this.#notes);
    const key = domain === '' ? node.op : `${domain}.${node.op}`;
    const hasTexts = node.inputs.some((_, index) => call.texts(index) !== undefined);
    const sizes = hasTexts ? undefined : foldedSizes(call);
    if (sizes !== undefined) return sizes;
    const importers = hasTexts ? TEXT_IMPORTERS : IMPORTERS;
    const importer = Object.hasOwn(importers, key) ? importers[key] : undefined;
    if (importer === undefined)
      throw new CannotExpress(
        hasTexts ? 'takes texts, of which numbers are made by OneHotEncoder and LabelEncoder alone' : 'is an op that Pannier does not read',
      );
    return listOfTensors(importer(call));
  }

  #declare(node: NodeProto, outputs: readonly ReadTensor[]): void {
    const origin = originOf(node);
    for (const [index, name] of node.outputs.entries()) {
      if (name === '') continue;
      const output = outputs[index];
      if (output === undefined) throw nodeError(origin, `has the output "${name}", which Pannier does not compute`);
      this.#tensors.set(name, output, origin);
      if (!('sizes' in output) && !this.#tensorNames.has(output.name)) this.#tensorNames.set(output.name, name);
    }
  }

  /** Reads a graph in an attribute, which sees the tensors around it. No tensor of it has the name of one around it. */
  #readSubgraph({ initializers, inputs, nodes, outputs }: GraphProto, given: readonly ReadTensor[]): readonly ReadTensor[] {
    this.readConstants(initializers);
    if (given.length !== inputs.length) throw new CannotExpress(`gives ${given.length} inputs to a graph that takes ${inputs.length}`);
    for (const [index, tensor] of given.entries()) this.#tensors.set(inputs[index]?.name as string, tensor);
    const wanted = outputs.map(({ name }) => name);
    this.readNodes(neededNodes(nodes, wanted));
    const lost = wanted.find((name) => !this.#tensors.has(name));
    if (lost !== undefined) throw new CannotExpress(`has a graph with the output "${lost}", which no node of it makes`);
    return wanted.map((name) => this.#tensors.sizes(name) ?? (this.#tensors.value(name) as TypedValue));
  }
}
