/** A module's description of itself, in a section of its own: how to load its weights, and where its inputs and outputs lie. */
import type { DataType } from '../../graph/element-type.js';
import type { Placement } from './memory/weight-layout.js';

/** The name of the section. */
export const PLAN_SECTION = 'pannier';

/** A tensor in memory. Each element takes four bytes: a float32, or a whole number with a sign; booleans are 0 and 1. */
export interface PlacedTensor {
  readonly name: string;
  readonly dataType: DataType;
  readonly shape: readonly number[];
  /** Bytes from the arena's begin; constants lie before it. */
  readonly offset: number;
}

/** A part of the graph that the reference computes: in the middle of a run an op that is not worth a kernel, at its end all of open sizes. */
export interface HostPart {
  /** The part as a graph file without constants. */
  readonly graph: unknown;
  /** The places of its inputs, in order. */
  readonly inputs: readonly PlacedTensor[];
  /** The places of its outputs, in order; none for the part at the end, whose outputs leave as they are. */
  readonly outputs: readonly PlacedTensor[];
}

export interface CompiledPlan {
  readonly inputs: readonly PlacedTensor[];
  /** Those that do not come out of the tail. */
  readonly outputs: readonly PlacedTensor[];
  /** The places of each constant, by its name. */
  readonly placements: Readonly<Record<string, readonly Placement[]>>;
  /** The begin and the size of the arena. While weights are loaded, its memory holds one constant at a time. */
  readonly arenaAddress: number;
  readonly arenaBytes: number;
  /** The module calls the host with their places in this list. */
  readonly hostParts: readonly HostPart[];
  /** Computed after a run, if sizes depend on values. */
  readonly tail: HostPart | null;
}
