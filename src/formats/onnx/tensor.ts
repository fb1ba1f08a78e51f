/** Tensors of ONNX files as constants of the graph. */
import { sizeOf } from '../../base/dtype.js';
import { constantOf } from '../../graph/constant.js';
import { DATA_TYPES, type DataType } from '../../graph/element-type.js';
import type { Constant } from '../../graph/graph.js';
import { broken } from '../file-fields.js';
import { LIMITS } from '../limits.js';
import { dataTypeOf, elementTypeName } from './element-types.js';
import type { TensorProto } from './proto.js';

/** The files beside an .onnx file that hold its weights, by their names in it. */
export type ExternalFiles = ReadonlyMap<string, Uint8Array>;

/**
 * A tensor as a constant. Numbers of int64 that float64 does not hold exactly become the greatest or least one that it does: exporters
 * write the greatest int64 for "to the end".
 * @param name of the constant
 * @throws {PannierError} `model-format` if its bytes are not those of its type, or lie in a file that is not there
 */
export function constantOfTensor(tensor: TensorProto, name: string, files: ExternalFiles): Constant {
  const place = `Tensor "${name}"`;
  const dataType = dataTypeOf(tensor.dataType);
  if (dataType === undefined) throw broken(`${place} is ${elementTypeName(tensor.dataType)}, which Pannier's graph does not have.`);
  const shape = tensor.dims;
  if (shape.length > LIMITS.rank) throw broken(`${place} has ${shape.length} dimensions; the limit is ${LIMITS.rank}.`);
  if (shape.some((size) => !Number.isSafeInteger(size) || size < 0)) throw broken(`${place} has the sizes [${shape.join(', ')}].`);
  const elements = sizeOf(shape);
  if (elements > LIMITS.elements) throw broken(`${place} has ${elements} elements; the limit is ${LIMITS.elements}.`);
  const stored = tensor.isExternal ? externalBytes(tensor, place, files) : tensor.raw;
  const bytes = stored === undefined ? bytesOfLists(tensor, dataType) : bytesOfRaw(stored, dataType);
  const wanted = elements * (dataType === 'float16' ? 2 : DATA_TYPES[dataType].BYTES_PER_ELEMENT);
  if (bytes.length !== wanted) {
    const got = stored === undefined ? `${bytes.length / (wanted / elements || 1)} numbers` : `${stored.length} bytes`;
    throw broken(`${place} is ${dataType}[${shape.join(', ')}], which ${elements} numbers make, but has ${got}.`);
  }
  return { value: { name, type: { dataType, shape } }, bytes, storage: { kind: 'plain' } };
}

/** A tensor of texts as their places in a list, which is theirs in their order. @throws {PannierError} `model-format` */
export function placesOfTexts({ name, dims, texts }: TensorProto): Constant {
  if (sizeOf(dims) !== texts.length) throw broken(`Tensor "${name}" is string[${dims.join(', ')}], but has ${texts.length} texts.`);
  return constantOf(name, { dataType: 'int32', shape: dims, data: Int32Array.from(texts.keys()) });
}

/** The bytes of a tensor that lie in another file. */
function externalBytes({ external }: TensorProto, place: string, files: ExternalFiles): Uint8Array {
  const location = external.get('location') ?? '';
  const file = files.get(location);
  if (file === undefined) throw broken(`${place} lies in the file "${location}", which is not beside the model.`);
  const offset = Number(external.get('offset') ?? 0);
  const length = Number(external.get('length') ?? file.length - offset);
  const isInside = [offset, length, file.length - offset - length].every((each) => Number.isSafeInteger(each) && each >= 0);
  if (!isInside) throw broken(`${place} lies at ${offset} of "${location}" with ${length} bytes; the file has ${file.length}.`);
  return file.subarray(offset, offset + length);
}

/** Bytes as the graph stores them: int64 is float64 there. */
function bytesOfRaw(raw: Uint8Array, dataType: DataType): Uint8Array {
  if (dataType !== 'int64') return raw;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return bytesOf(Float64Array.from({ length: Math.floor(raw.length / 8) }, (_, index) => held(Number(view.getBigInt64(8 * index, true)))));
}

/** The bytes of numbers that stand in the file's lists, of which each holds several element types. */
function bytesOfLists({ floats, wholes32, wholes64 }: TensorProto, dataType: DataType): Uint8Array {
  if (dataType === 'float32') return bytesOf(Float32Array.from(floats));
  if (dataType === 'float16') return bytesOf(Uint16Array.from(wholes32));
  if (dataType === 'int64') return bytesOf(Float64Array.from(wholes64, held));
  return bytesOf(DATA_TYPES[dataType].from(wholes32));
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

const held = (value: number): number => Math.min(Math.max(value, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
