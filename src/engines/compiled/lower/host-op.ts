/** Ops without a kernel: the reference computes them in the middle of a run. */
import type { Graph, Node, Value } from '../../../graph/graph.js';
import { i32 } from '../asm/scalar.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';

/** A step that has the host compute a node. */
export function lowerOnHost(node: Node, lowering: Lowering): Step {
  const inputs = node.inputs.filter((each): each is Value => each !== null);
  const part: Graph = {
    inputs: [...new Map(inputs.map((each) => [each.name, each])).values()],
    constants: [],
    nodes: [node],
    outputs: node.outputs,
  };
  const number = lowering.hostParts.push(part) - 1;
  return plainStep(node, { write: ({ body }) => body.call(lowering.kernels.runOnHost, i32.const(number)) });
}
