/** Steps of nodes that stand alone. */
import type { Node, Value } from '../../../graph/graph.js';
import type { I32 } from '../asm/code.js';
import { i32 } from '../asm/scalar.js';
import type { Addresses, Step } from './step.js';

/** The part of a step that its op decides. */
export interface PlainStep {
  readonly scratchBytes?: number;
  /** Inputs in whose place the output may be written. */
  readonly mayReplace?: readonly Value[];
  /** @param inputs addresses in the node's order; an input that is absent is 0 @param outputs addresses in order */
  readonly write: (at: Addresses, inputs: readonly [I32, ...I32[]], outputs: readonly [I32, ...I32[]]) => void;
}

/** A step that reads a node's inputs and writes its outputs. */
export const plainStep = (node: Node, { scratchBytes = 0, mayReplace = [], write }: PlainStep): Step => ({
  ...{ node, reads: node.inputs.filter((each): each is Value => each !== null), writes: node.outputs, scratchBytes, mayReplace },
  write: (at) => {
    const inputs = node.inputs.map((each) => (each === null ? i32.const(0) : at.of(each)));
    write(at, inputs as unknown as [I32, ...I32[]], node.outputs.map(at.of) as unknown as [I32, ...I32[]]);
  },
});
