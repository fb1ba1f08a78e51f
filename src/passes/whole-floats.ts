/** Floats that are whole numbers of a type, so that a cast to the type loses nothing. */
import { type DataType, INTEGER_RANGE, isFloat } from '../graph/element-type.js';
import type { Node, TypedValue, Value } from '../graph/graph.js';
import type { OpName } from '../graph/ops/index.js';
import type { Tensor } from '../graph/tensor.js';
import type { GraphView } from './pass.js';

/** The inputs whose elements, and no others, an op's outputs have: the first one, or all. */
export const PASSED_ON: Readonly<Partial<Record<OpName, 'first' | 'all'>>> = {
  ...{ reshape: 'first', transpose: 'first', expand: 'first', slice: 'first', split: 'first', tile: 'first', reverse: 'first' },
  ...{ spaceToDepth: 'first', depthToSpace: 'first', gather: 'first', gatherND: 'first', maxPool2d: 'first' },
  ...{ concat: 'all', max: 'all', min: 'all' },
};

/** The least and the greatest number of a tensor. */
type Range = readonly [min: number, max: number];

/** How many nodes that pass numbers on are looked through. */
const MAX_DEPTH = 12;

/** Whether the floats of a value are whole numbers of a type of 8 or 16 bits. A sum that overflows float32 is none. */
export function isWholeWithin(value: Value, dataType: DataType, graph: GraphView): boolean {
  const bounds = INTEGER_RANGE[dataType];
  const range = rangeOf(value, graph, MAX_DEPTH);
  if (bounds === undefined || range === undefined || range[0] < bounds[0] || range[1] > bounds[1]) return false;
  return isWhole(value, graph, MAX_DEPTH);
}

/** The inputs whose elements a node gives; undefined if it gives others. */
function passedOn(node: Node): readonly Value[] | undefined {
  const which = PASSED_ON[node.op];
  if (which === undefined || (node.op === 'maxPool2d' && !isInside(node))) return undefined;
  return (which === 'all' ? node.inputs : node.inputs.slice(0, 1)) as readonly Value[];
}

/** Whether no window of a pool may lie in padding alone, where its greatest element is minus infinity. */
const isInside = ({ attributes: { autoPad, padding, dilations } }: Extract<Node, { op: 'maxPool2d' }>): boolean =>
  Math.max(...dilations) === 1 && (autoPad === 'sameUpper' || padding.every((side) => side === 0));

function rangeOf(value: Value, graph: GraphView, depth: number): Range | undefined {
  const constant = constantRange(value, graph);
  const node = graph.producerOf(value);
  if (constant !== undefined || node === undefined || depth === 0) return constant;
  if (node.op === 'clamp') return [node.attributes.min, node.attributes.max];
  if (node.op === 'cast') return INTEGER_RANGE[(node.inputs[0] as TypedValue).type.dataType];
  if (node.op === 'add' || node.op === 'sub') {
    const [a, b] = node.inputs.map((each) => rangeOf(each as Value, graph, depth - 1));
    if (a === undefined || b === undefined) return undefined;
    return node.op === 'add' ? [a[0] + b[0], a[1] + b[1]] : [a[0] - b[1], a[1] - b[0]];
  }
  if (node.op === 'pad') return united([rangeOf(node.inputs[0] as Value, graph, depth - 1), padded(node)]);
  return united(passedOn(node)?.map((each) => rangeOf(each, graph, depth - 1)) ?? []);
}

const padded = ({ attributes }: Extract<Node, { op: 'pad' }>): Range | undefined =>
  attributes.mode === 'constant' ? [attributes.value, attributes.value] : [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

function constantRange(value: Value, graph: GraphView): Range | undefined {
  const data = graph.constantOf(value) && (graph.tensorOf(value) as Tensor).data;
  return data === undefined || data.length > 1024 ? undefined : [Math.min(...data), Math.max(...data)];
}

function united(ranges: readonly (Range | undefined)[]): Range | undefined {
  if (ranges.length === 0 || ranges.includes(undefined)) return undefined;
  const known = ranges as readonly Range[];
  return [Math.min(...known.map(([min]) => min)), Math.max(...known.map(([, max]) => max))];
}

/** Whether floats have no fraction: they were rounded, and whole numbers were added to them or taken. */
function isWhole(value: Value, graph: GraphView, depth: number): boolean {
  if (graph.constantOf(value) !== undefined) {
    const { data } = graph.tensorOf(value) as Tensor;
    return data.length <= 1024 && data.every((each: number) => Number.isInteger(each));
  }
  const node = graph.producerOf(value);
  if (node === undefined || depth === 0) return false;
  const areWhole = (values: readonly Value[]) => values.every((each) => isWhole(each, graph, depth - 1));
  switch (node.op) {
    case 'roundEven':
    case 'floor':
    case 'ceil':
    case 'sign':
      return true;
    case 'cast':
      return !isFloat((node.inputs[0] as TypedValue).type.dataType);
    case 'clamp':
      return Number.isInteger(node.attributes.min) && Number.isInteger(node.attributes.max) && areWhole([node.inputs[0] as Value]);
    case 'add':
    case 'sub':
    case 'mul':
      return areWhole(node.inputs as readonly Value[]);
    case 'pad':
      return Number.isInteger(node.attributes.value) && areWhole([node.inputs[0] as Value]);
    default: {
      const inputs = passedOn(node);
      return inputs !== undefined && areWhole(inputs);
    }
  }
}
