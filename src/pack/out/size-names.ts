/** The names of a model's open sizes, by which its declarations call them. */
import type { Graph, Value } from '../../graph/graph.js';
import { isOpen, isSizeName } from '../../graph/size.js';
import type { GraphSignature } from '../model/signature.js';

/** For each axis its name, which is undefined if the size is closed or computed from others. */
export type AxisNames = readonly (string | undefined)[];

/** The names by input and by output. */
export interface SizeNames {
  readonly inputs: Readonly<Record<string, AxisNames>>;
  readonly outputs: Readonly<Record<string, AxisNames>>;
}

/** @param signature of the graph's first inputs and of its outputs, in its order */
export function sizeNames(graph: Graph, { inputs, outputs }: GraphSignature): SizeNames {
  const named = (ends: readonly { readonly name: string }[], values: readonly Value[]) =>
    Object.fromEntries(ends.map(({ name }, index) => [name, axisNames(values[index] as Value)]));
  return { inputs: named(inputs, graph.inputs), outputs: named(outputs, graph.outputs) };
}

const axisNames = ({ type }: Value): AxisNames =>
  (type?.shape ?? []).map((size) => (isOpen(size) && isSizeName(size.text) ? size.text : undefined));
