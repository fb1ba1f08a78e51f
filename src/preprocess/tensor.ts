/** An input given as numbers: checked against the signature and copied. */
import { typeName } from '../base/describe.js';
import { DTYPES, type DType, type OwnedArray, shapeText, sizeOf } from '../base/dtype.js';
import { PannierError } from '../base/errors.js';
import type { InputSpec } from '../manifest/manifest.js';
import type { Dim } from '../manifest/signature.js';
import type { TensorFeed } from './feed.js';

/** The array classes that each dtype takes, by name, because an array of another realm is not `instanceof` ours. */
const TAKES: Readonly<Record<DType, readonly string[]>> = {
  float32: ['Float32Array'],
  int32: ['Int32Array', 'BigInt64Array', 'Uint8Array', 'Uint8ClampedArray'],
  bool: ['Uint8Array'],
  uint8: ['Uint8Array', 'Uint8ClampedArray'],
  int8: ['Int8Array'],
};

const isShaped = (given: unknown): given is { readonly data?: unknown; readonly shape?: unknown } =>
  typeof given === 'object' && given !== null && ('shape' in given || 'data' in given);

/** Whether the caller gave numbers and not a picture. */
export const isTensorInput = (given: unknown): boolean =>
  ArrayBuffer.isView(given) || (typeof given === 'object' && given !== null && 'shape' in given);

/** Whether the caller gave a tabular input as numbers. Rows may have columns of any name, so only arrays are looked for. */
export const holdsArray = (given: unknown): boolean =>
  ArrayBuffer.isView(given) || ArrayBuffer.isView((given as { readonly data?: unknown } | null)?.data);

/**
 * Makes a feed from an array or `{ data, shape }`.
 * @throws {PannierError} `input`, naming the input, what it takes and what it got
 */
export function tensorFeed(name: string, spec: InputSpec, given: unknown): TensorFeed {
  const { data, shape: said } = isShaped(given) ? given : { data: given, shape: undefined };
  const kind = typeName(data);
  if (!ArrayBuffer.isView(data) || !TAKES[spec.dtype].includes(kind)) {
    const others = spec.image !== undefined ? ', or a picture' : spec.columns !== undefined ? ', in { data, shape }, or rows' : '';
    const wanted = `should be ${TAKES[spec.dtype].join(' or ')} of ${shapeText(spec.shape)}${others}`;
    throw wrong(name, wanted, `is ${kind}`, { wanted: TAKES[spec.dtype], got: kind }, kind === 'Array' ? giveTyped(spec) : '');
  }
  const values = data as OwnedArray;
  if (values.length === 0 && isDetached(values.buffer)) {
    throw wrong(
      name,
      'needs its values',
      'its buffer is detached: it was transferred to another thread',
      {},
      'Pass an array that this thread still owns.',
    );
  }
  const shape = said === undefined ? shapeFor(name, spec.shape, values.length) : checkedShape(name, spec.shape, said, values.length);
  const copy = kind === 'BigInt64Array' ? narrowed(name, data as BigInt64Array) : new DTYPES[spec.dtype](values);
  return { kind: 'tensor', name, dtype: spec.dtype, shape, data: copy };
}

/** int64 as int32. */
function narrowed(name: string, values: BigInt64Array): Int32Array<ArrayBuffer> {
  const copy = Int32Array.from(values, Number);
  const index = copy.findIndex((value, at) => BigInt(value) !== values[at]);
  if (index >= 0) throw wrong(name, 'should have values of int32', `has ${values[index]} at index ${index}`, { index });
  return copy;
}

/** The next step for a caller who gave a plain array. */
export function giveTyped({ dtype, shape }: InputSpec): string {
  const isOpen = shape === null || shape.includes(null);
  return `Give a ${TAKES[dtype][0]} of ${isOpen ? shapeText(shape) : `${sizeOf(shape as readonly number[])} values`}, flat.`;
}

/** The only shape that a bare array of this length can have. */
function shapeFor(name: string, shape: readonly Dim[] | null, length: number): readonly number[] {
  const open = shape?.filter((dim) => dim === null).length ?? 2;
  if (shape === null || open > 1) {
    throw wrong(name, `is ${shapeText(shape)}, so its shape has to be said`, 'is a bare array', { shape }, 'Pass { data, shape }.');
  }
  const known = sizeOf(shape.filter((dim) => dim !== null));
  if (open === 0 ? length !== known : known === 0 || length % known !== 0 || length === 0) {
    const wanted = open === 0 ? `${known} values` : `a whole number of times ${known} values`;
    throw wrong(name, `should have ${wanted}, for ${shapeText(shape)}`, `has ${length}`, { shape, length });
  }
  return shape.map((dim) => dim ?? length / known);
}

function checkedShape(name: string, shape: readonly Dim[] | null, said: unknown, length: number): readonly number[] {
  // The shape is copied like the values, since the caller may go on using its array.
  const dims: unknown[] | undefined = Array.isArray(said) ? [...said] : undefined;
  if (
    !isShape(dims) ||
    !(shape === null || (dims.length === shape.length && shape.every((dim, axis) => dim === null || dim === dims[axis])))
  ) {
    const got = dims === undefined ? typeName(said) : `[${dims.map((dim) => (typeof dim === 'number' ? dim : typeName(dim))).join(', ')}]`;
    throw wrong(name, `should have shape ${shapeText(shape)}`, `has shape ${got}`, { wanted: shape, got });
  }
  if (sizeOf(dims) !== length)
    throw wrong(name, `of shape ${shapeText(dims)} should have ${sizeOf(dims)} values`, `has ${length}`, { shape: dims, length });
  return dims;
}

const isShape = (dims: unknown[] | undefined): dims is number[] =>
  dims?.every((dim) => Number.isSafeInteger(dim) && (dim as number) >= 0) ?? false;

/** `buffer.detached` is missing in browsers that are supported, and a length of 0 may be an empty batch. */
function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** An `input` error, in the form that all of them share. */
export function wrong(name: string, wanted: string, got: string, detail: Record<string, unknown> = {}, next = ''): PannierError {
  return new PannierError('input', `Input "${name}" ${wanted}, but ${got}.${next === '' ? '' : ` ${next}`}`, { input: name, ...detail });
}
