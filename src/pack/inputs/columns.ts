/** Tabular inputs: checks the options on columns, and that the columns fill a row of the tensor. */

import { widthOf } from '../../manifest/details.js';
import type { ColumnSpec } from '../../manifest/manifest.js';
import type { Cell, Dim } from '../../manifest/signature.js';
import { checkKnown } from '../check-options.js';
import { isReserved, show, showShape } from '../fields.js';
import { LIMITS } from '../limits.js';
import type { GraphInput } from '../model/signature.js';
import { badOption, type ColumnOptions } from '../options.js';

/**
 * Resolves the columns of an input with every default, and its shape, whose last size the columns fix.
 * @throws {PannierError} `options`, naming a column that is wrong, or if the columns do not fill a row
 */
export function settleColumns({ name, node, dtype, shape, options }: GraphInput): {
  readonly columns?: readonly ColumnSpec[];
  readonly shape: readonly Dim[] | null;
} {
  if (options.columns === undefined) return { shape };
  const place = `inputs["${node}"].columns`;
  checkColumns(options.columns, place);
  const told = `input "${name}" is ${dtype} ${showShape(shape)}`;
  if (options.image !== undefined) throw badOption(`Option inputs["${node}"] has both image and columns; an input takes one or the other.`);
  if (dtype === 'bool' || shape === null || shape.length === 0 || shape.length > 2)
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

/** Checks columns that come from a JavaScript config file, without types. */
function checkColumns(columns: unknown, place: string): void {
  if (!Array.isArray(columns) || columns.length === 0)
    throw badOption(`Option ${place} is ${show(columns)}; an array of { name, mean, std } or { name, categories } is wanted.`);
  if (columns.length > LIMITS.labels) throw badOption(`Option ${place} has ${columns.length} columns; the limit is ${LIMITS.labels}.`);
  const names = new Set<unknown>();
  // `forEach` would skip holes of a sparse array.
  for (const [index, column] of columns.entries()) {
    checkColumn(column as ColumnOptions, `${place}[${index}]`);
    const { name } = column as ColumnOptions;
    if (names.has(name)) throw badOption(`Option ${place} has two columns of the name ${show(name)}.`);
    names.add(name);
  }
}

function checkColumn(column: ColumnOptions, place: string): void {
  const isCategorical = typeof column === 'object' && column !== null && 'categories' in column;
  checkKnown(column, isCategorical ? ['name', 'categories', 'encode'] : ['name', 'mean', 'std'], place);
  const { name } = column;
  if (typeof name !== 'string' || name === '' || name.length > LIMITS.nameBytes || isReserved(name))
    throw badOption(`Option ${place}.name is ${show(name)}; a text is wanted, none that every JavaScript object has.`);
  if ('categories' in column) {
    checkCategories(column.categories, place);
    if (![undefined, 'one-hot', 'index'].includes(column.encode))
      throw badOption(`Option ${place}.encode is ${show(column.encode)}; one-hot, index are known.`);
    return;
  }
  const { mean = 0, std = 1 } = column;
  if (!Number.isFinite(mean)) throw badOption(`Option ${place}.mean is ${show(mean)}; a finite number is wanted.`);
  if (!(Number.isFinite(std) && std > 0)) throw badOption(`Option ${place}.std is ${show(std)}; a number above 0 is wanted.`);
}

function checkCategories(categories: unknown, place: string): void {
  const isCell = (value: unknown) => typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  if (!Array.isArray(categories) || categories.length === 0 || ![...categories].every(isCell))
    throw badOption(`Option ${place}.categories is ${show(categories)}; an array of texts, numbers or booleans is wanted.`);
  if (categories.length > LIMITS.labels)
    throw badOption(`Option ${place}.categories has ${categories.length} items; the limit is ${LIMITS.labels}.`);
  const long = categories.find((category) => typeof category === 'string' && Buffer.byteLength(category) > LIMITS.labelBytes);
  if (long !== undefined) throw badOption(`Option ${place}.categories has one of more than ${LIMITS.labelBytes} bytes: ${show(long)}.`);
  const seen = new Set<Cell>();
  const double = categories.find((category: Cell) => seen.size === seen.add(category).size);
  if (double !== undefined) throw badOption(`Option ${place}.categories has ${show(double)} twice.`);
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
