/** Constants that nodes of ai.onnx.ml hold in their attributes, and their only input. */
import { constantOf } from '../../../../graph/constant.js';
import { DATA_TYPES, type DataType } from '../../../../graph/element-type.js';
import type { TypedValue } from '../../../../graph/graph.js';
import type { Call } from '../call.js';

/** Numbers of a node as a constant, which has the node's name and one of its own. */
export const table = (call: Call, name: string, dataType: DataType, values: readonly number[], shape = [values.length]): TypedValue =>
  call.given(constantOf(`${call.origin.name}/${name}`, { dataType, shape, data: DATA_TYPES[dataType].from(values) }));

/** The most numbers that a table has which is larger than the attributes that it is made of. */
export const MAX_MADE = 2 ** 24;

/** Rows of features: the input as [batch, features] of float32. */
export const featuresOf = (call: Call): TypedValue => call.cast(call.ofRank(2), 'float32');

/** Numbers of an attribute that must be there. */
export function numbersOf(call: Call, attribute: string): readonly number[] {
  const numbers = call.attributes.numbers(attribute) ?? [];
  if (numbers.length === 0) throw call.broken(`lacks the attribute "${attribute}"`);
  return numbers;
}

/** Rows as columns. @param values row by row, each row as long as `width` */
export function turned(values: readonly number[], width: number): readonly number[] {
  const rows = values.length / width;
  return values.map((_, index) => values[(index % rows) * width + Math.floor(index / rows)] as number);
}
