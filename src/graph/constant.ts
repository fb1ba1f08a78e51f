/** Constants: their bytes as they are stored, and the tensors that these stand for. */
import { sizeOf } from '../base/dtype.js';
import { widenInto } from '../base/float16.js';
import { float16Bits } from '../base/float16-bits.js';
import { type ChannelOrder, scaleBytes, scaleInto } from '../base/per-channel.js';
import { DATA_TYPES, type DataType, isFloat, type TensorData } from './element-type.js';
import type { Constant, Storage } from './graph.js';
import type { Tensor } from './tensor.js';

/** Bytes that one element takes as it is stored. int64 is stored in 8 bytes, as float64 is. */
export function bytesPerElement(dataType: DataType, { kind }: Storage): number {
  if (kind === 'plain') return dataType === 'float16' ? 2 : DATA_TYPES[dataType].BYTES_PER_ELEMENT;
  return kind === 'uint8' || kind === 'int8' ? 1 : 2;
}

/** Bytes that a tensor takes as it is stored, scales included. */
export const storedBytes = (dataType: DataType, shape: readonly number[], storage: Storage): number =>
  sizeOf(shape) * bytesPerElement(dataType, storage) + (storage.kind === 'int8' ? scaleBytes(channelOrder(shape, storage.axis)) : 0);

/** The order of the channels along an axis. */
export const channelOrder = (shape: readonly number[], axis: number): ChannelOrder => ({
  channels: shape[axis] as number,
  consecutive: sizeOf(shape.slice(axis + 1)),
});

/** The axis along which channels lie in this order; -1 if there is none. */
export const axisOfChannels = (shape: readonly number[], { channels, consecutive }: ChannelOrder): number =>
  shape.findIndex((size, axis) => size === channels && channelOrder(shape, axis).consecutive === consecutive);

/** Whether a tensor of this type can be stored so. */
export function canBeStored(dataType: DataType, storage: Storage, shape: readonly number[]): boolean {
  switch (storage.kind) {
    case 'plain':
      return true;
    case 'float16':
      return dataType === 'float32';
    case 'int8':
      return dataType === 'float32' && storage.axis in shape;
    default:
      return dataType === 'float32' || dataType === 'int32';
  }
}

/** A storage in messages and dumps. */
export function storageText(storage: Storage): string {
  switch (storage.kind) {
    case 'uint8':
    case 'uint16':
      return `${storage.kind} * ${storage.scale} + ${storage.min}`;
    case 'int8':
      return `int8 with scales along axis ${storage.axis}`;
    default:
      return storage.kind;
  }
}

/** A constant that holds the values of a tensor as they are. */
export function constantOf(name: string, { dataType, shape, data }: Tensor): Constant {
  const stored = dataType === 'float16' ? Uint16Array.from(data, float16Bits) : data;
  const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
  return { value: { name, type: { dataType, shape } }, bytes, storage: { kind: 'plain' } };
}

/** The values of a constant. They are new memory. */
export function tensorOf(constant: Constant): Tensor {
  const { dataType, shape } = constant.value.type as { readonly dataType: DataType; readonly shape: readonly number[] };
  const data = new DATA_TYPES[dataType](sizeOf(shape));
  decodeInto(data, constant);
  return { dataType, shape, data };
}

/**
 * Writes the values of a constant.
 * @param data as many elements as the constant has: floats for a type of floats, else whole numbers of its type or a wider one
 */
export function decodeInto(data: TensorData, { value: { type }, bytes, storage }: Constant): void {
  const { dataType } = type;
  // Arrays of wider elements begin at a multiple of their width. A slice of Node's Buffer would be no copy.
  const aligned = bytes.byteOffset % Float64Array.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  const { buffer, byteOffset } = aligned as Uint8Array<ArrayBuffer>;
  if (storage.kind === 'float16' || (storage.kind === 'plain' && dataType === 'float16')) {
    widenInto(data as Float32Array, new Uint16Array(buffer, byteOffset, data.length));
  } else if (storage.kind === 'plain') {
    data.set(new DATA_TYPES[dataType](buffer, byteOffset, data.length));
  } else if (storage.kind === 'int8') {
    const order = channelOrder(type.shape as readonly number[], storage.axis);
    const scales = new Float32Array(buffer, byteOffset, order.channels);
    scaleInto(data as Float32Array, new Int8Array(buffer, byteOffset + scaleBytes(order), data.length), scales, order);
  } else {
    const { scale, min } = storage;
    const stored = new (storage.kind === 'uint8' ? Uint8Array : Uint16Array)(buffer, byteOffset, data.length);
    const round = isFloat(dataType) ? (value: number) => value : Math.round;
    for (let index = 0; index < data.length; index++) data[index] = round((stored[index] as number) * scale + min);
  }
}
