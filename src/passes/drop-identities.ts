/** Takes the value itself instead of an identity of it. */
import type { Value } from '../graph/graph.js';
import type { Pass } from './pass.js';
import { replacing } from './patch.js';

export const dropIdentities: Pass = {
  name: 'drop identities',
  rewrite({ op, inputs: [input], outputs: [output] }) {
    return op === 'identity' ? replacing(output as Value, input as Value) : undefined;
  },
};
