/** The end of a graph whose sizes depend on values: behind non-maximum suppression, for one. */
import type { Graph, Node, Value } from '../../../graph/graph.js';
import { openSizesIn } from '../../../graph/needed.js';
import { isClosed } from '../../../graph/tensor.js';

/** A graph in two parts, of which the second one takes values of the first one. */
export interface Parts {
  readonly head: Graph;
  /** Undefined if every size is known. Its constants are inputs. */
  readonly tail: Graph | undefined;
}

const isKnown = ({ type }: Value): boolean => type !== null && isClosed(type.shape);

/** Cuts a graph where sizes are no longer known. */
export function cutTail(graph: Graph): Parts {
  const open = new Set<string>();
  const behind: Node[] = [];
  for (const node of graph.nodes) {
    const takesOpen = node.inputs.some((each) => each !== null && open.has(each.name));
    const isClosedNode = node.outputs.every(isKnown) && openSizesIn(Object.values(node.attributes)).length === 0;
    if (!takesOpen && isClosedNode) continue;
    behind.push(node);
    for (const { name } of node.outputs) open.add(name);
  }
  if (behind.length === 0) return { head: graph, tail: undefined };
  const taken = behind.flatMap(({ inputs }) => inputs.filter((each): each is Value => each !== null && !open.has(each.name)));
  const inputs = [...new Map(taken.map((each) => [each.name, each])).values()];
  const head = {
    ...graph,
    nodes: graph.nodes.filter((node) => !behind.includes(node)),
    outputs: [...graph.outputs.filter(({ name }) => !open.has(name)), ...inputs],
  };
  return { head, tail: { inputs, constants: [], nodes: behind, outputs: graph.outputs.filter(({ name }) => open.has(name)) } };
}
