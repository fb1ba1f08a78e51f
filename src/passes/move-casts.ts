/** Casts of floats to 8 or 16 bits move behind what moves or chooses elements, and go where the numbers become floats again. */
import { isFloat } from '../graph/element-type.js';
import type { Node, TypedValue, Value } from '../graph/graph.js';
import { FloatArithmetic } from './float-arithmetic.js';
import type { GraphView, Pass } from './pass.js';
import { PatchBuilder, replacing } from './patch.js';
import { isWholeWithin, PASSED_ON } from './whole-floats.js';

export const moveCasts: Pass = {
  name: 'move casts of whole floats',
  rewrite(node, graph) {
    const input = node.inputs[0] as TypedValue | null | undefined;
    if (input?.type == null || isFloat(input.type.dataType)) return undefined;
    if (node.op === 'cast') {
      const source = wholeSource(input, graph);
      return source && node.attributes.to === 'float32' ? replacing(node.outputs[0] as Value, source) : undefined;
    }
    const moved = movedInputs(node);
    if (
      moved === undefined ||
      !moved.every((each) => wholeSource(each, graph) || graph.constantOf(each)) ||
      !moved.some((each) => wholeSource(each, graph))
    )
      return undefined;
    const patch = new PatchBuilder(graph);
    const floats = new FloatArithmetic(patch, graph, node.origin);
    const inputs = node.inputs.map((each, index) => (each && index < moved.length ? floats.of(each as TypedValue) : each));
    const outputs = patch.ops(node.op as 'concat', inputs, node.attributes as never, node.origin);
    for (const [index, output] of outputs.entries()) {
      const old = node.outputs[index] as TypedValue;
      patch.replace(old, patch.op('cast', [output], { to: old.type.dataType }, node.origin));
    }
    return patch.build();
  },
};

/** The inputs whose elements a node moves or chooses; undefined if it does something else. */
function movedInputs({ op, inputs }: Node): readonly TypedValue[] | undefined {
  if (op === 'clamp' || op === 'pad' || PASSED_ON[op] === 'first') return inputs.slice(0, 1) as readonly TypedValue[];
  return PASSED_ON[op] === 'all' ? (inputs as readonly TypedValue[]) : undefined;
}

/** The floats of which a value is a cast that loses nothing. */
function wholeSource(value: TypedValue, graph: GraphView): TypedValue | undefined {
  const node = graph.producerOf(value);
  const source = node?.op === 'cast' ? (node.inputs[0] as TypedValue) : undefined;
  return source?.type.dataType === 'float32' && isWholeWithin(source, value.type.dataType, graph) ? source : undefined;
}
