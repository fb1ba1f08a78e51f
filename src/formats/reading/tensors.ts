/** The tensors of a model file while it is read: values of our graph, sizes, and constants that become values where a node takes them. */

import { sizeOf } from '../../base/dtype.js';
import { Names } from '../../base/names.js';
import { scaleBytes } from '../../base/per-channel.js';
import type { GraphBuilder } from '../../graph/builder.js';
import { axisOfChannels, bytesPerElement, channelOrder, tensorOf } from '../../graph/constant.js';
import { DATA_TYPES, type DataType } from '../../graph/element-type.js';
import type { Constant, Origin, Storage, TypedValue, Value } from '../../graph/graph.js';
import { isOpen } from '../../graph/size.js';
import type { Tensor } from '../../graph/tensor.js';
import { MAX_SIZE_ELEMENTS, type SizeTensor } from './size-tensor.js';

/** The result of reading a node's output: a value of the graph, or sizes that need no node. */
export type ReadTensor = TypedValue | SizeTensor;

/** The results of a node, which its importer gives without a list if there is one. */
export const listOfTensors = (read: ReadTensor | readonly ReadTensor[]): readonly ReadTensor[] =>
  Array.isArray(read) ? read : [read as ReadTensor];

interface Entry {
  value?: Value;
  /** `null` where it was looked for and is not there. */
  sizes?: SizeTensor | null;
  readonly constant?: Constant;
  /** The tensors by the text of the shape, or of the order of axes. */
  inOtherForms?: Map<string, TypedValue>;
  readonly origin?: Origin;
}

export class Tensors {
  readonly #builder: GraphBuilder;
  readonly #openNames = new Names();
  readonly #entries = new Map<string, Entry>();
  readonly #count: (constant: Constant) => void;

  /** @param count is told of each constant, also of one in another shape or order, and may refuse it */
  constructor(builder: GraphBuilder, count: (constant: Constant) => void = () => undefined) {
    this.#builder = builder;
    this.#count = count;
  }

  /** A name that no open size has yet. */
  openName(wanted: string): string {
    return this.#openNames.take(wanted);
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  set(name: string, tensor: Value | SizeTensor, origin?: Origin): void {
    const isSizes = 'sizes' in tensor;
    this.#entries.set(name, { ...(isSizes ? { sizes: tensor } : { value: tensor, sizes: null }), ...(origin && { origin }) });
  }

  /** Adds a constant, which stands in the graph once a node takes it. */
  setConstant(constant: Constant): void {
    this.#count(constant);
    this.#entries.set(constant.value.name, { constant });
  }

  /** The same tensor under another name. */
  alias(name: string, of: string): void {
    this.#entries.set(name, this.#entry(of));
  }

  /** A tensor as a value of the graph. */
  value(name: string): Value {
    const entry = this.#entry(name);
    entry.value ??= entry.constant
      ? this.#builder.constant(entry.constant)
      : this.#valueOf(entry.sizes as SizeTensor, entry.origin as Origin);
    return entry.value;
  }

  /** A constant in another shape of as many elements; undefined if the tensor is none, or its scales fit no axis of that shape. */
  constantAs(name: string, shape: readonly number[]): TypedValue | undefined {
    const { constant } = this.#entry(name);
    const storage = constant && storageIn(shape, constant);
    if (storage === undefined) return undefined;
    return this.#formOf(name, `as ${shape}`, ({ value, bytes }) => ({
      value: { ...value, type: { ...value.type, shape } },
      ...{ bytes, storage },
    }));
  }

  /** A constant with its axes in another order; undefined if the tensor is none, or has another number of axes. */
  constantTransposed(name: string, permutation: readonly number[]): TypedValue | undefined {
    if (this.#entry(name).constant?.value.type.shape.length !== permutation.length) return undefined;
    return this.#formOf(name, `by ${permutation}`, (constant) => transposed(constant, permutation));
  }

  #formOf(name: string, form: string, make: (constant: Constant) => Constant): TypedValue | undefined {
    const entry = this.#entry(name);
    if (entry.constant === undefined) return undefined;
    entry.inOtherForms ??= new Map();
    const known = entry.inOtherForms.get(form);
    if (known !== undefined) return known;
    const constant = make(entry.constant);
    this.#count(constant);
    const made = this.#builder.constant(constant);
    entry.inOtherForms.set(form, made);
    return made;
  }

  /** A tensor as sizes; undefined if it is computed from values. */
  sizes(name: string): SizeTensor | undefined {
    const entry = this.#entry(name);
    if (entry.sizes === undefined) entry.sizes = (entry.constant && sizesOf(entry.constant)) ?? null;
    return entry.sizes ?? undefined;
  }

  /** Sizes as a value of the graph. A value stays as it is. @param origin of the node that takes it */
  asValue(tensor: ReadTensor, origin: Origin): TypedValue {
    return 'sizes' in tensor ? this.#valueOf(tensor, origin) : tensor;
  }

  /** The numbers of a tensor that is a constant. */
  constant(name: string): Tensor | undefined {
    const { constant, sizes } = this.#entry(name);
    if (constant !== undefined) return tensorOf(constant);
    if (!sizes?.sizes.every((size) => !isOpen(size))) return undefined;
    const { dataType, shape } = sizes;
    return { dataType, shape, data: DATA_TYPES[dataType].from(sizes.sizes as readonly number[]) };
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new Error(`The tensor "${name}" has not been read.`);
    return entry;
  }

  #valueOf({ dataType, shape, sizes }: SizeTensor, origin: Origin): TypedValue {
    if (!sizes.some(isOpen)) return this.#builder.numbers(dataType, sizes as readonly number[], shape);
    const list = this.#builder.op('sizes', [], { values: sizes, dataType }, origin);
    return shape.length === 1 ? list : this.#builder.op('reshape', [list], { newShape: shape }, origin);
  }
}

/** Beyond this, float32 does not hold every whole number. */
const MAX_WHOLE_FLOAT32 = 2 ** 24;

const isOfSizes = (dataType: DataType): dataType is SizeTensor['dataType'] => ['int32', 'int64', 'float32', 'bool'].includes(dataType);

/** The numbers of a constant, if it is small and they are whole: float32 has a -0, which a size has not. */
function sizesOf(constant: Constant): SizeTensor | undefined {
  const { dataType, shape } = constant.value.type;
  if (sizeOf(shape as readonly number[]) > MAX_SIZE_ELEMENTS || !isOfSizes(dataType)) return undefined;
  const numbers = [...tensorOf(constant).data];
  const isSize = (number: number) => Number.isInteger(number) && Math.abs(number) <= MAX_WHOLE_FLOAT32 && !Object.is(number, -0);
  if (dataType === 'float32' && !numbers.every(isSize)) return undefined;
  return { dataType, shape: shape as readonly number[], sizes: numbers };
}

/** How a constant is stored in another shape; undefined if the scales of its channels lie along no axis there. */
function storageIn(shape: readonly number[], { value, storage }: Constant): Storage | undefined {
  if (storage.kind !== 'int8') return storage;
  const axis = axisOfChannels(shape, channelOrder(value.type.shape as readonly number[], storage.axis));
  return axis < 0 ? undefined : { kind: 'int8', axis };
}

/** A constant with its axes in another order. Its bytes are moved as they are stored; the scales in front of them stay there. */
function transposed(constant: Constant, permutation: readonly number[]): Constant {
  const { value, bytes, storage } = constant;
  const own = value.type.shape as readonly number[];
  const shape = permutation.map((axis) => own[axis] as number);
  const steps = permutation.map((axis) => sizeOf(own.slice(axis + 1)));
  const width = bytesPerElement(value.type.dataType, storage);
  const front = storage.kind === 'int8' ? scaleBytes(channelOrder(own, storage.axis)) : 0;
  const moved = new Uint8Array(bytes.length);
  moved.set(bytes.subarray(0, front));
  const place = shape.map(() => 0);
  let from = 0;
  for (let to = front; to < moved.length; to += width) {
    for (let byte = 0; byte < width; byte++) moved[to + byte] = bytes[front + from * width + byte] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axis] as number;
      place[axis] = (place[axis] as number) + 1;
      if ((place[axis] as number) < (shape[axis] as number)) break;
      from -= (shape[axis] as number) * (steps[axis] as number);
      place[axis] = 0;
    }
  }
  const stored: Storage = storage.kind === 'int8' ? { ...storage, axis: permutation.indexOf(storage.axis) } : storage;
  return { value: { ...value, type: { ...value.type, shape } }, bytes: moved, storage: stored };
}
