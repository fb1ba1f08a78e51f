/** Transposes move behind the ops that take any order of axes, until they meet the transposes that undo them. */
import type { Node, TypedValue, Value } from '../graph/graph.js';
import { typeText } from '../graph/tensor.js';
import { cancelTransposes } from './cancel-transposes.js';
import type { GraphView, Pass } from './pass.js';
import { PatchBuilder } from './patch.js';
import { isIdentity } from './permutation.js';
import { regionOfFewer } from './transpose-region.js';
import { isTransposedInput, type TransposedOp, transposedOp } from './transposed-op.js';
import { untransposed } from './untransposed.js';

type Transpose = Extract<Node, { op: 'transpose' }>;

/**
 * A reader brings pictures in NCHW as NHWC in front of each convolution, and back behind it. What stands between two convolutions takes
 * its pictures in NHWC instead, and `cancel transposes` removes both transposes. A transpose moves if nothing else takes its output, or if
 * fewer are left further down.
 */
export const moveTransposes: Pass = {
  name: 'move transposes behind other ops',
  rewrite(node, graph) {
    // Two that meet become one at once. Else each would move on before any is cancelled, as far as there are nodes.
    if (node.op === 'transpose') return cancelTransposes.rewrite(node, graph);
    const transpose = node.inputs.map((each) => graph.producerOf(each)).find((each): each is Transpose => each?.op === 'transpose');
    if (transpose === undefined) return undefined;
    const { permutation } = transpose.attributes;
    const moved = transposedOp(node, permutation);
    if (moved === undefined || !isTransposedInput(transpose.outputs[0] as Value, node, moved)) return undefined;
    const before = (mayShare: boolean) =>
      node.inputs.slice(0, moved.transposed).map((each) => untransposed(each as TypedValue, permutation, node, graph, mayShare));
    let inputs = before(false);
    if (!isCheap(node, moved, graph) || inputs.includes(undefined)) {
      if (!regionOfFewer(transpose, graph)?.has(node)) return undefined;
      inputs = before(true);
    }
    if (!inputs.every((each) => each !== undefined)) return undefined;
    const patch = new PatchBuilder(graph);
    const all = [...inputs.map((take) => take(patch)), ...node.inputs.slice(moved.transposed)];
    const made = patch.ops(node.op, all, moved.attributes as never, node.origin);
    const isMoved = !isIdentity(moved.permutation);
    for (const [index, output] of node.outputs.entries()) {
      const value = made[index] as TypedValue;
      const result = isMoved ? patch.op('transpose', [value], { permutation: moved.permutation }, transpose.origin) : value;
      // An open size may be the same in another form.
      if (typeText(result.type) !== typeText(output.type)) return undefined;
      patch.replace(output, result);
    }
    return patch.build();
  },
};

/** Whether a transpose moves at once: there are not more of them then, and kernels do not become slower for nothing. */
function isCheap(node: Node, moved: TransposedOp, graph: GraphView): boolean {
  if (isIdentity(moved.permutation)) return true;
  const isAlone = node.inputs.every((each) => graph.producerOf(each)?.op !== 'transpose' || graph.onlyUserOf(each as Value) === node);
  return isAlone && moved.isAlike && node.outputs.length === 1;
}
