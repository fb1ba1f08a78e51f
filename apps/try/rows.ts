/** Parses pasted numbers, JSON or a table, to an input of predict. */
import { DTYPES, holds } from '../../src/base/dtype.js';
import { mulberry32 } from '../../src/base/random.js';
import type { DType, OwnedArray } from '../../src/index.js';
import { readLiteral } from './literal.js';

/** Values with their shape. */
export interface Values {
  readonly data: OwnedArray;
  readonly shape: readonly number[];
}

type Sizes = readonly (number | null)[] | null;

/**
 * Reads numbers for one input. A table's first line may be its heading.
 * @throws {Error} in words for the person who typed it
 */
export function readRows(text: string, dtype: DType, shape: Sizes): Values {
  const trimmed = text.trim();
  if (trimmed === '') throw new Error(`Type or paste numbers: ${shape === null ? 'of any shape' : wanted(shape)}.`);
  const { values, sizes } = trimmed.startsWith('[') ? readJson(trimmed) : readTable(trimmed);
  const data = DTYPES[dtype].from(values);
  const odd = values.findIndex((value) => !fits(value, dtype));
  if (odd >= 0) throw new Error(`Number ${odd + 1} is ${values[odd]}, which is no ${dtype}.`);
  return { data, shape: settleShape(values.length, sizes, shape) };
}

const fits = (value: number, dtype: DType): boolean => !Number.isNaN(value) && holds(dtype, value);

interface Read {
  readonly values: readonly number[];
  /** The line as written. */
  readonly sizes: readonly number[];
}

function readJson(text: string): Read {
  const json = readLiteral(text);
  const sizes: number[] = [];
  for (let inner = json; Array.isArray(inner); inner = inner[0]) sizes.push(inner.length);
  const values: number[] = [];
  const walk = (value: unknown, level: number, place: string): void => {
    if (level === sizes.length) {
      if (typeof value !== 'number' && typeof value !== 'boolean') throw new Error(`${place} is no number.`);
      values.push(Number(value));
      return;
    }
    if (!Array.isArray(value) || value.length !== sizes[level])
      throw new Error(`${place || 'The whole'} should be an array of ${sizes[level]}, as the first of its level is.`);
    for (const [index, each] of value.entries()) walk(each, level + 1, `${place}[${index}]`);
  };
  walk(json, 0, '');
  return { values, sizes };
}

function readTable(text: string): Read {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const cells = lines.map((line) =>
    line
      .trim()
      .split(/\s*[,;\t]\s*|\s+/)
      .filter((cell) => cell !== ''),
  );
  const [heading = []] = cells;
  if (cells.length > 1 && heading.every((cell) => Number.isNaN(numberOf(cell)))) cells.shift();
  const skipped = lines.length - cells.length;
  const columns = cells[0]?.length ?? 0;
  const values = cells.flatMap((row, index) => {
    const line = index + 1 + skipped;
    if (row.length !== columns) throw new Error(`Line ${line} has ${row.length} numbers; the first has ${columns}.`);
    return row.map((cell) => {
      const value = numberOf(cell);
      if (Number.isNaN(value)) throw new Error(`Line ${line} has ${JSON.stringify(cell.slice(0, 30))}, which is no number.`);
      return value;
    });
  });
  return { values, sizes: cells.length === 1 ? [columns] : [cells.length, columns] };
}

const WORDS: Readonly<Record<string, number>> = { true: 1, false: 0 };
const numberOf = (cell: string): number => WORDS[cell.toLowerCase()] ?? Number(cell);

/** Derives open sizes from the number of values. */
function settleShape(count: number, sizes: readonly number[], shape: Sizes): readonly number[] {
  if (shape === null) return sizes;
  if (sizes.length === shape.length) {
    if (shape.every((size, axis) => size === null || size === sizes[axis])) return sizes;
  }
  const open = shape.filter((size) => size === null).length;
  const fixed = shape.reduce<number>((product, size) => product * (size ?? 1), 1);
  const misfit = () => new Error(`These are ${count} numbers in the shape [${sizes.join(', ')}]; the model takes ${wanted(shape)}.`);
  if (open === 0 && count === fixed) return shape as number[];
  // One row for a model that has room for the batch and one more.
  if (open === 2 && shape.length === 2 && sizes.length === 1) return [1, count];
  if (open !== 1 || count === 0 || count % fixed !== 0) throw misfit();
  return shape.map((size) => size ?? count / fixed);
}

function wanted(shape: readonly (number | null)[]): string {
  const fixed = shape.reduce<number>((product, size) => product * (size ?? 1), 1);
  const text = `[${shape.map((size) => size ?? '?').join(', ')}]`;
  return shape.includes(null) ? `${fixed} numbers, or several times as many, ${text}` : `${fixed} numbers, ${text}`;
}

/** Random values for the shape, one row of the last axis per line. Each seed gives other values. */
export function randomRows(dtype: DType, shape: readonly number[], seed: number): string {
  const columns = shape.at(-1) ?? 1;
  const count = shape.reduce((product, size) => product * size, 1);
  const next = mulberry32(seed);
  const rows: string[] = [];
  for (let start = 0; start < count; start += columns) {
    rows.push(Array.from({ length: columns }, () => (dtype === 'float32' ? next().toFixed(3) : String(Math.floor(next() * 2)))).join(', '));
  }
  return rows.join('\n');
}
