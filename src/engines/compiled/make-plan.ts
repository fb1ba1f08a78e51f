/** What a module says of itself, made when all of it has its place. */
import { sizeOf } from '../../base/dtype.js';
import { graphJson } from '../../graph/file.js';
import type { Constant, Graph, TypedValue, Value } from '../../graph/graph.js';
import type { Lowering } from './lower/step.js';
import { shapeOf } from './lower/values.js';
import type { ArenaLayout, LoweredVariant, MemoryLayout } from './memory/layout.js';
import type { CompiledPlan, HostPart, PlacedTensor, PlannedOutput, PlannedVariant, PlannedWeight } from './plan.js';

/** A graph and what the outside knows of it. */
export interface ModelGraph {
  /** Verified and simplified. */
  readonly graph: Graph;
  /** The names of its inputs and outputs in the signature, in order. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** For each constant, the byte at which it begins in the shards, which are joined. */
  readonly offsets: readonly number[];
}

/** A graph without open sizes of inputs. */
export interface ClosedModel extends ModelGraph {
  /** For each input, whether its axis 0 is one row of an open batch. */
  readonly isBatched: readonly boolean[];
}

/** A variant of a graph in its module. */
export interface CompiledVariant extends LoweredVariant {
  readonly model: ClosedModel;
  /** The end of the graph that the host computes, if it has one. */
  readonly tail: Graph | undefined;
  /** The parts in the middle of it that the host computes. */
  readonly hostParts: readonly Graph[];
}

/** Describes a module. */
export function planOf(variants: readonly [CompiledVariant, ...CompiledVariant[]], layout: MemoryLayout): CompiledPlan {
  const [first] = variants;
  const planned = variants.map((variant, index) => planVariant(variant, layout.arenas[index] as ArenaLayout));
  return {
    variants: planned.map(({ variant }) => variant) as [PlannedVariant, ...PlannedVariant[]],
    weights: weightsOf(first.model, first.lowering),
    arenaAddress: layout.arenaAddress,
    arenaBytes: layout.arenaBytes,
    hostParts: planned.flatMap(({ hostParts }) => hostParts),
  };
}

function planVariant(
  { model, tail, hostParts }: CompiledVariant,
  arena: ArenaLayout,
): { readonly variant: PlannedVariant; readonly hostParts: readonly HostPart[] } {
  const { graph, inputs, outputs, isBatched } = model;
  const placed = (value: Value, name = value.name): PlacedTensor => {
    const { type } = value as TypedValue;
    return { name, dataType: type.dataType, shape: shapeOf(value), offset: arena.offsetOf(value) };
  };
  const hostPart = (part: Graph, places: readonly PlacedTensor[]): HostPart => ({
    graph: graphJson(part, []),
    inputs: part.inputs.map((each) => placed(each)),
    outputs: places,
  });
  const output = (value: Value, index: number): PlannedOutput => {
    const name = outputs[index] as string;
    return tail?.outputs.includes(value) ? { name, tailValue: value.name } : placed(value, name);
  };
  const computed = (part: Graph): HostPart =>
    hostPart(
      part,
      part.outputs.map((each) => placed(each)),
    );
  return {
    variant: {
      inputs: graph.inputs.map((value, index) => ({ ...placed(value, inputs[index]), isBatched: isBatched[index] as boolean })),
      outputs: graph.outputs.map(output),
      tail: tail === undefined ? null : hostPart(tail, []),
    },
    hostParts: hostParts.map(computed),
  };
}

/** The constants that a module reads, as they come in the shards. */
function weightsOf({ graph, offsets }: ClosedModel, { weights }: Lowering): readonly PlannedWeight[] {
  const planned = (constant: Constant, index: number): readonly PlannedWeight[] => {
    const { value, storage } = constant;
    const placements = weights.placements.get(value.name);
    const shape = shapeOf(value);
    if (placements === undefined || sizeOf(shape) === 0) return [];
    return [{ offset: offsets[index] as number, dataType: value.type.dataType, shape, storage, placements }];
  };
  return graph.constants.flatMap(planned).sort((a, b) => a.offset - b.offset);
}
