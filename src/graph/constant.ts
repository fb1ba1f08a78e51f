/** Constants: their bytes as they are stored, and the tensors that these stand for. */
import { sizeOf } from '../base/dtype.js';
import { widenInto } from '../base/float16.js';
import { float16Bits } from '../base/float16-bits.js';
import { type ChannelOrder, scaleBytes, scaleInto } from '../base/per-channel.js';
import { DATA_TYPES, type DataType, isFloat } from './element-type.js';
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
export function tensorOf({ value: { type }, bytes, storage }: Constant): Tensor {
  const { dataType } = type;
  const shape = type.shape as readonly number[];
  const data = new DATA_TYPES[dataType](sizeOf(shape));
  const aligned = new Uint8Array(bytes).buffer;
  if (storage.kind === 'float16' || (storage.kind === 'plain' && dataType === 'float16')) {
    widenInto(data as Float32Array, new Uint16Array(aligned));
  } else if (storage.kind === 'plain') {
    new Uint8Array(data.buffer).set(bytes);
  } else if (storage.kind === 'int8') {
    const order = channelOrder(shape, storage.axis);
    const scales = new Float32Array(aligned, 0, order.channels);
    scaleInto(data as Float32Array, new Int8Array(aligned, scaleBytes(order)), scales, order);
  } else {
    const { scale, min } = storage;
    const stored = storage.kind === 'uint8' ? new Uint8Array(aligned) : new Uint16Array(aligned);
    const round = isFloat(dataType) ? (value: number) => value : Math.round;
    for (let index = 0; index < data.length; index++) data[index] = round((stored[index] as number) * scale + min);
  }
  return { dataType, shape, data };
}
