/** Takes a part of a part at once. */
import type { TypedValue } from '../graph/graph.js';
import { add } from '../graph/size.js';
import type { Pass } from './pass.js';
import { PatchBuilder } from './patch.js';

export const mergeSlices: Pass = {
  name: 'merge slices',
  rewrite(node, graph) {
    const { op, attributes, inputs, outputs, origin } = node;
    const [between] = inputs;
    const before = graph.producerOf(between);
    if (op !== 'slice' || before?.op !== 'slice' || graph.onlyUserOf(between as TypedValue) !== node) return undefined;
    const { starts, strides } = before.attributes;
    if (![...strides, ...attributes.strides].every((stride) => stride === 1)) return undefined;
    const patch = new PatchBuilder(graph);
    const merged = { ...attributes, starts: attributes.starts.map((start, axis) => add(start, starts[axis] as number)) };
    return patch.replace(outputs[0] as TypedValue, patch.op('slice', [before.inputs[0] as TypedValue], merged, origin)).build();
  },
};
