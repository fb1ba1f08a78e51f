/** A module's description of itself, in a section of its own: how to load its weights, and where its inputs and outputs lie. */
import type { DataType } from '../../graph/element-type.js';
import type { Graph, Storage } from '../../graph/graph.js';
import type { Placement } from './memory/weight-layout.js';

/** The name of the section. */
export const PLAN_SECTION = 'pannier';

/** Most bytes of memory that a module may have. */
export const MAX_MEMORY_BYTES = 2 ** 31;

/** A tensor in memory. Each element takes four bytes: a float32, or a whole number with a sign; booleans are 0 and 1. */
export interface PlacedTensor {
  readonly name: string;
  readonly dataType: DataType;
  readonly shape: readonly number[];
  /** Bytes from the arena's begin; constants lie before it. */
  readonly offset: number;
}

/** An input, by its name in the signature. */
export interface PlannedInput extends PlacedTensor {
  /** Whether the caller gives any number of rows along axis 0, each of which is a run. Then all outputs have as many rows. */
  readonly isBatched: boolean;
}

/** An output, by its name in the signature: in memory after a run, or a value that the tail computes. */
export type PlannedOutput = PlacedTensor | { readonly name: string; readonly tailValue: string };

/** A constant that the module reads. */
export interface PlannedWeight {
  /** The byte at which it begins in the shards, which are joined. */
  readonly offset: number;
  readonly dataType: DataType;
  readonly shape: readonly number[];
  readonly storage: Storage;
  readonly placements: readonly Placement[];
}

/** A part of the graph that the reference computes: in the middle of a run an op that is not worth a kernel, at its end all of open sizes. */
export interface HostPart {
  /** The part as a graph file without constants. */
  readonly graph: unknown;
  /** The places of its inputs, in order, by their names in the graph. */
  readonly inputs: readonly PlacedTensor[];
  /** The places of its outputs, in order; none for the part at the end, whose outputs leave as they are. */
  readonly outputs: readonly PlacedTensor[];
}

/** The graph with one choice of its open sizes. */
export interface PlannedVariant {
  readonly inputs: readonly PlannedInput[];
  readonly outputs: readonly PlannedOutput[];
  /** Computed after a run, if sizes depend on values. */
  readonly tail: HostPart | null;
}

export interface CompiledPlan {
  /** One for each choice of sizes; a graph whose only open size is the batch has one. */
  readonly variants: readonly [PlannedVariant, ...PlannedVariant[]];
  /** In the order in which they begin in the shards. */
  readonly weights: readonly PlannedWeight[];
  /** The begin and the size of the arena. While weights are loaded, its memory holds one constant at a time. */
  readonly arenaAddress: number;
  readonly arenaBytes: number;
  /** The module calls the host with their places in this list. */
  readonly hostParts: readonly HostPart[];
}

/** The name of the export that computes a variant, by the variant's place in the plan. */
export const runName = (variant: number): RunName => (variant === 0 ? 'run' : `run ${variant}`);
export type RunName = 'run' | `run ${number}`;

/** The operations that the host computes, sorted. */
export function hostOps({ hostParts, variants }: CompiledPlan): readonly string[] {
  const graphs = [...hostParts, ...variants.flatMap(({ tail }) => tail ?? [])].map(({ graph }) => graph as Pick<Graph, 'nodes'>);
  return [...new Set(graphs.flatMap(({ nodes }) => nodes.map(({ op }) => op)))].sort();
}

/** Reads a module's description of itself; undefined if it has none. */
export function readPlan(module: WebAssembly.Module): CompiledPlan | undefined {
  const [section] = WebAssembly.Module.customSections(module, PLAN_SECTION);
  return section && JSON.parse(new TextDecoder().decode(section));
}
