/** Keeps constants of the same type and bytes once. */
import type { Constant, Value } from '../graph/graph.js';
import { typeText } from '../graph/tensor.js';
import type { GraphView, Pass, Patch } from './pass.js';

export const mergeEqualConstants: Pass = {
  name: 'merge equal constants',
  rewrite({ inputs }, graph): Patch | undefined {
    const replaced = [...new Set(inputs)].flatMap((value) => {
      const constant = graph.constantOf(value);
      const first = constant && !isTakenByTfjs(constant, graph) && firstEqual(constant, graph);
      return !first || first === constant ? [] : [[value as Value, first.value] as const];
    });
    return replaced.length === 0 ? undefined : { constants: [], nodes: [], replaced };
  },
};

/**
 * Whether a part that only TF.js runs takes a constant. There the constant may be a parameter of a kernel, which TF.js on webgpu reads
 * without waiting unless something computes with the same constant on the GPU.
 */
const isTakenByTfjs = ({ value }: Constant, graph: GraphView): boolean => graph.usersOf(value).some(({ op }) => op === 'tfjsGraph');

/** The first constant of the graph that can stand for a constant; it may be the constant itself. */
function firstEqual(constant: Constant, graph: GraphView): Constant | undefined {
  for (const other of graph.constants) if (other === constant || (isEqual(constant, other) && !isTakenByTfjs(other, graph))) return other;
  return undefined;
}

const isEqual = ({ value, bytes, storage }: Constant, other: Constant): boolean =>
  other.bytes.length === bytes.length &&
  typeText(other.value.type) === typeText(value.type) &&
  JSON.stringify(other.storage) === JSON.stringify(storage) &&
  other.bytes.every((byte, index) => byte === bytes[index]);
