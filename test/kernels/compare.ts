/** Compares a backend's answer with the reference's. */
import { DTYPES } from '../../src/base/dtype.js';
import type { RawOutput } from '../../src/engines/engine.js';
import type { Tensor } from '../../src/graph/tensor.js';
import type { Allowed } from './tolerance.js';

/** What is off, or undefined: element types, shapes, whole numbers, NaN and infinities are equal, and other floats as close as allowed. */
export function differenceOf({ dataType, shape, data }: Tensor, got: RawOutput, allowed: Allowed): string | undefined {
  if (got.dtype !== dataType) return `is ${got.dtype}, but should be ${dataType}`;
  if (got.shape.join() !== shape.join()) return `has shape [${got.shape.join(', ')}], but should have [${shape.join(', ')}]`;
  if (!(got.data instanceof DTYPES[got.dtype])) return `holds its values in ${got.data.constructor.name}`;
  if (got.data.length !== data.length) return `has ${got.data.length} values, but should have ${data.length}`;
  const isFloat = dataType === 'float32';
  const place = data.findIndex((wanted, index) => !isClose(wanted, got.data[index] as number, isFloat ? allowed(index) : 0));
  return place < 0 ? undefined : `has ${got.data[place]} at ${place}, but should have ${data[place]}`;
}

function isClose(wanted: number, got: number, allowed: number): boolean {
  if (wanted === got || Object.is(wanted, got)) return true;
  return Number.isFinite(wanted) && Math.abs(wanted - got) <= allowed;
}
