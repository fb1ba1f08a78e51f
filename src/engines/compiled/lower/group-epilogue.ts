/** The expression at the end of a kernel. */
import type { Value } from '../../../graph/graph.js';
import { type Epilogue, NO_EPILOGUE } from '../kernels/epilogue.js';
import type { Group } from './fuse.js';
import { isChannelConstant } from './fuse.js';
import type { GroupEpilogue, Lowering } from './step.js';
import { operandsOf, termName, writeTerm } from './term.js';
import { isSameShape } from './values.js';

/** The end of a kernel whose sums are the output. */
export const noEpilogue = (output: Value): GroupEpilogue => ({ epilogue: NO_EPILOGUE, operands: [], channelConstants: [], output });

/** The epilogue of a group's anchor, with the tensors that it reads. */
export function epilogueOf(group: Group, { constants, kernels }: Lowering): GroupEpilogue {
  const output = group.root.outputs[0] as Value;
  const { term } = group;
  if (term === undefined || term.kind === 'sums') return noEpilogue(output);
  const all = operandsOf(term);
  const channelConstants = all.filter((value) => isChannelConstant(value, output, constants));
  const operands = all.filter((value) => !channelConstants.includes(value) && isSameShape(value, output));
  const leaf = (value: Value): string =>
    channelConstants.includes(value) ? `c${channelConstants.indexOf(value)}` : `o${operands.indexOf(value)}`;
  const epilogue: Epilogue = {
    name: termName(term, leaf),
    channelNumbers: channelConstants.length,
    operands: operands.length,
    write: (sums, site) =>
      writeTerm(kernels, site.body, term, sums, (value) => {
        const index = channelConstants.indexOf(value);
        return index >= 0 ? site.channelNumbers(index) : site.operand(operands.indexOf(value));
      }),
  };
  return { epilogue, operands, channelConstants, output };
}
