/** Gives tensors places in one block of memory: tensors that are never needed at the same time may have the same place. */

/** A tensor that is needed from one step to another one, both included. */
export interface Tenant {
  readonly name: string;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface Arena {
  readonly bytes: number;
  /** Bytes from the arena's begin, by the tenants' names. */
  readonly offsets: ReadonlyMap<string, number>;
}

/**
 * Places the largest tenant first, and each at the lowest offset that is free as long as it is needed (greedy by size: Pisarchyk and Lee,
 * Efficient Memory Management for Deep Neural Net Inference, 2020).
 */
export function planArena(tenants: readonly Tenant[]): Arena {
  const placed: { readonly tenant: Tenant; readonly begin: number; readonly end: number }[] = [];
  for (const tenant of [...tenants].sort((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    const neighbours = placed.filter(({ tenant: other }) => other.first <= tenant.last && tenant.first <= other.last);
    let begin = 0;
    for (const each of neighbours.sort((a, b) => a.begin - b.begin)) {
      if (each.begin >= begin + tenant.bytes) break;
      begin = Math.max(begin, each.end);
    }
    placed.push({ tenant, begin, end: begin + tenant.bytes });
  }
  return {
    bytes: placed.reduce((most, { end }) => Math.max(most, end), 0),
    offsets: new Map(placed.map(({ tenant, begin }) => [tenant.name, begin])),
  };
}
