/** What `readManifest` leaves to the time when the code that needs it is there: how inputs are made, what the golden sample holds. */
import { ISO_DATE, isDate } from '../base/date.js';
import { sizeOf } from '../base/dtype.js';
import { choice, each, isListOf, isNumber, isWhole, need, object, text, texts } from './fields.js';
import type { ColumnSpec, InputSpec, Manifest } from './manifest.js';

/** Values that an input may take, also a picture's: the packer goes no further, and beyond it is memory that no page has. */
export const MOST_VALUES = 2 ** 26;

/** Rows of the golden sample, which are objects until they are encoded. */
export const MOST_ROWS = 2 ** 16;

/**
 * Checks the rest of a manifest, down to every field that anything here computes with.
 * @param manifest as `readManifest` gave it
 * @throws {PannierError} `manifest`, naming the field.
 */
export function checkDetails({ signature, golden, packedAt, staleAfterDays, drift }: Manifest): void {
  if (drift !== undefined) checkDrift(drift, signature.outputs);
  if (packedAt !== undefined) need(isDate(packedAt), 'packedAt', ISO_DATE, packedAt);
  if (staleAfterDays !== undefined) need(isNumber(staleAfterDays, 0), 'staleAfterDays', 'a number from 0 up', staleAfterDays);
  each(signature.inputs, 'signature.inputs', input);
  each(signature.outputs, 'signature.outputs', output);
  const { bytes } = golden.asset;
  each(golden.inputs, 'golden.inputs', (value, field, name) => goldenInput(value, field, own(signature.inputs, name), bytes));
  each(golden.outputs, 'golden.outputs', (value, field, name) => goldenOutput(value, field, own(signature.outputs, name), bytes));
}

/** How many values of the tensor's last axis a column fills. */
export const widthOf = (column: ColumnSpec): number =>
  'categories' in column && column.encode === 'one-hot' ? column.categories.length : 1;

/** How many rows a tensor of the golden sample holds; of one dimension, it is a row itself. */
export const rowsOf = (shape: readonly number[]): number => (shape.length < 2 ? 1 : (shape[0] as number));

const own = <T>(specs: Readonly<Record<string, T>>, name: string): T | undefined => (Object.hasOwn(specs, name) ? specs[name] : undefined);

function checkDrift(value: unknown, outputs: Manifest['signature']['outputs']): void {
  const { output, edges, counts, answers } = object(value, 'drift');
  choice(output, 'drift.output', ...Object.keys(outputs));
  const ascend = isListOf<number>(edges, (edge, before) => isNumber(edge) && (before === undefined || edge > before));
  need(ascend, 'drift.edges', 'ascending numbers', edges);
  const isRight = isListOf<number>(counts, (count) => isWhole(count)) && counts.length === (edges as number[]).length + 1;
  need(isRight, 'drift.counts', 'a whole number for each bin, one more than there are edges', counts);
  need(isWhole(answers), 'drift.answers', 'a whole number', answers);
}

function input(value: unknown, field: string): void {
  const { image, columns, pad, shape } = object(value, field);
  if (image !== undefined) checkImage(image, `${field}.image`);
  if (columns !== undefined) checkColumns(columns, `${field}.columns`, shape as InputSpec['shape']);
  if (pad !== undefined) checkPad(pad, `${field}.pad`, shape as InputSpec['shape']);
}

function checkPad(value: unknown, field: string, shape: InputSpec['shape']): void {
  const { to, axis, value: fill } = object(value, field);
  const isRight = isListOf<number>(to, (size, before) => isWhole(size, before === undefined ? 1 : before + 1)) && to.length > 0;
  need(isRight, `${field}.to`, 'ascending lengths', to);
  need(isWhole(axis) && shape?.[axis] === null, `${field}.axis`, 'an open axis of the input', axis);
  need(isNumber(fill), `${field}.value`, 'a finite number', fill);
}

function checkColumns(value: unknown, field: string, shape: InputSpec['shape']): void {
  need(Array.isArray(value), field, 'an array of columns', value);
  for (const [index, column] of (value as unknown[]).entries()) checkColumn(column, `${field}[${index}]`);
  const width = (value as ColumnSpec[]).reduce((sum, column) => sum + widthOf(column), 0);
  const isRight = (shape?.length === 1 || shape?.length === 2) && shape.at(-1) === width;
  need(isRight, field, `columns that fill the ${shape?.at(-1)} values of a row`, width);
}

function checkColumn(value: unknown, field: string): void {
  const { name, categories, encode, mean, std } = object(value, field);
  text(name, `${field}.name`);
  if (categories === undefined) {
    need(isNumber(mean), `${field}.mean`, 'a finite number', mean);
    need(isNumber(std) && std > 0, `${field}.std`, 'a number above 0', std);
    return;
  }
  need(Array.isArray(categories) && categories.length > 0, `${field}.categories`, 'an array of categories', categories);
  choice(encode, `${field}.encode`, 'one-hot', 'index');
}

function checkImage(value: unknown, field: string): void {
  const { width, height, fit, filter, channels, layout, scale, offset } = object(value, field);
  for (const [key, size] of Object.entries({ width, height })) need(isWhole(size, 1), `${field}.${key}`, 'a size in pixels', size);
  choice(fit, `${field}.fit`, 'stretch', 'contain', 'cover');
  choice(filter, `${field}.filter`, 'bilinear', 'area', 'nearest', 'browser');
  choice(channels, `${field}.channels`, 'rgb', 'bgr', 'gray');
  choice(layout, `${field}.layout`, 'nhwc', 'nchw');
  const count = channels === 'gray' ? 1 : 3;
  const values = (width as number) * (height as number) * count;
  need(values <= MOST_VALUES, field, `a picture of at most ${MOST_VALUES} values`, values);
  for (const [key, values] of Object.entries({ scale, offset })) {
    const isRight = isListOf(values, (item) => isNumber(item)) && values.length === count;
    need(isRight, `${field}.${key}`, `${count} finite numbers, one per channel`, values);
  }
}

function output(value: unknown, field: string): void {
  const { labels, values, lengthAxes } = object(value, field);
  if (labels !== undefined) texts(labels, `${field}.labels`);
  if (values !== undefined) choice(values, `${field}.values`, 'logits', 'probabilities');
  if (lengthAxes !== undefined) sizes(lengthAxes, `${field}.lengthAxes`);
}

function goldenInput(value: unknown, field: string, taken: InputSpec | undefined, bytes: number): void {
  const { kind, shape, offset, width, height, seed, low, high } = object(value, field);
  need(taken !== undefined, field, 'of an input in the signature', value);
  sizes(shape, `${field}.shape`);
  choice(
    kind,
    `${field}.kind`,
    ...(taken?.image === undefined ? [] : ['picture']),
    ...(taken?.columns === undefined ? [] : ['rows']),
    'uniform',
  );
  if (kind === 'picture') {
    const isRight = isWhole(width, 1) && isWhole(height, 1) && isWithin(offset, width * height * 3, bytes);
    need(isRight, field, `a picture within the ${bytes} bytes of its asset`, value);
  } else if (kind === 'uniform')
    need(
      [seed, low, high].every((number) => isNumber(number)),
      field,
      'a seed, low and high',
      value,
    );
  else {
    need(isNumber(seed), `${field}.seed`, 'a number', seed);
    const rows = rowsOf(shape as number[]);
    need(rows <= MOST_ROWS, `${field}.shape`, `at most ${MOST_ROWS} rows`, rows);
  }
}

function goldenOutput(value: unknown, field: string, given: object | undefined, bytes: number): void {
  const { shape, offset, count, min, max } = object(value, field);
  need(given !== undefined, field, 'of an output in the signature', value);
  sizes(shape, `${field}.shape`);
  const isRight = isWhole(count, 1) && isWithin(offset, count * 4, bytes) && offset % 4 === 0;
  need(isRight, field, `float32 values within the ${bytes} bytes of its asset`, value);
  for (const [key, number] of Object.entries({ min, max })) need(isNumber(number), `${field}.${key}`, 'a finite number', number);
}

const isWithin = (offset: unknown, length: number, bytes: number): offset is number => isWhole(offset) && offset + length <= bytes;

function sizes(value: unknown, field: string): void {
  need(
    isListOf(value, (size) => isWhole(size)),
    field,
    'sizes',
    value,
  );
  const count = sizeOf(value as number[]);
  need(count <= MOST_VALUES, field, `sizes of at most ${MOST_VALUES} values`, count);
}
