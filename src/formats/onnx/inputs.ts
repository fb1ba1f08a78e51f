/** The inputs of an ONNX model. */
import type { GraphBuilder } from '../../graph/builder.js';
import { isOpen, isSizeName, openSize, type Size } from '../../graph/size.js';
import type { Shape, TensorType } from '../../graph/tensor.js';
import { broken, nameAt } from '../file-fields.js';
import { LIMITS } from '../limits.js';
import { openShape } from '../open-shape.js';
import type { Tensors } from '../reading/tensors.js';
import { dataTypeOf, elementTypeName } from './element-types.js';
import type { ValueProto } from './proto.js';
import { columnsAmong, declareTable, type Table } from './read/ml/columns.js';
import type { Notes } from './read/ml/texts.js';

/** The inputs of the graph. */
export interface DeclaredInputs {
  /** Their names in the order of the graph. */
  readonly keys: readonly string[];
  /** The input that takes the rows of a table, which is the last one; undefined if there is none. */
  readonly table: Table | undefined;
}

/**
 * Adds inputs to the graph.
 * @param notes about texts, if the model is a classical one, whose inputs may be columns of a table
 * @throws {PannierError} `model-format` if one is no tensor, or of a type or rank that the graph cannot have
 */
export function declareInputs(
  inputs: readonly ValueProto[],
  builder: GraphBuilder,
  tensors: Tensors,
  notes: Notes | undefined,
): DeclaredInputs {
  // The file's names for sizes come first, so that no size without a name gets one of them.
  const named = new Set(inputs.flatMap(({ shape = [] }) => shape.flatMap((size) => nameOf(size) ?? [])));
  for (const name of named) tensors.openName(name);
  const columns = notes === undefined ? [] : columnsAmong(inputs);
  const others = inputs.filter((input) => !columns.includes(input));
  const takeName = (wanted: string) => tensors.openName(wanted);
  for (const input of others) tensors.set(input.name, builder.input(nameAt(input.name, 'An input'), typeOf(input, takeName)));
  const keys = others.map(({ name }) => name);
  const [first] = columns;
  if (notes === undefined || first === undefined) return { keys, table: undefined };
  const [batch = 1] = shapeOf(first.shape ?? [], takeName);
  const table = declareTable(columns, batch, builder, tensors, notes);
  return { keys: [...keys, table.key], table };
}

function typeOf({ name, elementType, shape }: ValueProto, takeName: (wanted: string) => string): TensorType {
  if (elementType === undefined || elementType === 0)
    throw broken(`Input "${name}" is no tensor, or its element type does not stand in the file.`);
  const dataType = dataTypeOf(elementType);
  if (dataType === undefined) throw broken(`Input "${name}" is ${elementTypeName(elementType)}, which Pannier's graph does not have.`);
  if (shape === undefined) throw broken(`Input "${name}" has no shape; export the model with the number of its dimensions.`);
  if (shape.length > LIMITS.rank) throw broken(`Input "${name}" has ${shape.length} dimensions; the limit is ${LIMITS.rank}.`);
  return { dataType, shape: shapeOf(shape, takeName) };
}

/** The name of an open size, as far as its name in the file can be one; undefined for a number and where there is none. */
function nameOf(size: number | string): string | undefined {
  const name = typeof size === 'number' ? '' : size.replace(/\W+/g, '_');
  return isSizeName(name) ? name : undefined;
}

/** Sizes of one name are equal. Those without a name get that of their axis. */
function shapeOf(sizes: readonly (number | string)[], takeName: (wanted: string) => string): Shape {
  const known = sizes.map((size): Size | null => {
    const name = nameOf(size);
    if (name !== undefined) return openSize(name);
    return typeof size === 'number' && size >= 0 ? size : null;
  });
  // A size with a name takes none.
  const given = openShape(
    known.map((size) => (size !== null && isOpen(size) ? 1 : size)),
    takeName,
  );
  return known.map((size, axis) => size ?? (given[axis] as Size));
}
