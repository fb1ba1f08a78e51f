/** Datasets of HDF5 files as weights of layers. */
import { broken, nameAt } from '../file-fields.js';
import type { Hdf5Object } from '../hdf5/file.js';
import { refuseNaN, type Weight } from '../tfjs/weights.js';

/**
 * Reads a dataset. Floats of 16 bits stay so, others become float32, and whole numbers int32; of those no layer computes with any.
 * @param name the weight's
 * @throws {PannierError} `model-format` for another type, and for NaN
 */
export function readVariable(dataset: Hdf5Object, name: string): Weight {
  const what = nameAt(name, `A weight's name in ${dataset.file}`);
  const { type, shape, bytes } = dataset.values();
  // h5py has no bfloat16, and keeps its bytes as they are.
  const isBfloat16 = type.bytes === 2 && dataset.attribute('dtype')?.[0] === 'bfloat16';
  const weight: Weight = { name: what, shape, ...valuesOf() };
  refuseNaN(weight);
  return weight;

  function valuesOf(): Pick<Weight, 'dtype' | 'bytes' | 'quantization'> {
    const stored = type.isBigEndian ? turned(bytes, type.bytes) : bytes;
    if (isBfloat16) return { dtype: 'float32', bytes: bytesOf(fromBfloat16(stored)) };
    if (type.kind === 'float' && type.bytes === 4) return { dtype: 'float32', bytes: stored };
    if (type.kind === 'float' && type.bytes === 2)
      return { dtype: 'float32', bytes: stored, quantization: { dtype: 'float16', original_dtype: 'float32' } };
    const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
    const count = stored.length / type.bytes;
    if (type.kind === 'float' && type.bytes === 8)
      return { dtype: 'float32', bytes: bytesOf(Float32Array.from({ length: count }, (_, index) => view.getFloat64(8 * index, true))) };
    if (type.kind === 'whole' && [1, 2, 4, 8].includes(type.bytes))
      return { dtype: 'int32', bytes: bytesOf(Int32Array.from({ length: count }, (_, index) => lowestBits(view, index, type.bytes))) };
    throw broken(`Weight "${what}" of ${dataset.file} is no number: its elements have ${type.bytes} bytes of another kind.`);
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function lowestBits(view: DataView, index: number, bytes: number): number {
  if (bytes === 1) return view.getInt8(index);
  return bytes === 2 ? view.getInt16(2 * index, true) : view.getInt32(bytes * index, true);
}

/** Turns the bytes of each element round. */
function turned(bytes: Uint8Array, elementBytes: number): Uint8Array {
  const copy = bytes.slice();
  for (let start = 0; start < copy.length; start += elementBytes) copy.subarray(start, start + elementBytes).reverse();
  return copy;
}

/** The upper halves of float32 numbers. */
function fromBfloat16(bytes: Uint8Array): Float32Array {
  const words = new Uint32Array(bytes.length / 2);
  for (let index = 0; index < words.length; index++)
    words[index] = ((bytes[2 * index] as number) | ((bytes[2 * index + 1] as number) << 8)) << 16;
  return new Float32Array(words.buffer);
}
