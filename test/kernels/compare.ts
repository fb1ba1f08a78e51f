/** Compares a backend's answer with the reference's. */
import type { RawOutput } from '../../src/engines/engine.js';
import type { Tensor } from '../../src/graph/tensor.js';

/** How far a float may be off, as a share of its value, or of 1 where the value is smaller. */
const TOLERANCE = 1e-5;

/** What is off, or undefined: element types, shapes, whole numbers, NaN and infinities are equal, and other floats are close. */
export function differenceOf({ dataType, shape, data }: Tensor, got: RawOutput): string | undefined {
  if (got.dtype !== dataType) return `is ${got.dtype}, but should be ${dataType}`;
  if (got.shape.join() !== shape.join()) return `has shape [${got.shape.join(', ')}], but should have [${shape.join(', ')}]`;
  const place = data.findIndex((wanted, index) => !isClose(wanted, got.data[index] as number, dataType === 'float32'));
  return place < 0 ? undefined : `has ${got.data[place]} at ${place}, but should have ${data[place]}`;
}

function isClose(wanted: number, got: number, isFloat: boolean): boolean {
  if (wanted === got || Object.is(wanted, got)) return true;
  return isFloat && Number.isFinite(wanted) && Math.abs(wanted - got) <= TOLERANCE * Math.max(1, Math.abs(wanted));
}
