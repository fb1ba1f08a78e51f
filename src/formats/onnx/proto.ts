/**
 * Reads an ONNX file, a protocol buffer of the schema onnx.proto (IR version 3 and later), as far as Pannier needs it. Fields that
 * are not read here, such as documentation, are passed over.
 */
import { PbfReader } from 'pbf';
import { messageOf, PannierError } from '../../base/errors.js';
import { broken } from '../file-fields.js';

/** A tensor as the file stores it: in one of its lists, in `raw`, or in another file. */
export interface TensorProto {
  name: string;
  dims: number[];
  /** The number of the element type. */
  dataType: number;
  /** Little-endian; undefined where the numbers stand in a list. */
  raw: Uint8Array | undefined;
  floats: number[];
  /** Types of up to 32 bits, float16 by its bits among them. */
  wholes32: number[];
  wholes64: number[];
  texts: string[];
  /** Whether the bytes lie in another file, of which `external` has the location, and may have the offset and the length. */
  isExternal: boolean;
  external: Map<string, string>;
}

/** One attribute of a node. `type` says which of its fields counts. */
export interface AttributeProto {
  name: string;
  type: number;
  /** The attribute of the function's call that stands here; '' if there is none. */
  reference: string;
  real: number;
  whole: number;
  text: string;
  tensor: TensorProto | undefined;
  graph: GraphProto | undefined;
  reals: number[];
  wholes: number[];
  texts: string[];
}

export interface NodeProto {
  /** '' where an optional input is absent. */
  inputs: string[];
  /** '' where an optional output is not wanted. */
  outputs: string[];
  name: string;
  op: string;
  domain: string;
  overload: string;
  attributes: AttributeProto[];
}

/** An input or an output of a graph. */
export interface ValueProto {
  name: string;
  /** The number of the element type; undefined where the value is no tensor, or its type does not stand in the file. */
  elementType: number | undefined;
  /** Each size is a number or a name, '' if it has none; undefined where the rank is not known. */
  shape: (number | string)[] | undefined;
}

export interface GraphProto {
  name: string;
  nodes: NodeProto[];
  initializers: TensorProto[];
  inputs: ValueProto[];
  outputs: ValueProto[];
  hasSparseInitializers: boolean;
}

/** A function of the file, which nodes call by its domain, name and overload. */
export interface FunctionProto {
  name: string;
  domain: string;
  /** '' where one function alone has the name. */
  overload: string;
  inputs: string[];
  outputs: string[];
  nodes: NodeProto[];
  /** The values of attributes that a call leaves out. */
  defaults: AttributeProto[];
  /** The version of each domain's ops in its nodes. */
  opsets: Map<string, number>;
}

export interface ModelProto {
  graph: GraphProto | undefined;
  /** The version of each domain's ops; that of ONNX itself is ''. */
  opsets: Map<string, number>;
  /** The metadata that the producer wrote about the model. */
  metadata: Map<string, string>;
  functions: FunctionProto[];
}

/**
 * Reads the bytes of an .onnx file. Bytes of tensors are views of them.
 * @param file how messages name it
 * @throws {PannierError} `model-format` if they are no such file
 */
export function parseModel(bytes: Uint8Array, file: string): ModelProto {
  const model: ModelProto = { graph: undefined, opsets: new Map(), metadata: new Map(), functions: [] };
  return parsed(bytes, readModelField, model, `${file} is no ONNX model, or is cut`);
}

/** Reads the bytes of a file with one tensor, as ONNX's own tests have them. @throws {PannierError} `model-format` */
export const parseTensor = (bytes: Uint8Array): TensorProto =>
  parsed(bytes, readTensorField, emptyTensor(), 'The bytes are no tensor of ONNX');

/** The files in which a model's weights lie, as its tensors name them. */
export function externalLocations({ graph, functions }: ModelProto): readonly string[] {
  const tensors = [
    ...(graph === undefined ? [] : tensorsOf(graph)),
    ...functions.flatMap(({ nodes }) => tensorsOf({ initializers: [], nodes })),
  ];
  return [...new Set(tensors.flatMap(({ isExternal, external }) => (isExternal ? [external.get('location') ?? ''] : [])))];
}

const tensorsOf = ({ initializers, nodes }: Pick<GraphProto, 'initializers' | 'nodes'>): readonly TensorProto[] => [
  ...initializers,
  ...nodes.flatMap(({ attributes }) =>
    attributes.flatMap(({ tensor, graph }) => [...(tensor ? [tensor] : []), ...(graph ? tensorsOf(graph) : [])]),
  ),
];

type ReadField<T> = (tag: number, into: T, reader: PbfReader) => void;

function parsed<T>(bytes: Uint8Array, read: ReadField<T>, into: T, problem: string): T {
  try {
    return new PbfReader(bytes).readFields(read, into);
  } catch (thrown) {
    throw thrown instanceof PannierError ? thrown : broken(`${problem}: ${messageOf(thrown)}.`);
  }
}

/** Reads a name, or an attribute's text, which messages quote in their one line. */
function readName(reader: PbfReader): string {
  const name = reader.readString();
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) throw broken('An ONNX model has a name or an attribute with control characters in its text.');
  return name;
}

/** How deep graphs may lie in branches of each other. */
const MAX_DEPTH = 16;

const readModelField: ReadField<ModelProto> = (tag, model, reader) => {
  if (tag === 7) model.graph = reader.readMessage(graphField(0), emptyGraph());
  else if (tag === 8) readOpset(model.opsets, reader);
  else if (tag === 14) model.metadata.set(...entry(reader));
  else if (tag === 25) model.functions.push(reader.readMessage(readFunctionField, emptyFunction()));
};

function readOpset(opsets: Map<string, number>, reader: PbfReader): void {
  const { domain, version } = reader.readMessage(readOpsetField, { domain: '', version: 0 });
  opsets.set(domainOf(domain), version);
}

const readOpsetField: ReadField<{ domain: string; version: number }> = (tag, opset, reader) => {
  if (tag === 1) opset.domain = readName(reader);
  else if (tag === 2) opset.version = reader.readVarint(true);
};

const readFunctionField: ReadField<FunctionProto> = (tag, made, reader) => {
  if (tag === 1) made.name = readName(reader);
  else if (tag === 4) made.inputs.push(readName(reader));
  else if (tag === 5) made.outputs.push(readName(reader));
  else if (tag === 7) made.nodes.push(reader.readMessage(nodeField(0), emptyNode()));
  else if (tag === 9) readOpset(made.opsets, reader);
  else if (tag === 10) made.domain = domainOf(readName(reader));
  else if (tag === 11) made.defaults.push(reader.readMessage(attributeField(0), emptyAttribute()));
  else if (tag === 13) made.overload = readName(reader);
};

const graphField =
  (depth: number): ReadField<GraphProto> =>
  (tag, graph, reader) => {
    if (depth > MAX_DEPTH) throw broken(`An ONNX model has graphs that lie more than ${MAX_DEPTH} deep in each other.`);
    if (tag === 1) graph.nodes.push(reader.readMessage(nodeField(depth), emptyNode()));
    else if (tag === 2) graph.name = readName(reader);
    else if (tag === 5) graph.initializers.push(reader.readMessage(readTensorField, emptyTensor()));
    else if (tag === 11) graph.inputs.push(reader.readMessage(readValueField, emptyValue()));
    else if (tag === 12) graph.outputs.push(reader.readMessage(readValueField, emptyValue()));
    else if (tag === 15) graph.hasSparseInitializers = true;
  };

const nodeField =
  (depth: number): ReadField<NodeProto> =>
  (tag, node, reader) => {
    if (tag === 1) node.inputs.push(readName(reader));
    else if (tag === 2) node.outputs.push(readName(reader));
    else if (tag === 3) node.name = readName(reader);
    else if (tag === 4) node.op = readName(reader);
    else if (tag === 5) node.attributes.push(reader.readMessage(attributeField(depth), emptyAttribute()));
    else if (tag === 7) node.domain = domainOf(readName(reader));
    else if (tag === 8) node.overload = readName(reader);
  };

/** ONNX's own domain has two names. */
const domainOf = (name: string): string => (name === 'ai.onnx' ? '' : name);

const attributeField =
  (depth: number): ReadField<AttributeProto> =>
  (tag, attribute, reader) => {
    if (tag === 1) attribute.name = readName(reader);
    else if (tag === 2) attribute.real = reader.readFloat();
    else if (tag === 3) attribute.whole = reader.readVarint(true);
    else if (tag === 4) attribute.text = readName(reader);
    else if (tag === 5) attribute.tensor = reader.readMessage(readTensorField, emptyTensor());
    else if (tag === 6) attribute.graph = reader.readMessage(graphField(depth + 1), emptyGraph());
    else if (tag === 7) reader.readPackedFloat(attribute.reals);
    else if (tag === 8) reader.readPackedVarint(attribute.wholes, true);
    else if (tag === 9) attribute.texts.push(reader.readString());
    else if (tag === 20) attribute.type = reader.readVarint();
    else if (tag === 21) attribute.reference = readName(reader);
  };

const readTensorField: ReadField<TensorProto> = (tag, tensor, reader) => {
  if (tag === 1) reader.readPackedVarint(tensor.dims, true);
  else if (tag === 2) tensor.dataType = reader.readVarint();
  else if (tag === 4) reader.readPackedFloat(tensor.floats);
  else if (tag === 5) reader.readPackedVarint(tensor.wholes32, true);
  else if (tag === 6) tensor.texts.push(reader.readString());
  else if (tag === 7) reader.readPackedVarint(tensor.wholes64, true);
  else if (tag === 8) tensor.name = readName(reader);
  else if (tag === 9) tensor.raw = reader.readBytes();
  else if (tag === 13) tensor.external.set(...entry(reader));
  else if (tag === 14) tensor.isExternal = reader.readVarint() === 1;
};

const readValueField: ReadField<ValueProto> = (tag, value, reader) => {
  if (tag === 1) value.name = readName(reader);
  else if (tag === 2) reader.readMessage(readTypeField, value);
};

/** A value's type: only that of a tensor is read. */
const readTypeField: ReadField<ValueProto> = (tag, value, reader) => {
  if (tag === 1) reader.readMessage(readTensorTypeField, value);
};

const readTensorTypeField: ReadField<ValueProto> = (tag, value, reader) => {
  if (tag === 1) value.elementType = reader.readVarint();
  else if (tag === 2) {
    value.shape = [];
    reader.readMessage(readShapeField, value.shape);
  }
};

const readShapeField: ReadField<(number | string)[]> = (tag, shape, reader) => {
  if (tag === 1) shape.push(reader.readMessage(readSizeField, { size: '' }).size);
};

const readSizeField: ReadField<{ size: number | string }> = (tag, made, reader) => {
  if (tag === 1) made.size = reader.readVarint(true);
  else if (tag === 2) made.size = readName(reader);
};

const entry = (reader: PbfReader): [key: string, value: string] =>
  reader.readMessage<[string, string]>(
    (tag, made) => {
      if (tag === 1) made[0] = reader.readString();
      else if (tag === 2) made[1] = reader.readString();
    },
    ['', ''],
  );

const emptyGraph = (): GraphProto => ({ name: '', nodes: [], initializers: [], inputs: [], outputs: [], hasSparseInitializers: false });

const emptyNode = (): NodeProto => ({ inputs: [], outputs: [], name: '', op: '', domain: '', overload: '', attributes: [] });

const emptyFunction = (): FunctionProto => ({
  ...{ name: '', domain: '', overload: '', inputs: [], outputs: [], nodes: [], defaults: [], opsets: new Map<string, number>() },
});

const emptyValue = (): ValueProto => ({ name: '', elementType: undefined, shape: undefined });

const emptyTensor = (): TensorProto => ({
  ...{ name: '', dims: [], dataType: 0, raw: undefined, floats: [], wholes32: [], wholes64: [], texts: [] },
  ...{ isExternal: false, external: new Map<string, string>() },
});

const emptyAttribute = (): AttributeProto => ({
  ...{ name: '', type: 0, reference: '', real: 0, whole: 0, text: '' },
  ...{ tensor: undefined, graph: undefined, reals: [], wholes: [], texts: [] },
});
