/** The constants of a .tflite file as constants of the graph. */
import { sizeOf } from '../../../base/dtype.js';
import { constantOf, storedBytes } from '../../../graph/constant.js';
import { DATA_TYPES, type DataType } from '../../../graph/element-type.js';
import type { Constant, Storage } from '../../../graph/graph.js';
import { broken } from '../../file-fields.js';
import { LIMITS } from '../../limits.js';
import { dataTypeOf, elementTypeName } from '../element-types.js';
import type { Quantization, TfliteTensor } from '../model.js';
import { denseBytes } from './dense.js';

/**
 * A tensor's bytes as a constant. A sparse one is brought into rows.
 * @param name of the constant
 * @throws {PannierError} `model-format` if its bytes are not those of its type
 */
export function constantOfTensor(tensor: TfliteTensor, bytes: Uint8Array, name: string): Constant {
  const place = `Tensor "${name}"`;
  const dataType = dataTypeOf(tensor.elementType);
  if (dataType === undefined) throw broken(`${place} is ${elementTypeName(tensor.elementType)}, which Pannier's graph does not have.`);
  const shape = constantShape(tensor, place);
  const width = storedBytes(dataType, [1], { kind: 'plain' });
  const whole = tensor.sparsity === undefined ? bytes : denseBytes(tensor, tensor.sparsity, bytes, width, name);
  const held = dataType === 'int64' ? asFloat64(whole) : whole;
  const wanted = storedBytes(dataType, shape, { kind: 'plain' });
  if (held.length !== wanted)
    throw broken(`${place} is ${dataType}[${shape.join(', ')}], which takes ${wanted} bytes, but has ${bytes.length}.`);
  return { value: { name, type: { dataType, shape } }, bytes: held, storage: { kind: 'plain' } };
}

function constantShape({ shape }: TfliteTensor, place: string): readonly number[] {
  const sizes = shape.map((size) => {
    if (size === null) throw broken(`${place} is a constant of an open size.`);
    return size;
  });
  const elements = sizeOf(sizes);
  if (elements > LIMITS.elements) throw broken(`${place} has ${elements} elements; the limit is ${LIMITS.elements}.`);
  return sizes;
}

/** int64 as float64, as the graph stores it. Numbers beyond 2^53 become the greatest or least that it holds exactly. */
function asFloat64(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const held = (number: number): number => Math.min(Math.max(number, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  const numbers = Float64Array.from({ length: Math.floor(bytes.length / 8) }, (_, index) =>
    held(Number(view.getBigInt64(8 * index, true))),
  );
  return new Uint8Array(numbers.buffer);
}

/** A constant of float16 as one of float32, which stays stored as it is. */
export const widened = (constant: Constant, name: string): Constant => ({
  value: { name, type: { ...constant.value.type, dataType: 'float32' } },
  bytes: constant.bytes,
  storage: { kind: 'float16' },
});

/** Types of whole numbers whose numbers stand for floats, and the half of their range. */
const HALF_RANGES: Readonly<Partial<Record<DataType, number>>> = { uint8: 0, int8: 2 ** 7, int16: 2 ** 15 };

/**
 * The floats that the numbers of a constant stand for. They stay stored in 8 or 16 bits, unless each place along an axis has its own
 * zero point. Those of 32 bits, such as a bias, become floats.
 * @throws {PannierError} `model-format` if its type or its scales do not fit
 */
export function dequantized(constant: Constant, { scales, zeroPoints, axis }: Quantization, name: string): Constant {
  const { type } = constant.value;
  const shape = type.shape as readonly number[];
  const half = HALF_RANGES[type.dataType];
  const place = `Tensor "${name}"`;
  if (half === undefined && type.dataType !== 'int32')
    throw broken(`${place} is ${type.dataType} and quantised, which Pannier does not read.`);
  const isFitting = scales.length === 1 || scales.length === shape[axis];
  if (!isFitting || ![0, 1, scales.length].includes(zeroPoints.length) || !scales.every((scale) => Number.isFinite(scale)))
    throw broken(`${place} has ${scales.length} scales and ${zeroPoints.length} zero points for the shape [${shape.join(', ')}].`);
  const stored = (storage: Storage, bytes: Uint8Array): Constant => ({
    value: { name, type: { dataType: 'float32', shape } },
    ...{ bytes, storage },
  });
  if (scales.length === 1 && half !== undefined) {
    const [scale = 1, zero = 0] = [scales[0], zeroPoints[0]];
    const bytes = half === 0 ? constant.bytes : withoutSign(constant.bytes, half === 2 ** 7 ? 1 : 2);
    return stored({ kind: type.dataType === 'int16' ? 'uint16' : 'uint8', scale, min: -(zero + half) * scale }, bytes);
  }
  if (type.dataType === 'int8' && zeroPoints.every((zero) => zero === 0)) {
    const bytes = new Uint8Array(4 * scales.length + constant.bytes.length);
    bytes.set(new Uint8Array(Float32Array.from(scales).buffer));
    bytes.set(constant.bytes, 4 * scales.length);
    return stored({ kind: 'int8', axis }, bytes);
  }
  const consecutive = sizeOf(shape.slice(axis + 1));
  const numbers = new DATA_TYPES[type.dataType](constant.bytes.slice().buffer as ArrayBuffer);
  const data = Float32Array.from(numbers, (number, index) => {
    const channel = Math.floor(index / consecutive) % scales.length;
    return (scales[channel] as number) * (number - (zeroPoints[channel] ?? zeroPoints[0] ?? 0));
  });
  return constantOf(name, { dataType: 'float32', shape, data });
}

/** Numbers plus half their range, which have no sign: the highest bit of each changes. */
function withoutSign(bytes: Uint8Array, width: number): Uint8Array {
  const flipped = bytes.slice();
  for (let at = width - 1; at < flipped.length; at += width) flipped[at] = (flipped[at] as number) ^ 0x80;
  return flipped;
}
