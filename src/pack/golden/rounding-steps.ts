/** How far apart the values of an output lie that a quantised network rounds. */
import { sizeOf } from '../../base/dtype.js';
import { tensorOf } from '../../graph/constant.js';
import type { Constant, Graph, Node, Value } from '../../graph/graph.js';
import type { OpName } from '../../graph/ops/index.js';

/** The distance between neighbouring values; `null` where values are computed from rounded ones in a way that has no one distance. */
export type RoundingStep = number | null;

/** Ops whose results lie as far apart as the values that they take. */
const KEEPING: ReadonlySet<OpName> = new Set([
  ...([
    'reshape',
    'transpose',
    'expand',
    'slice',
    'split',
    'tile',
    'reverse',
    'spaceToDepth',
    'depthToSpace',
    'gather',
    'gatherND',
  ] as const),
  ...(['maxPool2d', 'concat', 'max', 'min', 'clamp', 'relu', 'pad', 'cast', 'identity', 'reduceMax', 'reduceMin'] as const),
]);

/** The whole numbers that a quantised tensor has at most, less one. */
const MAX_SPAN = 2 ** 16 - 1;

/**
 * The outputs of a graph that depend on the rounding of quantised values: `requantize`, and floats that are rounded and then bounded as
 * numbers of 8 or 16 bits are. A value next to a half may fall to either side, so that two right engines are a step apart.
 * @returns by the place of an output; undefined where nothing is rounded
 */
export function roundingSteps(graph: Graph): readonly (RoundingStep | undefined)[] {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const constants = new Map<Value, Constant>(graph.constants.map((constant) => [constant.value, constant]));
  const numberOf = (value: Value | null | undefined): number | undefined => {
    const constant = value && constants.get(value);
    if (!constant || sizeOf(constant.value.type.shape as readonly number[]) !== 1) return undefined;
    return Number(tensorOf(constant).data[0]);
  };
  const steps = new Map<Value, RoundingStep>();
  for (const node of graph.nodes) {
    const step = isRounding(node, producers, numberOf) ? 1 : behind(node, steps, numberOf);
    if (step !== undefined) for (const output of node.outputs) steps.set(output, step);
  }
  return graph.outputs.map((output) => steps.get(output));
}

type NumberOf = (value: Value | null | undefined) => number | undefined;

function isRounding(node: Node, producers: ReadonlyMap<Value, Node>, numberOf: NumberOf): boolean {
  if (node.op === 'requantize') return true;
  if (node.op !== 'clamp') return false;
  const { min, max } = node.attributes;
  if (!Number.isInteger(min) || !Number.isInteger(max) || max - min > MAX_SPAN) return false;
  let from = producers.get(node.inputs[0] as Value);
  if (from?.op === 'add' && Number.isInteger(numberOf(from.inputs[1]))) from = producers.get(from.inputs[0] as Value);
  return from?.op === 'roundEven';
}

/** The step of what a node makes of rounded values. */
function behind(
  { op, attributes, inputs, outputs }: Node,
  steps: ReadonlyMap<Value, RoundingStep>,
  numberOf: NumberOf,
): RoundingStep | undefined {
  const taken = inputs.flatMap((value) => (value && steps.has(value) ? [steps.get(value) as RoundingStep] : []));
  if (taken.length === 0) return undefined;
  const largest = taken.includes(null) ? null : Math.max(...(taken as number[]));
  if (KEEPING.has(op)) return largest;
  if (largest === null || taken.length > 1 || outputs[0]?.type?.dataType === 'bool') return null;
  const number = numberOf(inputs[1]) ?? numberOf(inputs[0]);
  if (op === 'linear') return largest * Math.abs((attributes as { readonly alpha: number }).alpha);
  if (number === undefined) return null;
  if (op === 'add' || op === 'sub') return largest;
  if (op === 'mul') return largest * Math.abs(number);
  return op === 'div' && numberOf(inputs[1]) ? largest / Math.abs(number) : null;
}
