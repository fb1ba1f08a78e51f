/** Finds padding: a concat of one value with numbers that are all the same becomes `pad`, which copies once and makes no other tensor. */
import type { TypedValue, Value } from '../graph/graph.js';
import { type Size, sum } from '../graph/size.js';
import { typeText } from '../graph/tensor.js';
import { scalarOf } from './channels.js';
import type { GraphView, Pass } from './pass.js';
import { PatchBuilder } from './patch.js';

export const findPadding: Pass = {
  name: 'find padding',
  rewrite(node, graph) {
    if (node.op !== 'concat' || node.inputs.length < 2) return undefined;
    const parts = node.inputs as readonly TypedValue[];
    const numbers = parts.map((part) => numberIn(part, graph));
    const place = numbers.indexOf(undefined);
    const value = numbers[place === 0 ? 1 : 0];
    // A graph's file has no zero below 0.
    if (place < 0 || value === undefined || Object.is(value, -0)) return undefined;
    if (numbers.some((number, index) => index !== place && !Object.is(number, value))) return undefined;
    const { axis } = node.attributes;
    const length = (padding: readonly TypedValue[]): Size => sum(padding.map(({ type }) => type.shape[axis] as Size));
    const output = node.outputs[0] as TypedValue;
    const only = (size: Size): readonly Size[] => output.type.shape.map((_, index) => (index === axis ? size : 0));
    const sides = { beginning: only(length(parts.slice(0, place))), ending: only(length(parts.slice(place + 1))) };
    const patch = new PatchBuilder(graph);
    const padded = patch.op('pad', [parts[place] as Value], { ...sides, mode: 'constant', value }, node.origin);
    // Another part may say how long an axis is that is open in this one.
    if (typeText(padded.type) !== typeText(output.type)) return undefined;
    return patch.replace(output, padded).build();
  },
};

/** The finite number that each element of a float32 value is, as far as constants tell. */
function numberIn(value: Value, graph: GraphView): number | undefined {
  const producer = graph.producerOf(value);
  if (producer?.op === 'expand') return scalarOf(producer.inputs[0], graph);
  const tensor = graph.tensorOf(value);
  const first = tensor?.data[0];
  if (tensor?.dataType !== 'float32' || !Number.isFinite(first)) return undefined;
  return tensor.data.every((number) => Object.is(number, first)) ? first : undefined;
}
