/** Finds what depends on itself, which nothing can compute. */

/**
 * Finds a cycle.
 * @param takes by name, the names that each one needs
 * @returns the names of a cycle, each of which needs the next one, and the last the first; undefined if there is none
 */
export function cycleIn(takes: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const needed = new Map([...takes].map(([name, others]) => [name, others.filter((other) => takes.has(other))]));
  const takers = new Map<string, string[]>();
  const missing = new Map<string, number>();
  for (const [name, others] of needed) {
    missing.set(name, others.length);
    for (const other of others) {
      const known = takers.get(other);
      if (known === undefined) takers.set(other, [name]);
      else known.push(name);
    }
  }
  // Names leave whose needs have all left (A. B. Kahn, 1962). The others wait for a cycle.
  const ready = [...needed].flatMap(([name, others]) => (others.length === 0 ? [name] : []));
  for (let name = ready.pop(); name !== undefined; name = ready.pop()) {
    missing.delete(name);
    for (const taker of takers.get(name) ?? []) {
      const left = (missing.get(taker) as number) - 1;
      missing.set(taker, left);
      if (left === 0) ready.push(taker);
    }
  }
  const [first] = missing.keys();
  return first === undefined
    ? undefined
    : cycleFrom(first, (name) => (needed.get(name) ?? []).find((other) => missing.has(other)) as string);
}

/** Follows names, each of which has a next one, until one comes again. */
function cycleFrom(first: string, nextOf: (name: string) => string): readonly string[] {
  const places = new Map<string, number>();
  let name = first;
  for (; !places.has(name); name = nextOf(name)) places.set(name, places.size);
  return [...places.keys()].slice(places.get(name));
}
