/** Computes, by the reference, what depends on constants alone, unless the result would add much to the bytes of the weights. */
import { PannierError } from '../base/errors.js';
import { openReference } from '../engines/reference/interpreter.js';
import { GraphBuilder } from '../graph/builder.js';
import { constantOf, storedBytes } from '../graph/constant.js';
import type { Constant, Node, Storage, TypedValue } from '../graph/graph.js';
import { openSizesIn } from '../graph/needed.js';
import type { OpName } from '../graph/ops/index.js';
import { isClosed, type Tensor } from '../graph/tensor.js';
import type { GraphView, Pass, Patch } from './pass.js';
import { PatchBuilder } from './patch.js';
import { isMovedInput, movedStorage, storedBits } from './stored-elements.js';

/** A result that adds more bytes to the weights stays computed: a visitor would download them. */
export const MAX_GROWTH_BYTES = 4_096;

export const foldConstants: Pass = {
  name: 'fold constants',
  rewrite(node, graph): Patch | undefined {
    const constants = node.inputs.map((value) => graph.constantOf(value) ?? null);
    if (!isClosedNode(node) || constants.some((constant, index) => constant === null && node.inputs[index] !== null)) return undefined;
    const moved = movedStorage(node, constants);
    const storage = moved ?? { kind: 'plain' };
    const outputs = node.outputs as readonly TypedValue[];
    if (growthOf(node, storage, graph) > MAX_GROWTH_BYTES) return undefined;
    const given = moved ? constants.map((each, index) => each && (isMovedInput(node, index) ? storedBits(each) : each)) : constants;
    const results = resultsOf(node, given);
    if (results === undefined) return undefined;
    const patch = new PatchBuilder(graph);
    for (const [index, value] of outputs.entries()) {
      const { bytes } = constantOf(value.name, results[index] as Tensor);
      patch.replace(value, patch.constant({ value, bytes, storage }));
    }
    return patch.build();
  },
};

/** Whether a node computes the same numbers in each run: only its inputs may be missing for that. */
const isClosedNode = ({ op, attributes, outputs }: Node): boolean =>
  op !== 'tfjsGraph' &&
  !('countName' in attributes) &&
  outputs.every(({ type }) => isClosed((type as TypedValue['type']).shape)) &&
  openSizesIn(Object.values(attributes)).length === 0;

/** The bytes of a node's outputs as constants, without those of the constants that nothing else takes. */
function growthOf(node: Node, storage: Storage, graph: GraphView): number {
  const added = (node.outputs as readonly TypedValue[]).map(({ type: { dataType, shape } }) =>
    storedBytes(dataType, shape as readonly number[], storage),
  );
  const spared = [...new Set(node.inputs)].map((value) => (value && graph.onlyUserOf(value) ? graph.constantOf(value)?.bytes.length : 0));
  return added.reduce((sum, bytes) => sum + bytes, 0) - spared.reduce<number>((sum, bytes = 0) => sum + bytes, 0);
}

/** What the reference answers; undefined if the op does not allow the numbers, which is an error when the graph runs. */
function resultsOf(node: Node, constants: readonly (Constant | null)[]): readonly Tensor[] | undefined {
  const builder = new GraphBuilder();
  const inputs = constants.map((constant) => constant && builder.constant(constant));
  const outputs = builder.ops<OpName>(node.op, inputs, node.attributes, node.origin);
  try {
    return [...openReference(builder.build(outputs)).run(new Map()).values()];
  } catch (thrown) {
    if (thrown instanceof PannierError) return undefined;
    throw thrown;
  }
}
