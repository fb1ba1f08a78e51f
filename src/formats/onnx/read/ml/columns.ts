/**
 * Columns of a table that are inputs of their own, as skl2onnx has them where `initial_types` names each column of a data frame. They
 * become one input, which takes rows.
 */
import type { GraphBuilder } from '../../../../graph/builder.js';
import type { DataType } from '../../../../graph/element-type.js';
import type { TypedValue } from '../../../../graph/graph.js';
import type { Size } from '../../../../graph/size.js';
import { broken } from '../../../file-fields.js';
import type { Tensors } from '../../../reading/tensors.js';
import { dataTypeOf, TEXT_TYPE } from '../../element-types.js';
import type { ValueProto } from '../../proto.js';
import { type Notes, Vocabulary } from './texts.js';

/** A column as the options of a table have it: a number, or a category that becomes its place. */
export type ReadColumn = { readonly name: string } | { readonly name: string; readonly categories: readonly (string | boolean)[] };

/** The element types of columns, and of what numbers a table of them has. */
const COLUMN_TYPES: ReadonlySet<DataType> = new Set(['float32', 'int64', 'int32', 'bool']);

/** The name of the input that takes rows. */
const ROWS = 'features';

const isText = ({ elementType }: ValueProto): boolean => elementType === TEXT_TYPE;

/**
 * The inputs that are columns of a table: all of one column, if there are several or one of texts.
 * @throws {PannierError} `model-format` for texts of several columns
 */
export function columnsAmong(inputs: readonly ValueProto[]): readonly ValueProto[] {
  const columns = inputs.filter(({ elementType, shape }) => {
    const dataType = dataTypeOf(elementType ?? 0);
    return shape?.length === 2 && shape[1] === 1 && (elementType === TEXT_TYPE || (dataType && COLUMN_TYPES.has(dataType)));
  });
  const wide = inputs.find((input) => isText(input) && !columns.includes(input));
  if (wide !== undefined)
    throw broken(
      `Input "${wide.name}" has texts of [${wide.shape?.join(', ')}]. Convert the model with one input for each column: initial_types=[('city', StringTensorType([None, 1])), …].`,
    );
  return columns.length > 1 || columns.some(isText) ? columns : [];
}

/** The input that takes rows, and its columns once all nodes have been read. */
export interface Table {
  readonly key: string;
  columns(): readonly ReadColumn[];
}

/**
 * Adds the input that takes rows, and gives each column out of it.
 * @param batch how many rows there are
 */
export function declareTable(inputs: readonly ValueProto[], batch: Size, builder: GraphBuilder, tensors: Tensors, notes: Notes): Table {
  const types = inputs.map(({ elementType }) => dataTypeOf(elementType ?? 0));
  const dataType = types.includes('float32') ? 'float32' : 'int32';
  const rows = builder.input(ROWS, { dataType, shape: [batch, inputs.length] });
  const vocabularies = new Map<string, Vocabulary>();
  for (const [index, input] of inputs.entries()) {
    const origin = { format: 'onnx', op: 'Input', name: input.name } as const;
    const place = { starts: [0, index], sizes: [batch, 1], strides: [1, 1] };
    const column = builder.op('slice', [rows], place, origin);
    const to = types[index] ?? 'int32';
    tensors.set(input.name, to === dataType ? column : (builder.op('cast', [column], { to }, origin) as TypedValue));
    if (!isText(input)) continue;
    const vocabulary = Vocabulary.ofInput();
    vocabularies.set(input.name, vocabulary);
    notes.setTexts(input.name, [vocabulary]);
  }
  const columnOf = (input: ValueProto, index: number): ReadColumn => {
    const { name } = input;
    const categories = vocabularies.get(name)?.words ?? (types[index] === 'bool' ? [false, true] : undefined);
    if (categories?.length === 0) throw broken(`Input "${name}" has texts, for which no node has categories. Leave that column out.`);
    return categories === undefined ? { name } : { name, categories };
  };
  return { key: rows.name, columns: () => inputs.map(columnOf) };
}
