/** Keeps constants of the same type and bytes once. */
import type { Constant, Value } from '../graph/graph.js';
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
const firstEqual = (constant: Constant, graph: GraphView): Constant | undefined =>
  graph.constantsLike(constant).find((other) => other === constant || (hasSameBytes(constant, other) && !isTakenByTfjs(other, graph)));

const hasSameBytes = ({ bytes }: Constant, other: Constant): boolean => other.bytes.every((byte, index) => byte === bytes[index]);
