/** Turns values that an app or a test gives for an output into an output as an engine gives it: checked, and copied. */
import { typeName } from '../base/describe.js';
import { DTYPES, type DType, holds, type OwnedArray, shapeText, sizeOf } from '../base/dtype.js';
import type { RawOutput } from '../engines/engine.js';
import type { OutputSpec } from '../manifest/manifest.js';
import type { Dim } from '../manifest/signature.js';

/**
 * Checks values against the signature, and copies them.
 * @param values an array, or `{ data, shape?, dtype? }`
 * @param refuse makes an error of a sentence that names the output, what it takes and what it got
 * @param sampled the golden sample's shape, which is assumed for open sizes if the number of values fits it
 */
export function givenOutput(
  name: string,
  spec: OutputSpec,
  values: unknown,
  refuse: (message: string) => Error,
  sampled?: readonly number[],
): RawOutput {
  const { dtype, shape } = spec;
  const isTensor = typeof values === 'object' && values !== null && 'data' in values;
  const given: { data: unknown; shape?: unknown; dtype?: unknown } = isTensor ? values : { data: values };
  if (given.dtype !== undefined && given.dtype !== dtype)
    throw refuse(`Output "${name}" should be ${dtype}, but is ${String(given.dtype)}.`);
  const data = owned(name, dtype, given.data, refuse);
  const { length } = data;
  const dims = given.shape ?? inferred(shape, length, sampled);
  const known = sizeOf(shape?.filter((dim) => dim !== null) ?? []);
  if (dims === undefined && shape?.filter((dim) => dim === null).length === 1)
    throw refuse(`Output "${name}" of shape ${shapeText(shape)} wants a multiple of ${known} values, but has ${length}.`);
  if (dims === undefined)
    throw refuse(`Output "${name}" of shape ${shapeText(shape)} and ${length} values has to say its shape: { data, shape }.`);
  if (!isShape(dims)) throw refuse(`Output "${name}" should have a shape of sizes, but has ${typeName(dims)}.`);
  if (shape !== null && !(dims.length === shape.length && shape.every((dim, axis) => dim === null || dim === dims[axis])))
    throw refuse(`Output "${name}" should have shape ${shapeText(shape)}, but has ${shapeText(dims)}.`);
  if (sizeOf(dims) !== length)
    throw refuse(`Output "${name}" of shape ${shapeText(dims)} should have ${sizeOf(dims)} values, but has ${length}.`);
  return { dtype, shape: dims, data };
}

/** Whether a dtype can hold a value; a bool also holds `true` and `false`. */
const canHold = (dtype: DType, value: unknown): boolean =>
  typeof value === 'boolean' ? dtype === 'bool' : typeof value === 'number' && holds(dtype, value);

function owned(name: string, dtype: DType, data: unknown, refuse: (message: string) => Error): OwnedArray {
  if (typeof data !== 'object' || !Number.isSafeInteger((data as ArrayLike<unknown> | null)?.length))
    throw refuse(`Output "${name}" should be an array of numbers, but is ${typeName(data)}.`);
  // Names are compared, because arrays of another realm are not `instanceof` ours. The bytes of a bool may hold any value.
  if (typeName(data) === DTYPES[dtype].name && dtype !== 'bool') return new DTYPES[dtype](data as ArrayLike<number>);
  const values = Array.from(data as ArrayLike<unknown>);
  const index = values.findIndex((value) => !canHold(dtype, value));
  if (index < 0) return DTYPES[dtype].from(values as number[]);
  const other = values[index];
  const got = typeof other === 'number' || typeof other === 'string' ? JSON.stringify(other) : typeName(other);
  throw refuse(`Output "${name}" should be a flat array of ${dtype === 'float32' ? 'numbers' : dtype}, but holds ${got} at ${index}.`);
}

const isShape = (dims: unknown): dims is readonly number[] =>
  Array.isArray(dims) && dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0);

/** The only shape that this number of values can have, if there is one. */
function inferred(shape: readonly Dim[] | null, length: number, sampled: readonly number[] | undefined): readonly number[] | undefined {
  if (sampled !== undefined && sizeOf(sampled) === length) return sampled;
  if (shape === null) return undefined;
  const open = shape.filter((dim) => dim === null).length;
  const known = sizeOf(shape.filter((dim) => dim !== null));
  if (open === 0) return shape as readonly number[];
  return open === 1 && known > 0 && length % known === 0 ? shape.map((dim) => dim ?? length / known) : undefined;
}
