/** The op for what the graph cannot say. */
import { json, listOf, text } from '../attribute.js';
import { defineOp, refused } from '../op.js';

export const OPAQUE_OPS = {
  /**
   * A part of a TF.js graph that no other op expresses, such as a loop: only the tfjs engine runs it. `nodes` holds the nodes of the
   * part as a GraphDef has them, and `library` a GraphDef's library, or null if the part calls no function. The node's inputs go by
   * the names `inputNames` in it, and its outputs are the tensors `outputNames`: `node`, or `node:1`. The weights of the library's
   * functions are inputs, too: each stands there as a node `Const` of the input's name.
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
