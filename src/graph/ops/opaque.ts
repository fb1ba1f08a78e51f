/** The op for what the graph cannot say. */
import { json, listOf, text } from '../attribute.js';
import { defineOp, refused } from '../op.js';

export const OPAQUE_OPS = {
  /**
   * A part of a TF.js graph that no other op expresses, such as a loop: only the tfjs engine runs it. `nodes` and `library` are in
   * TF.js's own form. The node's inputs go by the names `inputNames` in it, and its outputs are the tensors `outputNames`.
   */
  tfjsGraph: defineOp({
    name: 'tfjsGraph',
    inputs: ['inputs...'],
    attributes: { nodes: listOf(json), library: json, inputNames: listOf(text), outputNames: listOf(text) },
    infer: () => {
      throw refused('has outputs whose types only TF.js knows');
    },
  }),
} as const;
