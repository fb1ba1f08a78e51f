/** A step of a compiled model: one call of a kernel, or of a few. */
import type { Constant, Graph, Node, Value } from '../../../graph/graph.js';
import type { I32 } from '../asm/code.js';
import type { FunctionBuilder } from '../asm/function.js';
import type { Epilogue } from '../kernels/epilogue.js';
import type { Kernels } from '../kernels/kernel.js';
import type { WeightLayout } from '../memory/weight-layout.js';

/** The addresses of a step's tensors while the model runs. */
export interface Addresses {
  readonly body: FunctionBuilder;
  readonly of: (value: Value) => I32;
  /** Memory that the step has for itself. */
  readonly scratch: I32;
}

export interface Step {
  readonly node: Node;
  /** Layers before the node that the step computes, too. */
  readonly before?: readonly Node[];
  /** Constants too, as far as they are read as they are; weights that are laid out in blocks are none of them. */
  readonly reads: readonly Value[];
  readonly writes: readonly Value[];
  readonly scratchBytes: number;
  /** A value that the step reads before it writes the same place of its output, so that both may share memory. */
  readonly mayReplace: readonly Value[];
  readonly write: (at: Addresses) => void;
}

/** The room in which ops are lowered. */
export interface Lowering {
  readonly graph: Graph;
  readonly kernels: Kernels;
  readonly weights: WeightLayout;
  readonly constants: ReadonlyMap<string, Constant>;
  /** The parts that the host computes, in the order of their numbers. */
  readonly hostParts: Graph[];
}

/** Lowers a node. @param epilogue of its sums, and the tensors that it reads @throws {RangeError} the rest of a sentence: why it cannot */
export type Lower = (node: Node, lowering: Lowering) => Step;

/** An expression at the end of a kernel: its code, the tensors that it reads as the output, and its constants by channel. */
export interface GroupEpilogue {
  readonly epilogue: Epilogue;
  readonly operands: readonly Value[];
  readonly channelConstants: readonly Value[];
  readonly output: Value;
}
