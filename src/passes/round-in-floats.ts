/** Quantised sums are added and rounded in float32, which engines are quick at. */
import type { TypedValue } from '../graph/graph.js';
import { FloatArithmetic } from './float-arithmetic.js';
import type { Pass } from './pass.js';
import { PatchBuilder } from './patch.js';

/**
 * Products of 8 bits and their sums up to 2^24 are exact in float32. The factor is rounded to float32, and the product once, halves to
 * even, where TensorFlow Lite rounds twice: a number close to a half becomes its other neighbour. Every rounding of the file stays one.
 */
export const roundInFloats: Pass = {
  name: 'round quantised sums in floats',
  rewrite(node, graph) {
    if (node.op !== 'requantize' || node.attributes.to === 'int32' || node.attributes.to === 'int64') return undefined;
    const { origin, outputs } = node;
    const { zeroPoint, min, max, to } = node.attributes;
    const patch = new PatchBuilder(graph);
    const product = new FloatArithmetic(patch, graph, origin).scaled(node);
    if (product === undefined) return undefined;
    const rounded = patch.op('roundEven', [product], {}, origin);
    // The zero point comes last: the next sum takes it away, and then takes the floats before it.
    const bounded = patch.op('clamp', [rounded], { min: min - zeroPoint, max: max - zeroPoint }, origin);
    const zero = patch.number('float32', zeroPoint, `${origin.name}/zero`);
    const moved = zeroPoint === 0 ? bounded : patch.op('add', [bounded, zero], {}, origin);
    return patch.replace(outputs[0] as TypedValue, patch.op('cast', [moved], { to }, origin)).build();
  },
};
