/** What a module says of itself, made when all of it has its place. */
import { sizeOf } from '../../base/dtype.js';
import { graphJson } from '../../graph/file.js';
import type { Constant, Graph, TypedValue, Value } from '../../graph/graph.js';
import type { Lowering } from './lower/step.js';
import { shapeOf } from './lower/values.js';
import type { MemoryLayout } from './memory/layout.js';
import type { CompiledPlan, HostPart, PlacedTensor, PlannedOutput, PlannedWeight } from './plan.js';

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

/** Describes a module. @param tail the end of the graph that the host computes, if it has one */
export function planOf(model: ClosedModel, tail: Graph | undefined, lowering: Lowering, layout: MemoryLayout): CompiledPlan {
  const { graph, inputs, outputs, isBatched } = model;
  const placed = (value: Value, name = value.name): PlacedTensor => {
    const { type } = value as TypedValue;
    return { name, dataType: type.dataType, shape: shapeOf(value), offset: layout.offsetOf(value) };
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
  return {
    inputs: graph.inputs.map((value, index) => ({ ...placed(value, inputs[index]), isBatched: isBatched[index] as boolean })),
    outputs: graph.outputs.map(output),
    weights: weightsOf(model, lowering),
    arenaAddress: layout.arenaAddress,
    arenaBytes: layout.arenaBytes,
    hostParts: lowering.hostParts.map((part) =>
      hostPart(
        part,
        part.outputs.map((each) => placed(each)),
      ),
    ),
    tail: tail === undefined ? null : hostPart(tail, []),
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
