/** Padding: one value around a copy, or copies of the elements at the edges. */
import type { NodeOf, Value } from '../../../graph/graph.js';
import { i32 } from '../asm/scalar.js';
import { copy } from '../kernels/copy.js';
import { rowMajor } from '../kernels/loops.js';
import { fillAround } from './fill-around.js';
import { combinations, elementAt, type Move, movesStep } from './moves.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { bitsOf, shapeOf } from './values.js';

/** Neighbouring places of the output along one axis, and the places along the input's axis that their elements come from. */
interface Stretch {
  readonly to: number;
  readonly count: number;
  readonly from: number;
  readonly step: 1 | 0 | -1;
}

export function lowerPad(node: NodeOf<'pad'>, lowering: Lowering): Step {
  const [input] = node.inputs as readonly [Value];
  const [output] = node.outputs as readonly [Value];
  const { mode, value } = node.attributes;
  const [beginning, ending] = [node.attributes.beginning, node.attributes.ending] as readonly (readonly number[])[] as [number[], number[]];
  const sizes = shapeOf(input);
  const [own, strides] = [rowMajor(sizes), rowMajor(shapeOf(output))];
  if (mode === 'constant') {
    const bits = bitsOf(output.type?.dataType ?? 'float32', value);
    const around = fillAround(lowering.kernels, sizes, shapeOf(output), beginning, bits);
    const inner = sizes.includes(0) ? undefined : copy(lowering.kernels, { sizes, strides: [own, strides] });
    return plainStep(node, {
      write: ({ body }, [from], [to]) => {
        around(body, to);
        if (inner !== undefined) body.call(inner, from, i32.offset(to, 4 * elementAt(beginning, strides)));
      },
    });
  }
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

/** The places before the input, in it and behind it, as far as there are any. */
function stretchesOf(mode: 'edge' | 'reflection' | 'symmetric', length: number, before: number, behind: number): readonly Stretch[] {
  const step = mode === 'edge' ? 0 : -1;
  // A mirror image leaves the edge out, or begins with it.
  const [first, last] = { edge: [0, length - 1], reflection: [before, length - 2], symmetric: [before - 1, length - 1] }[mode] as [
    number,
    number,
  ];
  const all: readonly Stretch[] = [
    { to: 0, count: before, from: first, step },
    { to: before, count: length, from: 0, step: 1 },
    { to: before + length, count: behind, from: last, step },
  ];
  return all.filter(({ count }) => count > 0);
}
