/** The reference engine: runs a graph node by node with kernels that are right before they are fast. */
import { sizeOf } from '../../base/dtype.js';
import { PannierError } from '../../base/errors.js';
import { roundToHalf } from '../../base/float16.js';
import { tensorOf } from '../../graph/constant.js';
import type { Constant, Graph, Node, Value } from '../../graph/graph.js';
import { nodeError, opError } from '../../graph/node-error.js';
import { definitionOf } from '../../graph/ops/index.js';
import { evaluate } from '../../graph/size.js';
import { isClosed, shapeText, type Tensor, type TensorType, typeText } from '../../graph/tensor.js';
import { checkElements, MAX_ELEMENTS } from './check-elements.js';
import { type Bound, bindFeeds, wrongValueIn } from './feeds.js';
import type { Kernel } from './kernel.js';
import { type ComputedOp, KERNELS } from './kernels.js';
import { closeAttributes } from './open-attributes.js';
import { planOf, type Step } from './plan.js';

/** A graph whose constants are decoded. */
export interface ReferenceModel {
  /**
   * Computes values of the graph.
   * @param feeds one tensor for each input, by its name
   * @param wanted values of the graph; default its outputs
   * @param observe hears of each node when it has run
   * @returns one tensor for each wanted value, by its name. Its values may be those of a feed or a constant: do not change them.
   * @throws {PannierError} `input` if the feeds do not fit the inputs; `predict`, naming the node, if its op does not allow the values
   */
  run(feeds: ReadonlyMap<string, Tensor>, wanted?: readonly Value[], observe?: Observe): ReadonlyMap<string, Tensor>;
}

/**
 * Hears of a node that has run.
 * @param tensors all that are kept at that moment by their names: the node's inputs and outputs, constants, and what later nodes take
 * @param dropped names of values that no later node takes
 */
export type Observe = (node: Node, tensors: ReadonlyMap<string, Tensor>, dropped: readonly string[]) => void;

/** Whether the reference can run a graph: it has no part that only TF.js can run. */
export const isComputable = ({ inputs, nodes }: Graph): boolean =>
  inputs.every(({ type }) => type !== null) && nodes.every(({ op }) => op !== 'tfjsGraph');

/**
 * Prepares a graph that {@link isComputable}.
 * @param graph verified
 * @throws {PannierError} `model-format`, naming the node that only TF.js can run, or the constant whose bytes are none of its type
 */
export function openReference(graph: Graph): ReferenceModel {
  const opaque = graph.nodes.find(({ op }) => op === 'tfjsGraph');
  if (opaque !== undefined) throw nodeError(opaque.origin, 'is computed by the tfjs engine only, not by the reference');
  const untyped = graph.inputs.find(({ type }) => type === null);
  if (untyped !== undefined) throw new PannierError('model-format', `Input "${untyped.name}" has a type that only TF.js knows.`);
  const constants = graph.constants.map(readConstant);
  const plan = planOf(graph, graph.outputs);
  return {
    run(feeds, wanted = graph.outputs, observe = () => undefined) {
      const bound = bindFeeds(graph, feeds);
      const { tensors } = bound;
      const steps = wanted === graph.outputs ? plan : planOf(graph, wanted);
      checkElements(steps, bound.sizes);
      for (const [name, tensor] of constants) tensors.set(name, tensor);
      for (const step of steps) {
        runStep(step, bound);
        observe(step.node, tensors, step.dropped);
        for (const name of step.dropped) tensors.delete(name);
      }
      return new Map(wanted.map(({ name }) => [name, tensors.get(name) as Tensor]));
    },
  };
}

/** A constant's name and values. */
function readConstant(constant: Constant): readonly [string, Tensor] {
  const { name } = constant.value;
  const tensor = tensorOf(constant);
  const problem = wrongValueIn(tensor);
  if (problem !== undefined) throw new PannierError('model-format', `Constant "${name}" ${problem}.`);
  return [name, tensor];
}

/** Computes one node, and keeps what it gives. */
function runStep({ node, hasOpenAttributes }: Step, { tensors, sizes }: Bound): void {
  const inputs = node.inputs.map((each) => (each === null ? undefined : tensors.get(each.name)));
  try {
    const attributes = hasOpenAttributes ? closeAttributes(node.attributes, sizes) : node.attributes;
    const outputs = compute(node.op as ComputedOp, inputs, attributes);
    if ('countName' in node.attributes) sizes.set(node.attributes.countName, outputs[0]?.shape[0] as number);
    for (const [index, { name, type }] of node.outputs.entries()) {
      const output = outputs[index] as Tensor;
      checkOutput(output, type as TensorType, sizes);
      tensors.set(name, inputs.some((input) => input?.data === output.data) ? output : exact(output));
    }
  } catch (thrown) {
    throw thrown instanceof RangeError ? opError(node.op, node.origin, thrown.message, 'predict') : thrown;
  }
}

/** Calls the kernel of an op. Its rules are checked again before, since now all sizes are known. */
function compute(op: ComputedOp, inputs: readonly (Tensor | undefined)[], attributes: object): readonly Tensor[] {
  const shapes = definitionOf(op)
    .infer(inputs, attributes as never)
    .map(({ shape }) => (isClosed(shape) ? shape : undefined));
  for (const shape of shapes)
    if (shape !== undefined && sizeOf(shape) > MAX_ELEMENTS)
      throw new RangeError(`gives ${shapeText(shape)}, which is more than ${MAX_ELEMENTS} elements`);
  const kernel = KERNELS[op] as Kernel<never>;
  return kernel({ inputs, attributes: attributes as never, shapes });
}

/** Refuses an output that is not of the type that the graph says. */
function checkOutput(output: Tensor, { dataType, shape }: TensorType, sizes: ReadonlyMap<string, number>): void {
  const stated = typeText({ dataType, shape: shape.map((size) => evaluate(size, sizes)) });
  if (typeText(output) !== stated) throw new RangeError(`gives ${typeText(output)}, but the graph says ${stated}`);
  if (output.data.length !== sizeOf(output.shape)) throw new Error(`The reference gives ${output.data.length} values as ${stated}.`);
}

/** An output whose values its element type has: float16 is rounded, and int64 is refused where float64 does not hold it exactly. */
function exact(output: Tensor): Tensor {
  const { dataType, data } = output;
  if (dataType === 'float16') roundToHalf(data as Float32Array);
  if (dataType === 'int64') {
    for (let index = 0; index < data.length; index++) {
      const value = data[index] as number;
      if (!Number.isSafeInteger(value)) throw new RangeError(`gives ${value}, but int64 is exact only up to 2^53 - 1`);
      // -0 becomes 0.
      data[index] = value + 0;
    }
  }
  return output;
}
