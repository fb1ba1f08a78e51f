/** The memory of a module: constants, tables and zeros, then the arena for what a run computes. */
import type { Value } from '../../../graph/graph.js';
import type { I32 } from '../asm/code.js';
import { i32 } from '../asm/scalar.js';
import type { Lowering, Step } from '../lower/step.js';
import { memoryBytes } from '../lower/values.js';
import { planArena, type Tenant } from './arena.js';
import { tenantsOf } from './tenants.js';

const PAGE_BYTES = 65_536;

export interface MemoryLayout {
  readonly arenaAddress: number;
  readonly arenaBytes: number;
  /** Bytes of all memory. */
  readonly bytes: number;
  /** Bytes from the arena's begin to a value; constants lie before it. */
  readonly offsetOf: (value: Value) => number;
  /** The address of a value in an arena that begins at a base. */
  readonly addressOf: (value: Value, base: I32) => I32;
  /** The address of the memory that a step has for itself. */
  readonly scratchOf: (step: number, base: I32) => I32;
}

/** Places all that the steps of a model read and write. */
export function layOutMemory({ graph, constants, weights }: Lowering, steps: readonly Step[]): MemoryLayout {
  const { tenants, ownerOf } = tenantsOf(graph, steps);
  const constantOf = (value: Value) => constants.get(ownerOf(value));
  for (const value of [...steps.flatMap(({ reads }) => reads), ...graph.outputs]) {
    const constant = constantOf(value);
    if (constant !== undefined) weights.plain(constant);
  }
  const scratches = steps.map((step, index): Tenant => ({ name: `scratch ${index}`, bytes: step.scratchBytes, first: index, last: index }));
  const arena = planArena([...tenants, ...scratches.filter(({ bytes }) => bytes > 0)]);
  const arenaAddress = Math.ceil(weights.bytes / PAGE_BYTES) * PAGE_BYTES;
  // While weights are loaded, the arena's memory holds one constant at a time.
  const largest = Math.max(0, ...[...weights.placements.keys()].map((name) => memoryBytes(constants.get(name)?.value as Value)));
  const inArena = (name: string): number => arena.offsets.get(name) ?? 0;
  return {
    arenaAddress,
    arenaBytes: arena.bytes,
    bytes: arenaAddress + Math.max(arena.bytes, largest) + PAGE_BYTES,
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
