/**
 * A graph of TF.js as a file of ONNX, as a converter would write it: pictures come in and go out NHWC, as the graph has them, and are
 * NCHW between, as ONNX's ops take them.
 */
import { tensorOf } from '../../src/graph/constant.js';
import type { Graph, Node, NodeOf, Value } from '../../src/graph/graph.js';
import type { OpName } from '../../src/graph/ops/index.js';
import { paddingOf, type WindowAttributes } from '../../src/graph/window.js';
import { type OnnxAttribute, type OnnxNode, type OnnxTensor, onnxModel } from '../../test/fixtures/onnx.js';

/** The places of NCHW's axes in NHWC, and the other way about. */
const [TO_NCHW, TO_NHWC] = [
  [0, 3, 1, 2],
  [0, 2, 3, 1],
] as const;

type Attributes = Readonly<Record<string, OnnxAttribute>>;

/** Collects the file's nodes. A value of four axes has its name for NCHW. */
class Writing {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: Record<string, OnnxTensor> = {};
  readonly #constants: ReadonlyMap<string, ReturnType<typeof tensorOf>>;
  readonly #inputs: ReadonlySet<string>;
  #made = 0;

  constructor({ constants, inputs }: Graph) {
    this.#inputs = new Set(inputs.map(({ name }) => name));
    this.#constants = new Map(constants.map((each) => [each.value.name, tensorOf(each)]));
  }

  node(op: string, inputs: readonly string[], attributes: Attributes = {}, output = this.#name()): string {
    this.nodes.push({ op, inputs, outputs: [output], attributes });
    return output;
  }

  constant(dims: readonly number[], values: Iterable<number>, type: 'float32' | 'int64' = 'float32'): string {
    const name = this.#name();
    this.initializers[name] = { dims, values: [...values], type };
    return name;
  }

  /** A constant of the graph with its axes in another order. */
  permuted({ name }: Value, order: readonly number[]): string {
    const tensor = this.#constants.get(name);
    if (tensor === undefined) throw new RangeError(`"${name}" is no constant.`);
    const shape = [...Array.from({ length: order.length - tensor.shape.length }, () => 1), ...tensor.shape];
    const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
    const dims = order.map((axis) => shape[axis] as number);
    const values = Array.from(tensor.data, (_, index) => {
      let [rest, from] = [index, 0];
      for (let axis = dims.length - 1; axis >= 0; axis--) {
        from += (rest % (dims[axis] as number)) * (steps[order[axis] as number] as number);
        rest = Math.floor(rest / (dims[axis] as number));
      }
      return tensor.data[from] as number;
    });
    return this.constant(dims, values);
  }

  /** A value as an operand among values of so many axes. */
  operand(value: Value, rank: number): string {
    if (this.#constants.has(value.name))
      return this.permuted(value, rank === 4 ? TO_NCHW : Array.from({ length: rank }, (_, axis) => axis));
    if (rankOf(value) !== rank) throw new RangeError(`"${value.name}" is broadcast.`);
    return this.nameOf(value);
  }

  /** The name of a value as ops take it. */
  nameOf({ name }: Value): string {
    return this.#inputs.has(name) ? `${name} in NCHW` : name;
  }

  #name(): string {
    this.#made++;
    return `made ${this.#made}`;
  }
}

const shapeOf = ({ type }: Value): readonly number[] => type?.shape as readonly number[];
const rankOf = (value: Value): number => shapeOf(value).length;

/** An axis of a value of so many axes, as the file has it. */
const axisIn = (axis: number, rank: number): bigint => BigInt(rank === 4 ? TO_NCHW.indexOf(axis as 0) : axis);

const integers = (values: readonly number[]): readonly bigint[] => values.map(BigInt);

/** Top, left, bottom, right. */
function padsOf(input: Value, window: readonly number[], attributes: WindowAttributes): readonly bigint[] {
  const [, height, width] = shapeOf(input) as readonly [number, number, number];
  const [top, bottom] = paddingOf(height, window[0] as number, 0, attributes);
  const [left, right] = paddingOf(width, window[1] as number, 1, attributes);
  return integers([top, left, bottom, right]);
}

type Write<Name extends OpName> = (node: NodeOf<Name>, file: Writing, output: string) => void;

const elementwise =
  <Name extends OpName>(op: string): Write<Name> =>
  ({ inputs, outputs }, file, output) => {
    const rank = rankOf(outputs[0] as Value);
    const operands = inputs.map((each) => file.operand(each as Value, rank));
    file.node(op, operands, {}, output);
  };

const pool =
  (op: string): Write<'averagePool2d' | 'maxPool2d'> =>
  ({ inputs: [input], attributes }, file, output) => {
    const { windowDimensions, strides, dilations, outputRounding, countPadding } = attributes;
    const counts = op === 'AveragePool' ? { count_include_pad: BigInt(countPadding) } : { dilations: integers(dilations) };
    const pads = padsOf(input as Value, windowDimensions, attributes);
    const window = { kernel_shape: integers(windowDimensions), strides: integers(strides), pads };
    file.node(op, [file.nameOf(input as Value)], { ...window, ...counts, ceil_mode: BigInt(outputRounding === 'ceil') }, output);
  };

const COORDINATES = { halfPixel: 'half_pixel', asymmetric: 'asymmetric', alignCorners: 'align_corners' } as const;
const ROUNDINGS = { floor: 'floor', ceil: 'ceil', halfDown: 'round_prefer_floor', halfUp: 'round_prefer_ceil' } as const;

/** The ops that the networks of MediaPipe have. */
const WRITERS: { readonly [Name in OpName]?: Write<Name> } = {
  add: elementwise('Add'),
  mul: elementwise('Mul'),
  relu: elementwise('Relu'),
  hardSwish: elementwise('HardSwish'),
  sigmoid: elementwise('Sigmoid'),
  clamp({ inputs: [input], attributes: { min, max } }, file, output) {
    const bounds = [min, max].map((bound) => (Number.isFinite(bound) ? file.constant([], [bound]) : ''));
    file.node('Clip', [file.nameOf(input as Value), ...bounds], {}, output);
  },
  conv2d({ inputs: [input, filter, bias], attributes }, file, output) {
    const { strides, dilations, groups } = attributes;
    const pads = padsOf(input as Value, shapeOf(filter as Value), attributes);
    const weights = [file.permuted(filter as Value, [3, 2, 0, 1]), ...(bias ? [file.permuted(bias, [0])] : [])];
    const window = { strides: integers(strides), dilations: integers(dilations), pads, group: BigInt(groups) };
    file.node('Conv', [file.nameOf(input as Value), ...weights], window, output);
  },
  convTranspose2d({ inputs: [input, filter, bias], attributes }, file, output) {
    const { strides, dilations, padding, outputPadding, groups } = attributes;
    const [top, bottom, left, right] = padding as readonly [number, number, number, number];
    const weights = [file.permuted(filter as Value, [3, 2, 0, 1]), ...(bias ? [file.permuted(bias, [0])] : [])];
    const window = { strides: integers(strides), dilations: integers(dilations), pads: integers([top, left, bottom, right]) };
    const others = { output_padding: integers(outputPadding), group: BigInt(groups) };
    file.node('ConvTranspose', [file.nameOf(input as Value), ...weights], { ...window, ...others }, output);
  },
  averagePool2d: pool('AveragePool'),
  maxPool2d: pool('MaxPool'),
  resample2d({ inputs: [input], outputs: [made], attributes: { mode, coordinates, rounding } }, file, output) {
    const [batch, height, width, channels] = shapeOf(made as Value) as readonly [number, number, number, number];
    const sizes = file.constant([4], [batch, channels, height, width], 'int64');
    const nearest = rounding === undefined ? {} : { nearest_mode: ROUNDINGS[rounding] };
    const attributes = { mode, coordinate_transformation_mode: COORDINATES[coordinates], ...nearest };
    file.node('Resize', [file.nameOf(input as Value), '', '', sizes], attributes, output);
  },
  depthToSpace({ inputs: [input], attributes: { blockSize, order } }, file, output) {
    const mode = order === 'blocksFirst' ? 'DCR' : 'CRD';
    file.node('DepthToSpace', [file.nameOf(input as Value)], { blocksize: BigInt(blockSize), mode }, output);
  },
  reshape({ inputs: [input], outputs: [made] }, file, output) {
    const given = input as Value;
    const flat = rankOf(given) === 4 ? file.node('Transpose', [file.nameOf(given)], { perm: integers(TO_NHWC) }) : given.name;
    const shape = shapeOf(made as Value);
    const reshaped = [flat, file.constant([shape.length], shape, 'int64')];
    if (shape.length !== 4) file.node('Reshape', reshaped, {}, output);
    else file.node('Transpose', [file.node('Reshape', reshaped)], { perm: integers(TO_NCHW) }, output);
  },
  concat({ inputs, outputs: [made], attributes: { axis } }, file, output) {
    const rank = rankOf(made as Value);
    const parts = inputs.map((each) => file.operand(each as Value, rank));
    file.node('Concat', parts, { axis: axisIn(axis, rank) }, output);
  },
  pad({ inputs: [input], attributes: { beginning, ending, mode, value } }, file, output) {
    if (mode !== 'constant' || rankOf(input as Value) !== 4) throw new RangeError(`Padding "${mode}" is not exported.`);
    const pads = [beginning, ending].flatMap((sizes) => TO_NCHW.map((axis) => sizes[axis] as number));
    file.node('Pad', [file.nameOf(input as Value), file.constant([8], pads, 'int64'), file.constant([], [value])], {}, output);
  },
  reduceMean({ inputs: [input], attributes: { axes, keepDimensions } }, file, output) {
    const attributes = { axes: axes.map((axis) => axisIn(axis, rankOf(input as Value))), keepdims: BigInt(keepDimensions) };
    file.node('ReduceMean', [file.nameOf(input as Value)], attributes, output);
  },
  matmul({ inputs, outputs: [made] }, file, output) {
    const rank = rankOf(made as Value);
    if (rank === 4) throw new RangeError('Products of four axes are not exported.');
    const operands = inputs.map((each) => file.operand(each as Value, rank));
    file.node('MatMul', operands, {}, output);
  },
};

/** @returns the file's bytes, or undefined if the graph has something that is not exported */
export function onnxOf(graph: Graph): Uint8Array | undefined {
  const file = new Writing(graph);
  const end = (name: string): string => `output ${name}`;
  try {
    const inputs = graph.inputs.map((value) => {
      if (rankOf(value) !== 4) throw new RangeError('Inputs are pictures.');
      file.node('Transpose', [value.name], { perm: integers(TO_NCHW) }, file.nameOf(value));
      return { name: value.name, shape: shapeOf(value) };
    });
    for (const node of graph.nodes) write(node, file);
    const outputs = graph.outputs.map((value) => {
      if (rankOf(value) === 4) file.node('Transpose', [value.name], { perm: integers(TO_NHWC) }, end(value.name));
      else file.node('Identity', [value.name], {}, end(value.name));
      return { name: end(value.name), shape: shapeOf(value) };
    });
    return onnxModel({ nodes: file.nodes, initializers: file.initializers, inputs, outputs });
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

function write<Name extends OpName>(node: NodeOf<Name> & Node, file: Writing): void {
  const writer = WRITERS[node.op] as Write<OpName> | undefined;
  if (writer === undefined) throw new RangeError(`${node.op} is not exported.`);
  writer(node as NodeOf<OpName>, file, (node.outputs[0] as Value).name);
}
