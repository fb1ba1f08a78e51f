/** The memory of a module: constants, tables and zeros, then the arena for what a run computes. */
import type { Constant, Value } from '../../../graph/graph.js';
import type { I32 } from '../asm/code.js';
import { i32 } from '../asm/scalar.js';
import type { Lowering, Step } from '../lower/step.js';
import { memoryBytes } from '../lower/values.js';
import { type Arena, planArena, type Tenant } from './arena.js';
import { tenantsOf } from './tenants.js';
import type { WeightLayout } from './weight-layout.js';

const PAGE_BYTES = 65_536;

/** The memory of a module. */
export interface MemoryLayout {
  readonly arenaAddress: number;
  readonly arenaBytes: number;
  /** Bytes of all memory. */
  readonly bytes: number;
  /** The arena of each variant of the graph, in order. All lie at one place, since no two variants run at once. */
  readonly arenas: readonly ArenaLayout[];
}

/** The places of one variant's values. */
export interface ArenaLayout {
  /** Bytes from the arena's begin to a value; constants lie before it. */
  readonly offsetOf: (value: Value) => number;
  /** The address of a value in an arena that begins at a base. */
  readonly addressOf: (value: Value, base: I32) => I32;
  /** The address of the memory that a step has for itself. */
  readonly scratchOf: (step: number, base: I32) => I32;
}

/** A variant of a graph, lowered. */
export interface LoweredVariant {
  readonly lowering: Lowering;
  readonly steps: readonly Step[];
}

/** Places all that the steps of a model's variants read and write. The variants share their weights. */
export function layOutMemory(variants: readonly [LoweredVariant, ...LoweredVariant[]]): MemoryLayout {
  const [{ lowering }] = variants;
  const { weights, constants } = lowering;
  // The arena begins behind all constants, whichever variant reads them.
  const planned = variants.map(planVariant);
  const arenaAddress = Math.ceil(weights.bytes / PAGE_BYTES) * PAGE_BYTES;
  const arenaBytes = Math.max(...planned.map(({ arena }) => arena.bytes));
  // While weights are loaded, the arena's memory holds one constant at a time.
  const largest = Math.max(0, ...[...weights.placements.keys()].map((name) => memoryBytes(constants.get(name)?.value as Value)));
  return {
    arenaAddress,
    arenaBytes,
    bytes: arenaAddress + Math.max(arenaBytes, largest) + PAGE_BYTES,
    arenas: planned.map((each) => placesIn(each, weights, arenaAddress)),
  };
}

interface PlannedVariant {
  readonly arena: Arena;
  readonly ownerOf: (value: Value) => string;
  readonly constantOf: (value: Value) => Constant | undefined;
}

/** Gives the constants that a variant reads as they are their places, and plans its arena. */
function planVariant({ lowering: { graph, constants, weights }, steps }: LoweredVariant): PlannedVariant {
  const { tenants, ownerOf } = tenantsOf(graph, steps);
  const constantOf = (value: Value) => constants.get(ownerOf(value));
  for (const value of [...steps.flatMap(({ reads }) => reads), ...graph.outputs]) {
    const constant = constantOf(value);
    if (constant !== undefined) weights.plain(constant);
  }
  const scratches = steps.map((step, index): Tenant => ({ name: `scratch ${index}`, bytes: step.scratchBytes, first: index, last: index }));
  return { arena: planArena([...tenants, ...scratches.filter(({ bytes }) => bytes > 0)]), ownerOf, constantOf };
}

function placesIn({ arena, ownerOf, constantOf }: PlannedVariant, weights: WeightLayout, arenaAddress: number): ArenaLayout {
  const inArena = (name: string): number => arena.offsets.get(name) ?? 0;
  return {
    offsetOf: (value) => {
      const constant = constantOf(value);
      return constant === undefined ? inArena(ownerOf(value)) : weights.plain(constant) - arenaAddress;
    },
    addressOf: (value, base) => {
      const constant = constantOf(value);
      return constant === undefined ? i32.offset(base, inArena(ownerOf(value))) : i32.const(weights.plain(constant));
    },
    scratchOf: (step, base) => i32.offset(base, inArena(`scratch ${step}`)),
  };
}
