/** Padding: one value around a copy, or copies of what lies at the edges. */
import { INTEGER_RANGE, isFloat } from '../../../graph/element-type.js';
import type { NodeOf, Value } from '../../../graph/graph.js';
import { i32 } from '../asm/scalar.js';
import { copy, fill } from '../kernels/copy.js';
import { rowMajor } from '../kernels/loops.js';
import { elementAt, type Move, movesStep } from './moves.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { elementCount, shapeOf } from './values.js';

export function lowerPad(node: NodeOf<'pad'>, lowering: Lowering): Step {
  const [input] = node.inputs as readonly [Value];
  const [output] = node.outputs as readonly [Value];
  const { mode, value } = node.attributes;
  const [beginning, ending] = [node.attributes.beginning, node.attributes.ending] as readonly (readonly number[])[] as [number[], number[]];
  const sizes = shapeOf(input);
  const [own, strides] = [rowMajor(sizes), rowMajor(shapeOf(output))];
  if (mode !== 'constant') {
    const stretches = sizes.map((length, axis) => stretchesOf(mode, length, beginning[axis] as number, ending[axis] as number));
    return movesStep(
      node,
      lowering,
      combinations(stretches).map((each): Move => {
        const from = own.map((stride, axis) => stride * (each[axis] as Stretch).step);
        return {
          axes: { sizes: each.map(({ count }) => count), strides: [from, strides] },
          from: {
            element: elementAt(
              each.map((stretch) => stretch.from),
              own,
            ),
          },
          to: {
            element: elementAt(
              each.map(({ to }) => to),
              strides,
            ),
          },
        };
      }),
    );
  }
  const inner = copy(lowering.kernels, { sizes, strides: [own, strides] });
  const all = fill(lowering.kernels, { sizes: [elementCount(output)], strides: [[1]] }, bitsOf(output, value));
  return plainStep(node, {
    write: ({ body }, [from], [to]) => {
      body.call(all, to);
      if (elementCount(input) > 0) body.call(inner, from, i32.offset(to, 4 * elementAt(beginning, strides)));
    },
  });
}

/** Neighbouring places of the output along one axis, and where along the input's axis their elements come from. */
interface Stretch {
  readonly to: number;
  readonly count: number;
  readonly from: number;
  readonly step: 1 | 0 | -1;
}

/** The places before the input, in it and behind it, as far as there are any. */
function stretchesOf(mode: 'edge' | 'reflection' | 'symmetric', length: number, before: number, behind: number): readonly Stretch[] {
  const step = mode === 'edge' ? 0 : -1;
  // A mirror image leaves the edge out, or begins with it.
  const [first, last] = { edge: [0, length - 1], reflection: [before, length - 2], symmetric: [before - 1, length - 1] }[mode] as [
    number,
    number,
  ];
  return (
    [
      { to: 0, count: before, from: first, step },
      { to: before, count: length, from: 0, step: 1 },
      { to: before + length, count: behind, from: last, step },
    ] as const
  ).filter(({ count }) => count > 0);
}

/** Every list with one entry of each list. */
const combinations = <T>(lists: readonly (readonly T[])[]): readonly (readonly T[])[] =>
  lists.reduce<readonly (readonly T[])[]>((made, list) => made.flatMap((each) => list.map((entry) => [...each, entry])), [[]]);

/** A number as the four bytes that stand for it in memory. */
function bitsOf({ type }: Value, value: number): number {
  if (type !== null && isFloat(type.dataType)) return new Int32Array(new Float32Array([value]).buffer)[0] as number;
  const [least, greatest] = INTEGER_RANGE['int32'] as readonly [number, number];
  return Math.min(Math.max(value, least), greatest);
}
