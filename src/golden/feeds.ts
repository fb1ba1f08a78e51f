/** The inputs of a golden sample, as an engine takes them. Packer and browser share this code. */
import { DTYPES, type DType, type OwnedArray, sizeOf } from '../base/dtype.js';
import { mulberry32 } from '../base/random.js';
import type { ColumnSpec, GoldenInput, GoldenSample, ImageSpec, InputSpec } from '../manifest/manifest.js';
import type { Cell, Pixels, Row } from '../manifest/signature.js';
import { rowsOf } from '../manifest/sizes.js';
import { rowsFeed } from '../preprocess/columns.js';
import type { Feed } from '../preprocess/feed.js';
import { mapToSource } from '../preprocess/mapping.js';
import { toTensor } from '../preprocess/resize.js';

/**
 * Makes the inputs of a sample.
 * @param specs the inputs of the signature
 * @param goldenBytes the golden file, which holds the picture
 */
export function goldenFeeds(
  specs: Readonly<Record<string, InputSpec>>,
  { inputs }: Pick<GoldenSample, 'inputs'>,
  goldenBytes: ArrayBuffer,
): Feed[] {
  return Object.entries(inputs).map(([name, input]) => {
    const spec = specs[name];
    if (spec === undefined) throw new Error(`The golden sample feeds "${name}", which is no input.`);
    return goldenFeed(name, spec, input, goldenBytes);
  });
}

function goldenFeed(name: string, spec: InputSpec, input: GoldenInput, goldenBytes: ArrayBuffer): Feed {
  const { dtype, image, columns } = spec;
  const { shape } = input;
  if (input.kind === 'rows') {
    if (columns === undefined) throw new Error(`The golden sample has rows for "${name}", which takes none.`);
    return rowsFeed(name, { ...spec, columns }, sampleRows(columns, dtype, input));
  }
  if (input.kind === 'uniform') return { kind: 'tensor', name, dtype, shape, data: uniform(dtype, input) };
  if (image === undefined || dtype === 'bool') throw new Error(`The golden sample has a picture for "${name}", which takes none.`);
  const { offset, width, height, variant } = input;
  const plain = { data: toRgba(new Uint8Array(goldenBytes, offset, width * height * 3)), width, height };
  // Stretched by our own bilinear filter, the sample has the same values in every browser, whatever the app's pictures use.
  const stretched: ImageSpec = { ...image, fit: 'stretch', filter: 'bilinear' };
  const map = mapToSource(stretched, plain);
  const [count = 1] = shape;
  if (count === 1) return { kind: 'picture', name, dtype, shape, picture: variantOf(plain, variant), image: stretched, map };
  const data = new DTYPES[dtype](sizeOf(shape));
  for (let row = 0; row < count; row++)
    data.set(toTensor(variantOf(plain, variant + row), stretched, dtype, map), (row * data.length) / count);
  return { kind: 'tensor', name, dtype, shape, data };
}

/** Opaque RGBA from RGB. */
function toRgba(rgb: Uint8Array): Uint8Array {
  const pixels = rgb.length / 3;
  const rgba = new Uint8Array(pixels * 4).fill(255);
  for (let index = 0; index < pixels; index++) rgba.set(rgb.subarray(index * 3, index * 3 + 3), index * 4);
  return rgba;
}

/** The picture as it is, mirrored left to right, or as a negative. */
function variantOf({ data, width, height }: Pixels, variant: number): Pixels {
  const kind = variant % 3;
  if (kind === 0) return { data, width, height };
  const changed = data.map((value, index) => {
    const channel = index % 4;
    if (kind === 2) return channel === 3 ? value : 255 - value;
    const column = ((index - channel) / 4) % width;
    return data[index + 4 * (width - 1 - 2 * column)] as number;
  });
  return { data: changed, width, height };
}

/** Values in [low, high); whole numbers for an integer dtype. */
export function uniform(dtype: DType, { seed, low, high, shape }: GoldenInput & { kind: 'uniform' }): OwnedArray {
  const values = new DTYPES[dtype](sizeOf(shape));
  const whole = dtype !== 'float32';
  const next = mulberry32(seed);
  for (let index = 0; index < values.length; index++) {
    const value = low + next() * (high - low);
    values[index] = whole ? Math.floor(value) : value;
  }
  return values;
}

/** Rows like those of training data: any category, and numbers within two standard deviations of their mean. */
function sampleRows(columns: readonly ColumnSpec[], dtype: DType, { seed, shape }: GoldenInput & { kind: 'rows' }): Row[] {
  const next = mulberry32(seed);
  const cell = (column: ColumnSpec): Cell => {
    if ('categories' in column) return column.categories[Math.floor(next() * column.categories.length)] as Cell;
    return dtype === 'int32' ? Math.floor(next() * 2) : column.mean + column.std * (next() * 4 - 2);
  };
  return Array.from({ length: rowsOf(shape) }, () => Object.fromEntries(columns.map((column) => [column.name, cell(column)])));
}
