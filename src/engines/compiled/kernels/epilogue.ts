/** The work that is done on sums before they are stored: activations, additions of another tensor, factors by channel. */
import type { V128 } from '../asm/code.js';
import type { FunctionBuilder, Local } from '../asm/function.js';

/** The place of four sums: what belongs to their channels and to their elements. */
export interface EpilogueSite {
  readonly body: FunctionBuilder;
  /** The numbers by channel that stand behind the bias of a panel or block. */
  readonly channelNumbers: (index: number) => V128;
  /** The elements at the same places of another tensor, laid out as the output. */
  readonly operand: (index: number) => V128;
}

/** A name tells all that an epilogue's code depends on, so that equal kernels are one. */
export interface Epilogue {
  readonly name: string;
  /** How many rows of numbers by channel stand between the bias and the weights. */
  readonly channelNumbers: number;
  /** How many other tensors are read. Kernels take for each the bytes from the output's address to its own. */
  readonly operands: number;
  readonly write: (sums: Local<'v128'>, site: EpilogueSite) => V128;
}

/** Sums that are stored as they are. */
export const NO_EPILOGUE: Epilogue = { name: '', channelNumbers: 0, operands: 0, write: (sums) => sums };

/** The types of the parameters that an epilogue adds to those of a kernel. */
export const operandParameters = ({ operands }: Epilogue): readonly 'i32'[] => Array.from({ length: operands }, () => 'i32');
