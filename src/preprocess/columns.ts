/** A tabular input given as rows: each cell is checked, encoded and written in the order of the columns. */
import { describe } from '../base/describe.js';
import { DTYPES, type OwnedArray, shapeText } from '../base/dtype.js';
import type { PannierError } from '../base/errors.js';
import type { ColumnSpec, InputSpec } from '../manifest/manifest.js';
import type { Cell } from '../manifest/signature.js';
import { widthOf } from '../manifest/sizes.js';
import type { TensorFeed } from './feed.js';
import { wrong } from './tensor.js';

/** The spec of an input that takes rows. */
export type TabularSpec = InputSpec & Required<Pick<InputSpec, 'columns'>>;

/** Most categories or columns that a message lists. */
const LISTED = 10;

/** The index of each category by its value, made once for a model. */
const places = new WeakMap<ColumnSpec, ReadonlyMap<unknown, number>>();

/**
 * Makes a feed from a row or an array of rows.
 * @throws {PannierError} `input`, naming the input, the row (counted from 0) and the column
 */
export function rowsFeed(name: string, spec: TabularSpec, given: unknown): TensorFeed {
  const { dtype, shape, columns } = spec;
  const rows: readonly unknown[] = Array.isArray(given) ? given : [given];
  const wanted = shape?.length === 1 ? 1 : shape?.[0];
  if (rows.length === 0 || (typeof wanted === 'number' && rows.length !== wanted)) {
    const rowCount = typeof wanted === 'number' ? `${wanted} row${wanted === 1 ? '' : 's'}` : 'at least one row';
    throw wrong(name, `should have ${rowCount}, for ${shapeText(shape)}`, `has ${rows.length}`, { rows: rows.length });
  }
  const width = columns.reduce((sum, column) => sum + widthOf(column), 0);
  const data = new DTYPES[dtype](rows.length * width);
  // `forEach` would skip holes of a sparse array.
  for (let row = 0; row < rows.length; row++) encodeRow(name, spec, rows[row], row, data.subarray(row * width, (row + 1) * width));
  return { kind: 'tensor', name, dtype, shape: shape?.length === 1 ? [width] : [rows.length, width], data };
}

function encodeRow(name: string, spec: TabularSpec, given: unknown, row: number, values: OwnedArray): void {
  const { columns, dtype, shape } = spec;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const wanted = `should be ${rowText(columns)}, an array of them or { data, shape } of ${shapeText(shape)}`;
    throw wrong(name, wanted, `${Array.isArray(given) || row > 0 ? `row ${row} ` : ''}is ${describe(given)}`, { row });
  }
  const cells = given as Readonly<Record<string, unknown>>;
  const stranger = Object.keys(cells).find((key) => !columns.some((column) => column.name === key));
  let at = 0;
  for (const column of columns) {
    const refuse = (wanted: string, got: string, next?: string): PannierError =>
      wrong(name, `should have ${wanted} in column "${column.name}" of row ${row}`, got, { row, column: column.name }, next);
    const cell = cells[column.name];
    if (cell === undefined) {
      const next = stranger === undefined ? '' : `The row has ${describe(stranger)}, which is no column.`;
      throw refuse(kindOf(column), 'it has none', next);
    }
    if ('categories' in column) {
      const place = placesOf(column).get(cell);
      if (place === undefined) throw refuse(kindOf(column), `has ${describe(cell)}`);
      values[column.encode === 'index' ? at : at + place] = column.encode === 'index' ? place : 1;
    } else {
      if (typeof cell !== 'number') throw refuse(kindOf(column), `has ${describe(cell)}`);
      const value = (cell - column.mean) / column.std;
      if (!Number.isFinite(Math.fround(value))) throw refuse('a finite number', `has ${cell}`);
      if (dtype === 'int32' && (value | 0) !== value) throw refuse('a whole number', `has ${cell}`);
      values[at] = value;
    }
    at += widthOf(column);
  }
  if (stranger === undefined) return;
  throw wrong(
    name,
    `should have the columns ${columns.map((column) => column.name).join(', ')} in row ${row}`,
    `it has also "${stranger}"`,
    { row, column: stranger },
  );
}

/** A row as messages show it. */
export function rowText(columns: readonly ColumnSpec[]): string {
  const names = columns.slice(0, LISTED).map(({ name }) => name);
  return `{ ${names.join(', ')}${columns.length > LISTED ? ', …' : ''} }`;
}

const kindOf = (column: ColumnSpec): string => ('categories' in column ? listed(column.categories) : 'a number');

function listed(categories: readonly Cell[]): string {
  const some = categories.slice(0, LISTED).map(describe).join(', ');
  return categories.length > LISTED ? `one of ${categories.length} categories (${some}, …)` : `one of ${some}`;
}

function placesOf(column: ColumnSpec & { readonly categories: readonly Cell[] }): ReadonlyMap<unknown, number> {
  const known = places.get(column) ?? new Map<unknown, number>(column.categories.map((category, place) => [category, place]));
  places.set(column, known);
  return known;
}
