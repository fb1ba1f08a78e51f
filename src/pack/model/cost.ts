/** The cost of one predict: its floating-point operations and the memory of its tensors. */
import { sizeOf } from '../../base/dtype.js';
import type { Observe } from '../../engines/reference/interpreter.js';
import type { KernelCall, RunProfile } from '../../engines/tfjs/profile.js';
import type { TensorData } from '../../graph/element-type.js';
import type { Graph, Node } from '../../graph/graph.js';
import type { Tensor } from '../../graph/tensor.js';

/** One predict's cost. */
export interface Cost {
  /** By call of an op, or of a kernel where TF.js runs the graph. */
  readonly calls: readonly { readonly name: string; readonly flops: number }[];
  /** The largest sum of bytes of tensors that were alive at once, without the weights. */
  readonly peakBytes: number;
}

/** Floating-point operations: two for each multiply-add of convolutions and matrix products, one for each output element of other ops. */
export const countFlops = ({ calls }: Pick<Cost, 'calls'>): number => calls.reduce((sum, { flops }) => sum + flops, 0);

/** Counts the cost of a run of the reference. */
export class CostCounter {
  readonly #calls: { readonly name: string; readonly flops: number }[] = [];
  readonly #constants: ReadonlySet<string>;
  readonly #inputs: ReadonlySet<string>;
  /** The number of values that lie in a memory: a reshaped tensor shares the memory of the one before. */
  readonly #holders = new Map<TensorData, number>();
  #isFed = false;
  #bytes = 0;
  #peakBytes: number;

  /** @param feeds the tensors of the graph's inputs, which are held even by a graph that has no node */
  constructor({ constants }: Graph, feeds: ReadonlyMap<string, Tensor>) {
    this.#constants = new Set(constants.map(({ value }) => value.name));
    this.#inputs = new Set(feeds.keys());
    this.#peakBytes = [...feeds.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  }

  readonly observe: Observe = (node, tensors, dropped) => {
    this.#calls.push({ name: node.op, flops: flopsOfNode(node, tensors) });
    if (!this.#isFed) for (const name of this.#inputs) this.#hold(tensors.get(name));
    this.#isFed = true;
    for (const { name } of node.outputs) this.#hold(tensors.get(name));
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    // An engine keeps the memory of the inputs to the end of a run.
    for (const name of dropped) if (!this.#constants.has(name) && !this.#inputs.has(name)) this.#release(tensors.get(name));
  };

  #hold(tensor: Tensor | undefined): void {
    if (tensor === undefined) return;
    const holders = this.#holders.get(tensor.data) ?? 0;
    if (holders === 0) this.#bytes += tensor.data.byteLength;
    this.#holders.set(tensor.data, holders + 1);
  }

  #release(tensor: Tensor | undefined): void {
    if (tensor === undefined) return;
    const holders = (this.#holders.get(tensor.data) as number) - 1;
    this.#holders.set(tensor.data, holders);
    if (holders > 0) return;
    this.#holders.delete(tensor.data);
    this.#bytes -= tensor.data.byteLength;
  }

  get cost(): Cost {
    return { calls: this.#calls, peakBytes: this.#peakBytes };
  }
}

/** The operations of one node. @param tensors the shapes of its inputs and outputs, by name */
export function flopsOfNode(node: Node, tensors: ReadonlyMap<string, Pick<Tensor, 'shape'>>): number {
  const shapeOf = (value: { readonly name: string } | null | undefined) => (value ? (tensors.get(value.name)?.shape ?? []) : []);
  const [first, second] = node.inputs;
  const outputs = node.outputs.reduce((sum, value) => sum + sizeOf(shapeOf(value)), 0);
  switch (node.op) {
    case 'conv2d':
      return 2 * outputs * sizeOf(shapeOf(second).slice(0, -1));
    case 'convTranspose2d':
      // Each element of the input is multiplied with all of its filter but the last axis.
      return 2 * sizeOf(shapeOf(first)) * sizeOf(shapeOf(second).slice(0, -1));
    case 'matmul':
      return 2 * outputs * (shapeOf(first).at(-1) as number);
    case 'identity':
    case 'reshape':
      return 0;
    default:
      return outputs;
  }
}

/** The cost of a run that TF.js profiled. */
export const costOfProfile = ({ kernels, peakBytes }: RunProfile): Cost => ({
  calls: kernels.map((call) => ({ name: call.name, flops: flopsOfKernel(call) })),
  peakBytes,
});

function flopsOfKernel({ name, inputShapes, outputShapes }: KernelCall): number {
  const outputs = outputShapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  const [first = [], second = []] = inputShapes;
  switch (name) {
    case 'Conv2D':
    case 'FusedConv2D':
    case 'Conv3D':
      // Filter: spatial sizes, channels in, channels out.
      return 2 * outputs * sizeOf(second.slice(0, -1));
    case 'DepthwiseConv2dNative':
    case 'FusedDepthwiseConv2D':
      return 2 * outputs * sizeOf(second.slice(0, 2));
    case 'Conv2DBackpropInput':
      // Filter: spatial sizes, channels out, channels in.
      return 2 * sizeOf(first) * sizeOf(second.slice(0, -1));
    case 'BatchMatMul':
    case '_FusedMatMul': {
      const rows = outputShapes[0]?.at(-2) ?? 1;
      return (2 * outputs * sizeOf(first.slice(-2))) / Math.max(1, rows);
    }
    case 'Identity':
    case 'Reshape':
      return 0;
    default:
      return outputs;
  }
}
