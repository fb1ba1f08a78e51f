/** The description of a graph's inputs and outputs, and of its states, as a .tflite file has it. */
import { Names } from '../../../base/names.js';
import { isInteger } from '../../../graph/element-type.js';
import type { Graph } from '../../../graph/graph.js';
import { isReserved } from '../../file-fields.js';
import type { End, Ends } from '../../tfjs/ends.js';
import { endsOf } from '../../tfjs/graph-ends.js';
import { dataTypeOf } from '../element-types.js';
import type { TfliteSignature, TfliteSubgraph, TfliteTensor } from '../model.js';

/** A tensor that keeps its elements: an input of the graph, whose next elements are an output. */
export interface State {
  /** The key of the input. */
  readonly input: string;
  /** The key of the output. */
  readonly output: string;
  /** Every element before the first call. */
  readonly initial: number;
}

/**
 * Describes a graph whose last inputs and outputs are states.
 * @param variables the states' tensors, in the order of the graph
 */
export function describedEnds(
  graph: Graph,
  subgraph: TfliteSubgraph,
  signature: TfliteSignature | undefined,
  variables: readonly TfliteTensor[],
): { readonly ends: Ends; readonly states: readonly State[] } {
  const kept = variables.map((tensor) => subgraph.tensors.indexOf(tensor));
  const places = { inputs: [...subgraph.inputs, ...kept], outputs: [...subgraph.outputs, ...kept] };
  const keys = {
    inputs: keysOf(subgraph, places.inputs, signature?.inputs),
    outputs: keysOf(subgraph, places.outputs, signature?.outputs),
  };
  const states = variables.map((tensor, place) => ({
    input: keys.inputs[subgraph.inputs.length + place] as string,
    output: keys.outputs[subgraph.outputs.length + place] as string,
    initial: initialOf(tensor),
  }));
  const { inputs, outputs } = endsOf(graph, keys);
  const described = <Of extends End>(ends: readonly Of[], indices: readonly number[]): readonly Of[] =>
    ends.map((end, place) => ({ ...end, ...quantizationOf(subgraph.tensors[indices[place] as number]) }));
  return { ends: { inputs: described(inputs, places.inputs), outputs: described(outputs, places.outputs) }, states };
}

/** The keys of inputs or outputs: those of the signature, else the names of the tensors; each stands once. */
function keysOf(
  { tensors }: TfliteSubgraph,
  indices: readonly number[],
  named: ReadonlyMap<string, number> = new Map(),
): readonly string[] {
  const names = new Names();
  const keys = new Map([...named].map(([key, index]) => [index, key] as const));
  return indices.map((index) => names.take(keys.get(index) || tensors[index]?.name || `tensor_${index}`, isReserved));
}

/** The scale of an input or output of whole numbers, if it has one. */
function quantizationOf(tensor: TfliteTensor | undefined): Pick<End, 'quantization'> {
  const { scales = [], zeroPoints = [] } = tensor?.quantization ?? {};
  const [scale, ...others] = scales;
  const isWhole = tensor !== undefined && isInteger(dataTypeOf(tensor.elementType) ?? 'float32');
  if (!isWhole || scale === undefined || !(scale > 0) || others.length > 0) return {};
  return { quantization: { scale, zeroPoint: zeroPoints[0] ?? 0 } };
}

/**
 * The number that fills a state before the first call (ResetVariableTensor of tensorflow/lite/core/subgraph.cc): 0, or the zero point of an
 * int8 tensor, which stands for 0.
 */
const initialOf = (tensor: TfliteTensor): number =>
  dataTypeOf(tensor.elementType) === 'int8' ? (tensor.quantization?.zeroPoints[0] ?? 0) : 0;
