/** Whole numbers of quantised networks, computed again in float32, which holds every whole number up to 2^24. */
import { sizeOf } from '../base/dtype.js';
import { type DataType, INTEGER_RANGE, isFloat } from '../graph/element-type.js';
import type { Constant, Node, Origin, Storage, TypedValue, Value } from '../graph/graph.js';
import type { OpName } from '../graph/ops/index.js';
import type { Tensor } from '../graph/tensor.js';
import type { GraphView } from './pass.js';
import type { PatchBuilder } from './patch.js';
import { isWholeWithin } from './whole-floats.js';

/** Ops that mean the same for floats and for whole numbers that do not overflow. */
const ARITHMETIC: ReadonlySet<OpName> = new Set([
  ...(['add', 'sub', 'mul', 'max', 'min', 'clamp', 'relu', 'abs', 'neg', 'conv2d', 'matmul', 'reduceSum'] as const),
  ...(['reshape', 'transpose', 'expand', 'concat'] as const),
]);

/** Makes, in one patch, floats of whole numbers. Each value is made once. */
export class FloatArithmetic {
  readonly #patch: PatchBuilder;
  readonly #graph: GraphView;
  readonly #origin: Origin;
  readonly #made = new Map<Value, TypedValue>();

  /** @param origin of the node whose place the floats take */
  constructor(patch: PatchBuilder, graph: GraphView, origin: Origin) {
    this.#patch = patch;
    this.#graph = graph;
    this.#origin = origin;
  }

  /** The floats of whole numbers: they are computed from floats where these are there already, else the numbers are cast. */
  of(value: TypedValue): TypedValue {
    const made = this.#made.get(value) ?? this.#make(value);
    this.#made.set(value, made);
    return made;
  }

  /** multiplier · 2^(shift - 31) times sums. Nothing is rounded: what follows adds sums and rounds them. */
  scaled({ inputs, origin }: Extract<Node, { op: 'requantize' }>): TypedValue | undefined {
    const [sums, multiplier, shift] = inputs as readonly [TypedValue, TypedValue, TypedValue];
    const factors = factorsOf(this.#graph.tensorOf(multiplier), this.#graph.tensorOf(shift));
    if (factors === undefined) return undefined;
    const [input, number] = this.#withoutFactor(sums);
    const product = { ...factors, data: (factors.data as Float32Array).map((each) => each * number) };
    return this.#patch.op('mul', [this.of(input), this.#patch.tensor(product, `${origin.name}/factor`)], {}, this.#origin);
  }

  #make(value: TypedValue): TypedValue {
    const constant = constantBehind(value, this.#graph);
    if (constant !== undefined) return this.#patch.constant(constant);
    const node = this.#graph.producerOf(value);
    if (node?.op === 'cast') {
      const source = node.inputs[0] as TypedValue;
      const from = source.type.dataType;
      if (from === 'float32' && isWholeWithin(source, value.type.dataType, this.#graph)) return source;
      if (isWider(value.type.dataType, from)) return this.of(source);
    }
    if (node?.op === 'requantize' && node.attributes.to === 'int32' && node.attributes.zeroPoint === 0)
      return this.scaled(node) ?? this.#cast(value);
    if (node === undefined || !ARITHMETIC.has(node.op)) return this.#cast(value);
    const before = node.op === 'sub' ? this.#beforeOffset(node) : undefined;
    if (before !== undefined) return before;
    const inputs = (node.inputs as readonly (TypedValue | null)[]).map((each) => each && this.of(each));
    return this.#patch.op(node.op, inputs, node.attributes as never, this.#origin);
  }

  /** The value that a product with one number multiplies, and the number. */
  #withoutFactor(value: TypedValue): readonly [TypedValue, number] {
    const node = this.#graph.producerOf(value);
    const number = node?.op === 'mul' ? this.#numberOf(node.inputs[1]) : undefined;
    return number === undefined ? [value, 1] : [node?.inputs[0] as TypedValue, number];
  }

  /** The floats to which a zero point was added that a difference takes away again: both are whole, so that nothing is rounded. */
  #beforeOffset({ inputs: [value, offset] }: Node): TypedValue | undefined {
    const node = this.#graph.producerOf(this.of(value as TypedValue));
    const [added, taken] = [node?.op === 'add' ? this.#numberOf(node.inputs[1]) : undefined, this.#numberOf(offset)];
    return added !== undefined && added === taken ? (node?.inputs[0] as TypedValue) : undefined;
  }

  #numberOf(value: Value | null | undefined): number | undefined {
    const data = this.#graph.constantOf(value) && (this.#graph.tensorOf(value) as Tensor).data;
    return data?.length === 1 ? data[0] : undefined;
  }

  #cast(value: TypedValue): TypedValue {
    return this.#patch.op('cast', [value], { to: 'float32' }, this.#origin);
  }
}

/** Whether a type of whole numbers holds those of another one. */
export function isWider(wide: DataType, narrow: DataType): boolean {
  const [outer, inner] = [INTEGER_RANGE[wide], INTEGER_RANGE[narrow]];
  return outer !== undefined && inner !== undefined && outer[0] <= inner[0] && outer[1] >= inner[1];
}

/** One number for all elements, or one for each channel; undefined where they are no constants. */
function factorsOf(multiplier: Tensor | undefined, shift: Tensor | undefined): Tensor | undefined {
  if (multiplier === undefined || shift === undefined) return undefined;
  const { shape } = multiplier.data.length >= shift.data.length ? multiplier : shift;
  const at = ({ data }: Tensor, index: number) => data[index % data.length] as number;
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, index) => at(multiplier, index) * 2 ** (at(shift, index) - 31));
  return { dataType: 'float32', shape, data };
}

/** The constant of whole numbers behind casts and the difference from a zero point, as floats that are stored in as few bytes. */
function constantBehind(value: TypedValue, graph: GraphView): Constant | undefined {
  const own = graph.constantOf(value);
  if (own !== undefined) return floatConstant(own, 0, graph);
  const node = graph.producerOf(value);
  const [first, second] = (node?.inputs ?? []) as readonly [TypedValue, TypedValue];
  if (node?.op === 'cast' && isWider(value.type.dataType, first.type.dataType)) {
    const constant = graph.constantOf(first);
    return constant && floatConstant(constant, 0, graph);
  }
  if (node?.op !== 'sub' || graph.constantOf(second) === undefined || sizeOf(second.type.shape as readonly number[]) !== 1)
    return undefined;
  const cast = graph.producerOf(first);
  const constant = cast?.op === 'cast' ? graph.constantOf(cast.inputs[0]) : undefined;
  if (constant === undefined || !isWider(value.type.dataType, constant.value.type.dataType)) return undefined;
  return floatConstant(constant, (graph.tensorOf(second) as Tensor).data[0] as number, graph);
}

/**
 * A constant of whole numbers, less a zero point, as float32. Those of 8 bits stay 8 bits. A filter's have a scale of 1 for each channel,
 * into which a factor for each channel can go.
 */
function floatConstant({ value, bytes, storage }: Constant, zeroPoint: number, graph: GraphView): Constant | undefined {
  const { dataType, shape } = value.type as { readonly dataType: DataType; readonly shape: readonly number[] };
  if (isFloat(dataType)) return undefined;
  const stored = (kind: Storage, as: Uint8Array): Constant => ({
    value: { name: value.name, type: { dataType: 'float32', shape } },
    ...{ bytes: as, storage: kind },
  });
  const isPlain = storage.kind === 'plain' && bytes.length > 0;
  if (isPlain && dataType === 'int8' && zeroPoint === 0 && shape.length > 1) {
    const channels = shape.at(-1) as number;
    const withScales = new Uint8Array(4 * channels + bytes.length);
    new Float32Array(withScales.buffer, 0, channels).fill(1);
    withScales.set(bytes, 4 * channels);
    return stored({ kind: 'int8', axis: shape.length - 1 }, withScales);
  }
  if (isPlain && dataType === 'uint8') return stored({ kind: 'uint8', scale: 1, min: -zeroPoint }, bytes);
  if (isPlain && dataType === 'int8')
    return stored(
      { kind: 'uint8', scale: 1, min: -128 - zeroPoint },
      bytes.map((each) => each ^ 0x80),
    );
  const data = Float32Array.from((graph.tensorOf(value) as Tensor).data, (each) => each - zeroPoint);
  return stored({ kind: 'plain' }, new Uint8Array(data.buffer));
}
