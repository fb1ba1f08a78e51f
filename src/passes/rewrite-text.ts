/** Rewrites as text: `pannier doctor --passes` prints them. */

import { typeText } from '../graph/tensor.js';
import { nodeText } from '../graph/text.js';
import type { Rewrite } from './run-passes.js';

/** The number and the pass of a rewrite, and where it found its pattern: `3 merge reshapes at tfjs Reshape "flatten"`. */
export const rewriteTitle = ({ number, pass, origin: { format, op, name } }: Rewrite): string =>
  `${number} ${pass} at ${format} ${op} "${name}"`;

/** A rewrite with a line for each node before it and each node and constant behind it. */
export const rewriteText = (rewrite: Rewrite): string =>
  [
    rewriteTitle(rewrite),
    ...rewrite.removed.map((node) => `  - ${nodeText(node)}`),
    ...rewrite.constants.map(({ name, type }) => `  + constant ${name}: ${typeText(type)}`),
    ...rewrite.added.map((node) => `  + ${nodeText(node)}`),
  ].join('\n');
