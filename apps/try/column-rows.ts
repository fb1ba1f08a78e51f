/** Text of a table, or JSON, to rows by the names of their columns. */
import type { Cell, Row } from '../../src/index.js';
import type { ColumnSpec } from '../../src/manifest/manifest.js';
import { readLiteral } from './literal.js';

/**
 * Reads rows for an input of named columns. Without a heading, cells are in the order of the columns. The cells
 * themselves are checked by predict.
 * @throws {Error} in words for the person who typed it
 */
export function readColumnRows(text: string, columns: readonly ColumnSpec[]): readonly Row[] {
  const trimmed = text.trim();
  const names = columns.map(({ name }) => name);
  if (trimmed === '') throw new Error(`Type or paste rows of ${names.join(', ')}.`);
  if (/^[[{]/.test(trimmed)) return readJson(trimmed);
  const lines = trimmed.split(/\r?\n/).filter((line) => line.trim() !== '');
  const cells = lines.map(cellsOf);
  const [first = []] = cells;
  const hasHeading = isHeading(first, columns);
  if (hasHeading) checkHeading(first, names);
  const order = hasHeading ? first : names;
  const rows = hasHeading ? cells.slice(1) : cells;
  if (rows.length === 0) throw new Error('There is a heading, but no row below it.');
  return rows.map((row, index) => {
    const line = index + (hasHeading ? 2 : 1);
    if (row.length !== order.length) throw new Error(`Line ${line} has ${row.length} cells; ${order.join(', ')} are ${order.length}.`);
    return Object.fromEntries(
      order.map((name, at) => [
        name,
        cellFor(
          columns.find((column) => column.name === name),
          row[at] as string,
        ),
      ]),
    );
  });
}

function readJson(text: string): readonly Row[] {
  const json = readLiteral(text) as Row | readonly Row[];
  return Array.isArray(json) ? json : [json as Row];
}

/** Whether the line is a heading: it names a column and cannot be a row. One of its names may be wrong. */
function isHeading(cells: readonly string[], columns: readonly ColumnSpec[]): boolean {
  const names = columns.map(({ name }) => name);
  if (!cells.some((cell) => names.includes(cell))) return false;
  const fits = (cell: string, column: ColumnSpec | undefined) =>
    column !== undefined &&
    ('categories' in column ? column.categories.some((each) => String(each) === cell) : !Number.isNaN(Number(cell)));
  return cells.every((cell) => names.includes(cell)) || !cells.every((cell, index) => fits(cell, columns[index]));
}

function checkHeading(heading: readonly string[], names: readonly string[]): void {
  const strange = heading.filter((name) => !names.includes(name));
  const missing = names.filter((name) => !heading.includes(name));
  if (strange.length > 0)
    throw new Error(
      `The header has ${strange.join(', ')}; ${missing.length > 0 ? `wanted ${missing.join(', ')}` : 'no column is called so'}.`,
    );
  if (missing.length > 0) throw new Error(`The header lacks ${missing.join(', ')}.`);
}

/** Spaces separate cells only if nothing else does, because names of categories may contain spaces. */
function cellsOf(line: string): string[] {
  const parts = /[,;\t]/.test(line) ? line.split(/[,;\t]/) : line.trim().split(/\s+/);
  return parts.map((part) => part.trim().replace(/^"(.*)"$/, '$1'));
}

function cellFor(column: ColumnSpec | undefined, cell: string): Cell {
  if (column !== undefined && 'categories' in column) return column.categories.find((category) => String(category) === cell) ?? cell;
  return cell === '' || Number.isNaN(Number(cell)) ? cell : Number(cell);
}

/** A heading and a few random rows: numbers near their means, categories in turn. Each seed gives other rows. */
export function exampleRows(columns: readonly ColumnSpec[], count: number, seed: number): string {
  const cell = (column: ColumnSpec, row: number) => {
    if ('categories' in column) return String(column.categories[(row + seed) % column.categories.length]);
    return String(Number((column.mean + column.std * (((row * 7 + seed * 3) % 11) / 5 - 1)).toPrecision(4)));
  };
  const rows = Array.from({ length: count }, (_, row) => columns.map((column) => cell(column, row)).join(', '));
  return [columns.map(({ name }) => name).join(', '), ...rows].join('\n');
}
