/** The open sizes of a graph as the options bind them: to the shapes of inputs, or to padded lengths. */
import type { Graph } from '../../graph/graph.js';
import { isOpen } from '../../graph/size.js';
import { badOption } from '../options.js';
import type { ResolvedInput } from './inputs.js';

/**
 * The choices of a graph's open sizes by name, one for each of the shapes that options name, or for each padded length.
 * @param inputs of the graph, in its order
 * @throws {PannierError} `options` if two shapes that go together give one size two numbers
 */
export function namedSizes(graph: Graph, inputs: readonly ResolvedInput[]): readonly ReadonlyMap<string, number>[] {
  const nameOf = (input: number, axis: number): string | undefined => {
    const size = graph.inputs[input]?.type?.shape[axis];
    return size !== undefined && isOpen(size) ? size.text : undefined;
  };
  const count = Math.max(0, ...inputs.map(({ spec }) => spec.shapes?.length ?? 0));
  const lengths = inputs.find(({ spec }) => spec.pad !== undefined && spec.pad.axis > 0)?.spec.pad?.to ?? [];
  const named = Array.from({ length: count }, (_, index) => {
    const sizes = new Map<string, number>();
    for (const [place, { name, spec }] of inputs.entries())
      for (const [axis, size] of (spec.shapes?.[index] ?? []).entries()) {
        const open = nameOf(place, axis);
        if (open === undefined || size === null) continue;
        const known = sizes.get(open);
        if (known !== undefined && known !== size)
          throw badOption(
            `The size "${open}" is ${known} and ${size} in shapes that go together: see shapes[${index}] of input "${name}".`,
          );
        sizes.set(open, size);
      }
    return sizes;
  });
  const padded = lengths.map(
    (length) =>
      new Map(
        inputs.flatMap(({ spec }, place) => {
          const open = spec.pad && nameOf(place, spec.pad.axis);
          return open === undefined ? [] : [[open, length] as const];
        }),
      ),
  );
  return [...named, ...padded];
}
