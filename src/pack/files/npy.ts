/** Reads NumPy's `.npy` files, in which training frameworks export arrays. */
import { describe } from '../../base/describe.js';
import { sizeOf } from '../../base/dtype.js';
import { widen } from '../../base/float16.js';

import { LIMITS } from '../../formats/limits.js';
import { badOption } from '../options.js';

/** One array, row by row. */
export interface NpyArray {
  readonly shape: readonly number[];
  /** The values of any element type as float64, which holds all of them except whole numbers above 2^53. */
  readonly values: Float64Array;
}

/** `\x93NUMPY` */
const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);

/** Most characters of the header, which has three entries. */
const HEADER_BYTES = 4096;

type ReadElement = (view: DataView, at: number) => number;

/** Element types by NumPy's names: a byte order of `|` is none, `<` little-endian. */
const ELEMENTS: Readonly<Record<string, readonly [bytes: number, read: ReadElement]>> = {
  '<f2': [2, (view, at) => widen(Uint16Array.of(view.getUint16(at, true)))[0] as number],
  '<f4': [4, (view, at) => view.getFloat32(at, true)],
  '<f8': [8, (view, at) => view.getFloat64(at, true)],
  '|i1': [1, (view, at) => view.getInt8(at)],
  '|u1': [1, (view, at) => view.getUint8(at)],
  '|b1': [1, (view, at) => (view.getUint8(at) === 0 ? 0 : 1)],
  '<i2': [2, (view, at) => view.getInt16(at, true)],
  '<u2': [2, (view, at) => view.getUint16(at, true)],
  '<i4': [4, (view, at) => view.getInt32(at, true)],
  '<u4': [4, (view, at) => view.getUint32(at, true)],
  '<i8': [8, (view, at) => Number(view.getBigInt64(at, true))],
};

/**
 * Reads an array of numbers or truth values, format versions 1 to 3.
 * @param what names the file in messages
 * @throws {PannierError} `options` if it is no such file
 */
export function readNpy(bytes: Uint8Array, what: string): NpyArray {
  const refuse = (why: string) => badOption(`${what} ${why}; write it with numpy.save.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || MAGIC.some((byte, index) => bytes[index] !== byte)) throw refuse('is no .npy file');
  const version = view.getUint8(6);
  if (version < 1 || version > 3) throw refuse(`is of .npy version ${version}; 1 to 3 are known`);
  const [headerStart, headerBytes] = version === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  const start = headerStart + headerBytes;
  if (headerBytes > HEADER_BYTES || start > bytes.length)
    throw refuse(`has a header of ${headerBytes} bytes, more than the file or ${HEADER_BYTES}`);
  const fields = readHeader(Buffer.from(bytes.subarray(headerStart, start)).toString('latin1'));
  if (fields === undefined) throw refuse("has a header that is not { 'descr': …, 'fortran_order': …, 'shape': (…) }");
  const { descr, isFortran, shape } = fields;
  const [size, read] = (Object.hasOwn(ELEMENTS, descr) ? ELEMENTS[descr] : undefined) ?? [];
  if (size === undefined || read === undefined)
    throw refuse(`has elements of ${describe(descr)}; ${Object.keys(ELEMENTS).join(', ')} are known`);
  if (shape.length > LIMITS.rank) throw refuse(`has ${shape.length} dimensions; the limit is ${LIMITS.rank}`);
  const count = sizeOf(shape);
  // The file's length bounds the memory that is allocated.
  if (!Number.isSafeInteger(count) || start + count * size !== bytes.length) {
    throw refuse(`of ${descr} [${shape.join(', ')}] should have ${start + count * size} bytes, but has ${bytes.length}`);
  }
  const values = Float64Array.from({ length: count }, (_, index) => read(view, start + index * size));
  return { shape, values: isFortran ? rowByRow(values, shape) : values };
}

/** The header is a Python dict of three entries, in any order. */
function readHeader(text: string): { descr: string; isFortran: boolean; shape: readonly number[] } | undefined {
  const entries = text.match(/^\{(.*)\}[ \n]*$/s)?.[1];
  if (entries === undefined) return undefined;
  const found = new Map<string, string>();
  const entry = /\s*'(\w+)'\s*:\s*('[^']*'|True|False|\([\d, ]*\))\s*(?:,|$)/gy;
  while (entry.lastIndex < entries.trimEnd().length) {
    const [, key, value] = entry.exec(entries) ?? [];
    if (key === undefined || value === undefined || found.has(key)) return undefined;
    found.set(key, value);
  }
  const [descr, order, shape] = [found.get('descr'), found.get('fortran_order'), found.get('shape')];
  if (found.size !== 3 || !descr?.startsWith("'") || !(order === 'True' || order === 'False') || !shape?.startsWith('(')) return undefined;
  const sizes = shape.slice(1, -1).trim().replace(/,$/, '');
  const dims = sizes === '' ? [] : sizes.split(',').map((size) => (size.trim() === '' ? Number.NaN : Number(size)));
  if (!dims.every((size) => Number.isSafeInteger(size))) return undefined;
  return { descr: descr.slice(1, -1), isFortran: order === 'True', shape: dims };
}

/** Column by column, the first index runs fastest. */
function rowByRow(columns: Float64Array, shape: readonly number[]): Float64Array {
  const steps = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const rows = new Float64Array(columns.length);
  for (let index = 0; index < rows.length; index++) {
    let rest = index;
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] as number;
      from += (rest % size) * (steps[axis] as number);
      rest = Math.floor(rest / size);
    }
    rows[index] = columns[from] as number;
  }
  return rows;
}
