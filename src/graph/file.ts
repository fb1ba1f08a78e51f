/** A graph as JSON and the bytes of its constants. Types of nodes are not written: reading infers them again. */
import { sizeOf } from '../base/dtype.js';
import { PannierError } from '../base/errors.js';
import { at, type Check, check, choice, type Field, fields, isObject, isWhole, list, optional, text } from '../base/fields.js';
import type { AttributeKind } from './attribute.js';
import { GraphBuilder } from './builder.js';
import { canBeStored, storageText, storedBytes } from './constant.js';
import { type DataType, isDataType } from './element-type.js';
import type { Constant, Graph, Node, Origin, Storage, Value } from './graph.js';
import { definitionOf, isOpName, type OpAttributes, type OpName } from './ops/index.js';
import { parseSize } from './parse-size.js';
import { isOpen, sizeText } from './size.js';
import { type TensorType, typeText } from './tensor.js';
import { verify } from './verify.js';

/** The version of the form; a file of another one is refused. */
const FORMAT = 1;

/** How large a graph file may be. */
const MAX_NODES = 100_000;
const MAX_RANK = 16;
const MAX_ELEMENTS = 2 ** 31;

/** A graph as it is written: JSON, and the bytes in which the JSON places the constants. */
export interface GraphFile {
  readonly json: unknown;
  readonly bytes: Uint8Array;
}

/** Writes a graph. The same graph gives the same JSON and bytes. */
export function writeGraph(graph: Graph): GraphFile {
  const offsets: number[] = [];
  let end = 0;
  for (const constant of graph.constants) {
    offsets.push(end);
    end += constant.bytes.length;
  }
  const bytes = new Uint8Array(end);
  for (const [index, constant] of graph.constants.entries()) bytes.set(constant.bytes, offsets[index]);
  return { json: graphJson(graph, offsets), bytes };
}

/**
 * Writes a graph whose constants' bytes lie elsewhere.
 * @param offsets of each constant, the byte at which it begins
 */
export const graphJson = (graph: Graph, offsets: readonly number[]): unknown => ({
  format: FORMAT,
  inputs: graph.inputs.map(valueJson),
  constants: graph.constants.map(({ value, storage }, index) => ({ ...valueJson(value), storage, offset: offsets[index] })),
  nodes: graph.nodes.map(nodeJson),
  outputs: graph.outputs.map(({ name }) => name),
});

const valueJson = ({ name, type }: Value) => ({
  name,
  ...(type !== null && { dataType: type.dataType, shape: type.shape.map((size) => (isOpen(size) ? sizeText(size) : size)) }),
});

function nodeJson({ op, inputs, outputs, attributes, origin }: Node) {
  const kinds = Object.entries(definitionOf(op).attributes as Readonly<Record<string, AttributeKind<unknown>>>);
  const values = attributes as Readonly<Record<string, unknown>>;
  return {
    op,
    inputs: inputs.map((each) => each?.name ?? null),
    outputs: outputs.map(({ name }) => name),
    attributes: Object.fromEntries(kinds.map(([name, { toJson }]) => [name, toJson(values[name])])),
    origin,
  };
}

/**
 * Reads a graph, and verifies it.
 * @param json of any form
 * @throws {PannierError} `model-format`, naming the field or the node
 */
export function readGraph({ json, bytes }: GraphFile): Graph {
  const origin = { code: 'model-format', whole: 'The graph file', part: "The graph file's " } as const;
  const root: Field = { origin, value: json, path: '' };
  checkFile(root);
  const file = json as CheckedFile;
  if (file.nodes.length > MAX_NODES) throw broken(`The graph has ${file.nodes.length} nodes; the limit is ${MAX_NODES}.`);
  const builder = new GraphBuilder();
  const values = new Map<string, Value>();
  const declare = (name: string, value: Value): void => {
    if (value.name !== name) throw broken(`Value "${name}" is made twice; names must be unique.`);
    values.set(name, value);
  };
  const find = (name: string, by: string): Value => {
    const value = values.get(name);
    if (value === undefined) throw broken(`${by} takes "${name}", which is not made before it.`);
    return value;
  };
  for (const input of file.inputs) declare(input.name, builder.input(input.name, typeOf(input)));
  for (const each of file.constants) declare(each.name, builder.constant(readConstant(each, bytes)));
  for (const [index, node] of file.nodes.entries()) {
    const inputs = node.inputs.map((name) => (name === null ? null : find(name, `Node "${node.origin.name}"`)));
    const made = addNode(builder, node, inputs, at(root, `nodes[${index}]`));
    for (const [place, name] of node.outputs.entries()) declare(name, made[place] as Value);
  }
  const graph = builder.build(file.outputs.map((name) => find(name, 'The output')));
  verify(graph);
  return graph;
}

function addNode(builder: GraphBuilder, node: CheckedNode, inputs: readonly (Value | null)[], field: Field): readonly Value[] {
  const { op, origin, outputs } = node;
  if (!isOpName(op)) throw broken(`Node "${origin.name}" has the op "${op}", which this version of Pannier does not know.`);
  const attributes = attributesOf(op, node, field);
  if (op === 'tfjsGraph') return builder.opaque(inputs as readonly Value[], attributes as OpAttributes['tfjsGraph'], origin, outputs);
  const made = builder.ops(op, inputs, attributes as never, origin, outputs);
  if (made.length !== outputs.length)
    throw broken(`Node "${origin.name}" names ${outputs.length} outputs, but ${op} gives ${made.length}.`);
  return made;
}

function attributesOf(op: OpName, { attributes, origin }: CheckedNode, field: Field): Record<string, unknown> {
  const kinds = definitionOf(op).attributes as Readonly<Record<string, AttributeKind<unknown>>>;
  const unknown = Object.keys(attributes).find((name) => !Object.hasOwn(kinds, name));
  if (unknown !== undefined) throw broken(`Node "${origin.name}" has the attribute "${unknown}", which ${op} does not have.`);
  const read = Object.entries(kinds).map(([name, kind]) => {
    const refused = () => broken(`${field.origin.part}${field.path}.attributes.${name} should be ${kind.wanted} (node "${origin.name}").`);
    try {
      const value = kind.fromJson(attributes[name]);
      if (!kind.is(value)) throw refused();
      return [name, value] as const;
    } catch (thrown) {
      throw thrown instanceof RangeError ? refused() : thrown;
    }
  });
  return Object.fromEntries(read.filter(([, value]) => value !== undefined));
}

function readConstant(value: CheckedConstant, bytes: Uint8Array): Constant {
  const type = typeOf(value);
  const { name, storage, offset } = value;
  if (type === null || type.shape.some(isOpen)) throw broken(`Constant "${name}" has no closed type.`);
  const shape = type.shape as readonly number[];
  if (!canBeStored(type.dataType, storage, shape))
    throw broken(`Constant "${name}" is ${typeText(type)}, which is not stored as ${storageText(storage)}.`);
  const elements = sizeOf(shape);
  const end = offset + storedBytes(type.dataType, shape, storage);
  if (elements > MAX_ELEMENTS || end > bytes.length) throw broken(`Constant "${name}" ends at byte ${end}, but there are ${bytes.length}.`);
  return { value: { name, type }, bytes: bytes.subarray(offset, end), storage };
}

function typeOf({ name, dataType, shape }: CheckedValue): TensorType | null {
  if (dataType === undefined || shape === undefined) return null;
  try {
    return { dataType, shape: shape.map((size) => (typeof size === 'string' ? parseSize(size) : size)) };
  } catch (thrown) {
    throw thrown instanceof RangeError ? broken(`Value "${name}" ${thrown.message}.`) : thrown;
  }
}

const broken = (message: string): PannierError => new PannierError('model-format', message);

interface CheckedValue {
  readonly name: string;
  readonly dataType?: DataType;
  readonly shape?: readonly (number | string)[];
}

interface CheckedConstant extends CheckedValue {
  readonly storage: Storage;
  readonly offset: number;
}

interface CheckedNode {
  readonly op: string;
  readonly inputs: readonly (string | null)[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly origin: Origin;
}

interface CheckedFile {
  readonly inputs: readonly CheckedValue[];
  readonly constants: readonly CheckedConstant[];
  readonly nodes: readonly CheckedNode[];
  readonly outputs: readonly string[];
}

const shape = check(
  (value) => Array.isArray(value) && value.length <= MAX_RANK && value.every((size) => isWhole(size) || typeof size === 'string'),
  `a list of at most ${MAX_RANK} sizes`,
);
const valueChecks = { name: text, dataType: optional(check(isDataType, 'an element type')), shape: optional(shape) };

const storage: Check = (field) => {
  fields({ kind: choice('plain', 'float16', 'uint8', 'uint16', 'int8') })(field);
  const { kind } = field.value as Storage;
  const number = check(Number.isFinite, 'a number');
  if (kind === 'uint8' || kind === 'uint16') fields({ scale: number, min: number })(field);
  if (kind === 'int8') fields({ axis: check((value) => isWhole(value), 'an axis') })(field);
};

const checkFile = fields({
  format: check((value) => value === FORMAT, `${FORMAT}`),
  inputs: list(fields(valueChecks)),
  constants: list(fields({ ...valueChecks, storage, offset: check((value) => isWhole(value), 'a place in bytes') })),
  nodes: list(
    fields({
      op: text,
      inputs: list(check((value) => value === null || typeof value === 'string', 'a name or null')),
      outputs: list(text),
      attributes: check(isObject, 'an object'),
      origin: fields({ format: choice('tfjs', 'keras', 'onnx', 'tflite', 'pannier'), op: text, name: text }),
    }),
  ),
  outputs: list(text),
});
