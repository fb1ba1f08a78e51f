/** Multiplications, additions and batch normalisations of channels become part of the weights and the bias before them. */
import type { Value } from '../graph/graph.js';
import { affineOf } from './affine.js';
import type { Pass } from './pass.js';
import { PatchBuilder } from './patch.js';
import { addSum, afterSum, weightedSumAt } from './weighted-sum.js';

/**
 * factor · (Σ w·x + bias) + offset is Σ (factor · w)·x + (factor · bias + offset). The numbers have to be finite constants, and the sum
 * must not be taken by anything else. `scaledWeights` says which weights are left alone.
 */
export const foldAffine: Pass = {
  name: 'fold scales and offsets into weights',
  rewrite(node, graph) {
    const affine = affineOf(node, graph);
    if (affine === undefined) return undefined;
    const sum = weightedSumAt(affine.input, graph);
    if (sum === undefined) return undefined;
    // An addition behind a matrix product is the form in which its bias stands.
    if (sum.node.op === 'matmul' && sum.bias === undefined && affine.factors === undefined) return undefined;
    const made = afterSum(sum, affine, graph);
    if (made === undefined) return undefined;
    const patch = new PatchBuilder(graph);
    return patch.replace(node.outputs[0] as Value, addSum(made, patch, graph)).build();
  },
};
