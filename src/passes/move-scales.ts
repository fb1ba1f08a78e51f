/** Multiplications move in front of an activation behind a weighted sum, which can take them up. */
import type { Node, TypedValue } from '../graph/graph.js';
import { affineOf } from './affine.js';
import type { Pass } from './pass.js';
import { PatchBuilder } from './patch.js';
import { afterSum, weightedSumAt } from './weighted-sum.js';

/**
 * c · relu(x) is relu(c · x) where c > 0, and so it is for the other activations that are straight lines through 0 on either side. The
 * multiplication moves only if the sum before takes it up, by `fold scales and offsets into weights`.
 */
export const moveScales: Pass = {
  name: 'move scales in front of activations',
  rewrite(node, graph) {
    if (node.op !== 'mul' && node.op !== 'div') return undefined;
    const { input, factors } = affineOf(node, graph) ?? {};
    const activation = input && graph.onlyUserOf(input) === node ? graph.producerOf(input) : undefined;
    if (activation === undefined || !isLineOnEitherSide(activation) || !factors?.every((factor) => factor > 0)) return undefined;
    const [before, ...others] = activation.inputs as readonly [TypedValue, ...TypedValue[]];
    const sum = weightedSumAt(before, graph);
    if (sum === undefined || afterSum(sum, { factors }, graph) === undefined) return undefined;
    const patch = new PatchBuilder(graph);
    const scaled = patch.op(
      node.op,
      node.inputs.map((each) => (each === input ? before : each)),
      {},
      node.origin,
    );
    const result = patch.op(activation.op, [scaled, ...others], activation.attributes as never, activation.origin);
    return patch.replace(node.outputs[0] as TypedValue, result).build();
  },
};

const isLineOnEitherSide = ({ op }: Node): boolean => op === 'relu' || op === 'leakyRelu' || op === 'prelu';
