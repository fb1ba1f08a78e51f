/** Which tensors need memory while a model runs, and from which step to which. */
import type { Graph, Value } from '../../../graph/graph.js';
import type { Step } from '../lower/step.js';
import { memoryBytes } from '../lower/values.js';
import type { Tenant } from './arena.js';

export interface Tenants {
  readonly tenants: readonly Tenant[];
  /** The name of the tenant in whose memory a value lies. */
  readonly ownerOf: (value: Value) => string;
}

/**
 * The tensors of a run. A value under another shape lies where the value itself lies, and an output may take the place of an input that
 * nothing needs any more.
 */
export function tenantsOf(graph: Graph, steps: readonly Step[]): Tenants {
  const aliases = new Map<string, string>();
  const followed = (name: string): string => {
    const source = aliases.get(name);
    return source === undefined ? name : followed(source);
  };
  for (const { op, inputs, outputs } of graph.nodes)
    if (op === 'reshape') aliases.set((outputs[0] as Value).name, (inputs[0] as Value).name);
  const first = new Map<string, number>(graph.inputs.map(({ name }) => [name, 0]));
  const last = new Map<string, number>();
  const bytes = new Map<string, number>();
  const note = (value: Value): string => {
    const name = followed(value.name);
    bytes.set(name, Math.max(bytes.get(name) ?? 0, memoryBytes(value)));
    return name;
  };
  const constants = new Set(graph.constants.map(({ value }) => value.name));
  for (const value of graph.inputs) last.set(note(value), 0);
  for (const [index, { reads, writes }] of steps.entries()) {
    for (const value of reads) last.set(note(value), index);
    for (const value of writes) {
      const name = note(value);
      if (!first.has(name)) first.set(name, index);
      last.set(name, index);
    }
  }
  for (const value of graph.outputs) last.set(note(value), steps.length);
  // Inputs that are read again by a later run of a batch stay as they are.
  for (const value of graph.inputs) last.set(followed(value.name), steps.length);
  for (const [index, { writes, mayReplace }] of steps.entries()) {
    const [output] = writes as readonly [Value];
    const name = followed(output.name);
    if (aliases.has(name) || first.get(name) !== index) continue;
    const replaced = mayReplace
      .map(({ name: each }) => followed(each))
      .find((each) => last.get(each) === index && each !== name && !constants.has(each));
    if (replaced === undefined || !first.has(replaced)) continue;
    aliases.set(name, replaced);
    last.set(replaced, last.get(name) as number);
  }
  const owners = [...first.keys()].filter((name) => !aliases.has(name) && !constants.has(name));
  return {
    tenants: owners.map((name) => ({
      name,
      bytes: bytes.get(name) as number,
      first: first.get(name) as number,
      last: last.get(name) ?? (first.get(name) as number),
    })),
    ownerOf: ({ name }) => followed(name),
  };
}
