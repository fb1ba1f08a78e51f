/** Tabular inputs: checks the options on columns, and that the columns fill a row of the tensor. */

import { shapeText } from '../../base/dtype.js';
import type { ColumnSpec } from '../../manifest/manifest.js';
import type { Dim } from '../../manifest/signature.js';
import { widthOf } from '../../manifest/sizes.js';
import type { GraphInput } from '../model/signature.js';
import { badOption, type ColumnOptions } from '../options.js';

/**
 * Resolves the columns of an input with every default, and its shape, whose last size the columns fix.
 * @throws {PannierError} `options`, naming a column that is wrong, or if the columns do not fill a row
 */
export function resolveColumns({ name, node, dtype, shape, options }: GraphInput): {
  readonly columns?: readonly ColumnSpec[];
  readonly shape: readonly Dim[] | null;
} {
  if (options.columns === undefined) return { shape };
  const place = `inputs["${node}"].columns`;
  const told = `input "${name}" is ${dtype} ${shapeText(shape)}`;
  if (options.image) throw badOption(`Option inputs["${node}"] has both image and columns; an input takes one or the other.`);
  if ((dtype !== 'float32' && dtype !== 'int32') || shape === null || shape.length === 0 || shape.length > 2)
    throw badOption(`Option ${place} cannot be: ${told}; float32 or int32 of [rows, values] or [values] is wanted.`);
  const columns = options.columns.map(withDefaults);
  if (dtype === 'int32') {
    const fraction = columns.find((column) => !('categories' in column) && (column.mean !== 0 || column.std !== 1));
    if (fraction !== undefined)
      throw badOption(`Option ${place} gives "${fraction.name}" mean and std, but ${told}, which holds whole numbers.`);
  }
  const width = columns.reduce((sum, column) => sum + widthOf(column), 0);
  const last = shape.at(-1) ?? width;
  if (last !== width) throw badOption(`Option ${place} fills ${sumOf(columns)} = ${width} values, but ${told}: ${last} are wanted.`);
  return { columns, shape: [...shape.slice(0, -1), width] };
}

const withDefaults = (column: ColumnOptions): ColumnSpec =>
  'categories' in column
    ? { name: column.name, categories: column.categories, encode: column.encode ?? 'one-hot' }
    : { name: column.name, mean: column.mean ?? 0, std: column.std ?? 1 };

/** Most columns that a message adds up one by one. */
const SHOWN = 12;

function sumOf(columns: readonly ColumnSpec[]): string {
  const shown = columns.slice(0, SHOWN).map((column) => `${widthOf(column)} (${column.name})`);
  const rest = columns.slice(SHOWN).reduce((sum, column) => sum + widthOf(column), 0);
  return [...shown, ...(rest > 0 ? [`${rest} (${columns.length - SHOWN} more)`] : [])].join(' + ');
}
