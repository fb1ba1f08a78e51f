/** Multiplications and additions of channels move behind a pool, which leaves fewer elements. */
import type { TypedValue } from '../graph/graph.js';
import { affineOf } from './affine.js';
import type { Pass } from './pass.js';
import { PatchBuilder } from './patch.js';

/**
 * The greatest of some elements stays the greatest one if all are multiplied by a number above 0, or moved. Behind the pool there are fewer
 * elements to compute, and the weights that often follow may take the numbers up.
 */
export const moveBehindPools: Pass = {
  name: 'move scales and offsets behind pools',
  rewrite(node, graph) {
    if (node.op !== 'maxPool2d' || Math.max(...node.attributes.strides) === 1) return undefined;
    const [input] = node.inputs as readonly [TypedValue];
    const before = graph.onlyUserOf(input) === node ? graph.producerOf(input) : undefined;
    const affine = before && affineOf(before, graph);
    if (before === undefined || affine === undefined || affine.factors?.some((factor) => factor <= 0)) return undefined;
    const patch = new PatchBuilder(graph);
    const pooled = patch.op('maxPool2d', [affine.input], node.attributes, node.origin);
    const inputs = before.inputs.map((each) => (each === affine.input ? pooled : each));
    return patch.replace(node.outputs[0] as TypedValue, patch.op(before.op, inputs, before.attributes as never, before.origin)).build();
  },
};
