/**
 * Reads a .tflite file, a flatbuffer of TensorFlow Lite's schema version 3 (tensorflow/compiler/mlir/lite/schema/schema.fbs, where fields
 * have the numbers of their order), as far as a model is run by it. Indices are checked here, so that nothing behind this file has to.
 */
import { broken } from '../file-fields.js';
import { LIMITS } from '../limits.js';
import { builtinName, CUSTOM } from './builtin-operators.js';
import { refusalOf, Table } from './flatbuffer.js';

/** The numbers that whole numbers stand for: scale · (number - zero point). */
export interface Quantization {
  /** One for all elements, or one for each place along the axis. */
  readonly scales: readonly number[];
  /** As many as scales, or one, or none, which is 0. */
  readonly zeroPoints: readonly number[];
  readonly axis: number;
}

/** One dimension of a sparse tensor. Dense ones have a size; of others, each part of the dimension before has a segment of indices. */
interface SparseDimension {
  readonly isDense: boolean;
  readonly size: number;
  readonly segments: readonly number[];
  readonly indices: readonly number[];
}

/** How a sparse tensor's elements lie: the order in which its axes and the axes of its blocks are walked. */
export interface Sparsity {
  readonly order: readonly number[];
  /** The axis of the tensor that each axis of a block is a part of. */
  readonly blockMap: readonly number[];
  readonly dimensions: readonly SparseDimension[];
}

export interface TfliteTensor {
  readonly name: string;
  /** The number of the element type. */
  readonly elementType: number;
  /** Open sizes are null. */
  readonly shape: readonly (number | null)[];
  /** The bytes of a constant; undefined for a tensor that is computed or given. */
  readonly bytes: Uint8Array | undefined;
  readonly quantization: Quantization | undefined;
  readonly sparsity: Sparsity | undefined;
  /** Whether the tensor keeps its elements from call to call. */
  readonly isVariable: boolean;
}

export interface TfliteOperator {
  /** The name of a builtin operator, or the one that a custom operator's author gave it. */
  readonly op: string;
  readonly isCustom: boolean;
  /** Tensors of the subgraph; -1 where an optional one is absent. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** The options of a builtin operator, whose fields its table in the schema has; undefined where all have their defaults. */
  readonly options: Table | undefined;
  readonly customOptions: Uint8Array;
}

export interface TfliteSubgraph {
  readonly name: string;
  readonly tensors: readonly TfliteTensor[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** They stand in the order in which they run. */
  readonly operators: readonly TfliteOperator[];
}

/** A name for a way to call the model, and for the inputs and outputs of its subgraph, which are tensors by number. */
export interface TfliteSignature {
  readonly key: string;
  readonly subgraph: number;
  readonly inputs: ReadonlyMap<string, number>;
  readonly outputs: ReadonlyMap<string, number>;
}

export interface TfliteModel {
  /** The bytes of the file, of which those of constants are views. */
  readonly bytes: Uint8Array;
  readonly description: string;
  /** At least one; the first is the model, others are its branches and loops, or other ways to call it. */
  readonly subgraphs: readonly TfliteSubgraph[];
  readonly signatures: readonly TfliteSignature[];
  /** Bytes that the producer added, by their names. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
}

/** How many buffers a file may have: each tensor may have one, and so may metadata. */
const MAX_BUFFERS = 2 * LIMITS.tensors;
const MAX_SIGNATURES = 1000;

/**
 * Reads the bytes of a .tflite file. Bytes of tensors are views of them.
 * @param file how messages name it
 * @throws {PannierError} `model-format` if they are no such file, or contradict themselves
 */
export function parseTflite(bytes: Uint8Array, file: string): TfliteModel {
  const model = Table.root(bytes, refusalOf(file, 'TensorFlow Lite model'));
  const version = model.number(0, 'uint32');
  if (version !== 3) throw broken(`${file} is of version ${version} of TensorFlow Lite's schema; 3 is wanted.`);
  const buffers = model.tables(4, MAX_BUFFERS, 'buffers').map((buffer) => bufferBytes(buffer, bytes, file));
  const codes = model.tables(1, LIMITS.nodes, 'operator codes').map(readCode);
  const context: Context = { file, buffers, codes, tensorsLeft: LIMITS.tensors, operatorsLeft: LIMITS.nodes };
  const subgraphs = model.tables(2, LIMITS.nodes, 'subgraphs').map((subgraph) => readSubgraph(subgraph, context));
  if (subgraphs.length === 0) throw broken(`${file} has no graph.`);
  return {
    bytes,
    description: model.text(3),
    subgraphs,
    signatures: model.tables(7, MAX_SIGNATURES, 'signatures').map((signature) => readSignature(signature, subgraphs, file)),
    metadata: new Map(
      model
        .tables(6, MAX_BUFFERS, 'pieces of metadata')
        .map((each) => [each.text(0), buffers[each.number(1, 'uint32')] ?? new Uint8Array()] as const),
    ),
  };
}

/** The parts of a file that its subgraphs share, and how many tensors and operators they may still have. */
interface Context {
  readonly file: string;
  readonly buffers: readonly Uint8Array[];
  readonly codes: readonly Code[];
  tensorsLeft: number;
  operatorsLeft: number;
}

type Code = Pick<TfliteOperator, 'op' | 'isCustom'>;

/** The name of a kind of operator. Files that are older than operator 127 have its number in a field of 8 bits. */
function readCode(code: Table): Code {
  const builtin = builtinName(Math.max(code.number(0, 'int8'), code.number(3, 'int32')));
  if (builtin !== CUSTOM) return { op: builtin, isCustom: false };
  return { op: nameOf(code.text(1)) || 'custom', isCustom: true };
}

/** The bytes of a buffer, which lie behind the flatbuffer in a file of more than 2 GB. */
function bufferBytes(buffer: Table, bytes: Uint8Array, file: string): Uint8Array {
  const [offset, size] = [buffer.number(1, 'uint64'), buffer.number(2, 'uint64')];
  if (offset <= 1) return buffer.bytes(0);
  if (offset + size > bytes.length)
    throw broken(`${file} is cut: a buffer lies at ${offset} with ${size} bytes; the file has ${bytes.length}.`);
  return bytes.subarray(offset, offset + size);
}

function readSubgraph(subgraph: Table, context: Context): TfliteSubgraph {
  const { file } = context;
  const tensors = subgraph.tables(0, context.tensorsLeft, 'tensors').map((tensor) => readTensor(tensor, context));
  context.tensorsLeft -= tensors.length;
  const name = nameOf(subgraph.text(4));
  const indices = (table: Table, field: number, least: number, what: string): readonly number[] => {
    const numbers = table.numbers(field, 'int32');
    const wrong = numbers.find((index) => index < least || index >= tensors.length);
    if (wrong !== undefined) throw broken(`${file} has ${what} that is tensor ${wrong}; there are ${tensors.length}.`);
    return numbers;
  };
  const operators = subgraph.tables(3, context.operatorsLeft, 'operators').map((operator): TfliteOperator => {
    const index = operator.number(0, 'uint32');
    const code = context.codes[index];
    if (code === undefined) throw broken(`${file} has an operator of the kind ${index}; there are ${context.codes.length}.`);
    const inputs = indices(operator, 1, -1, `an operator ${code.op} with an input`);
    const outputs = indices(operator, 2, 0, `an operator ${code.op} with an output`);
    // A union is a field of its kind, which the operator's code says as well, and the field of its table.
    const options = operator.table(4) ?? operator.table(12);
    return { ...code, inputs, outputs, options, customOptions: operator.bytes(5) };
  });
  context.operatorsLeft -= operators.length;
  return { name, tensors, inputs: indices(subgraph, 1, 0, 'an input'), outputs: indices(subgraph, 2, 0, 'an output'), operators };
}

function readTensor(tensor: Table, { file, buffers }: Context): TfliteTensor {
  const name = nameOf(tensor.text(3));
  const place = `Tensor "${name}" of ${file}`;
  const [sizes, signature] = [tensor.numbers(0, 'int32'), tensor.numbers(7, 'int32')];
  if (sizes.length > LIMITS.rank) throw broken(`${place} has ${sizes.length} dimensions; the limit is ${LIMITS.rank}.`);
  if (signature.length > 0 && signature.length !== sizes.length)
    throw broken(`${place} has ${sizes.length} dimensions, but ${signature.length} where open ones are marked.`);
  const shape = sizes.map((size, axis) => ((signature[axis] ?? size) < 0 ? null : size));
  if (shape.some((size) => size !== null && size < 0)) throw broken(`${place} has the sizes [${sizes.join(', ')}].`);
  const index = tensor.number(2, 'uint32');
  const buffer = buffers[index];
  if (buffer === undefined) throw broken(`${place} lies in buffer ${index}; there are ${buffers.length}.`);
  const sparsity = tensor.table(6);
  return {
    ...{ name, elementType: tensor.number(1, 'int8'), shape },
    bytes: buffer.length === 0 ? undefined : buffer,
    quantization: readQuantization(tensor.table(4)),
    sparsity: sparsity && readSparsity(sparsity),
    isVariable: tensor.flag(5),
  };
}

/** Undefined if there are no scales: converters write the bounds of floats there, too. */
function readQuantization(table: Table | undefined): Quantization | undefined {
  const scales = table?.numbers(2, 'float32') ?? [];
  if (table === undefined || scales.length === 0) return undefined;
  return { scales, zeroPoints: table.numbers(3, 'int64'), axis: table.number(6, 'int32') };
}

const readSparsity = (table: Table): Sparsity => ({
  order: table.numbers(0, 'int32'),
  blockMap: table.numbers(1, 'int32'),
  dimensions: table.tables(2, 2 * LIMITS.rank, 'dimensions of a sparse tensor').map((dimension) => ({
    isDense: dimension.number(0, 'int8') === 0,
    size: dimension.number(1, 'int32'),
    segments: readIndices(dimension, 2),
    indices: readIndices(dimension, 4),
  })),
});

/** A union of vectors of different widths. @param field of its kind, behind which the field of its table stands */
function readIndices(dimension: Table, field: number): readonly number[] {
  const kind = ([undefined, 'int32', 'uint16', 'uint8'] as const)[dimension.number(field, 'uint8')];
  return (kind && dimension.table(field + 1)?.numbers(0, kind)) ?? [];
}

function readSignature(signature: Table, subgraphs: readonly TfliteSubgraph[], file: string): TfliteSignature {
  const key = nameOf(signature.text(2));
  const index = signature.number(4, 'uint32');
  const subgraph = subgraphs[index];
  if (subgraph === undefined) throw broken(`${file} has the signature "${key}" of graph ${index}; there are ${subgraphs.length}.`);
  const names = (field: number): ReadonlyMap<string, number> =>
    new Map(
      signature.tables(field, subgraph.tensors.length, 'names of a signature').map((each) => {
        const tensor = each.number(1, 'uint32');
        if (tensor >= subgraph.tensors.length)
          throw broken(`${file} has the signature "${key}" of tensor ${tensor}; there are ${subgraph.tensors.length}.`);
        return [nameOf(each.text(0)), tensor] as const;
      }),
    );
  return { key, subgraph: index, inputs: names(0), outputs: names(1) };
}

/** A name as messages and packed files have it: printable ASCII, and no longer than a name may be. */
const nameOf = (text: string): string => text.replace(/[^\x20-\x7e]+/g, '_').slice(0, LIMITS.nameBytes);
