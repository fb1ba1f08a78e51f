/** Reads ops that add elements at the edges, or take them away. */
import type { TypedValue } from '../../../graph/graph.js';
import { floorDivide, isOpen, max, min, type Size, subtract } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { Call } from './call.js';

const MODES = { constant: 'constant', edge: 'edge', reflect: 'reflection' } as const;

/** Parameters are attributes before opset 11. Paddings below 0 cut elements. */
export function pad(call: Call): TypedValue {
  const input = call.value();
  const { shape } = input.type;
  const sides = call.has(1) ? call.sizes(1, 'paddings') : (call.attributes.wholes('pads') ?? []);
  const axes = (call.has(3) ? call.axes(3, shape.length) : undefined) ?? shape.map((_, axis) => axis);
  if (sides.length !== 2 * axes.length) throw call.broken(`has ${sides.length} paddings for ${axes.length} axes`);
  const sideOf = (axis: number, from: number): Size => (axes.includes(axis) ? (sides[from + axes.indexOf(axis)] as Size) : 0);
  const beginning = shape.map((_, axis) => sideOf(axis, 0));
  const ending = shape.map((_, axis) => sideOf(axis, axes.length));
  const mode = call.attributes.text('mode', 'constant');
  if (mode === 'wrap') return wrapped(call, input, beginning, ending);
  const known = Object.hasOwn(MODES, mode) ? MODES[mode as keyof typeof MODES] : undefined;
  if (known === undefined) throw call.broken(`has the mode "${mode}"`);
  const cut = trimmed(call, input, beginning.map(cutOf), ending.map(cutOf));
  const added = { beginning: beginning.map(addedOf), ending: ending.map(addedOf) };
  const value = known === 'constant' ? paddedValue(call) : 0;
  const made = call.step('pad', [cut], { ...added, mode: known, value: value ?? 0 });
  return value === undefined ? filledWith(call, call.value(2), cut, made, added) : made;
}

/** How many elements a padding cuts, and how many it adds. An open one adds. */
const cutOf = (side: Size): Size => (!isOpen(side) && side < 0 ? -side : 0);
const addedOf = (side: Size): Size => (!isOpen(side) && side < 0 ? 0 : side);

/** The number that is added; undefined if it is computed while the model runs. */
const paddedValue = (call: Call): number | undefined => (call.has(2) ? call.scalar(2) : call.attributes.number('value', 0));

/** A padded value with a computed number in place of what was added. */
function filledWith(
  call: Call,
  number: TypedValue,
  input: TypedValue,
  made: TypedValue,
  added: { readonly beginning: Shape; readonly ending: Shape },
): TypedValue {
  const own = call.step('expand', [call.number(1, 'bool')], { newShape: input.type.shape });
  const isOwn = call.step('pad', [own], { ...added, mode: 'constant', value: 0 });
  return call.apply('where', isOwn, made, call.reshaped(number, []));
}

/** The input without elements at its edges. */
function trimmed(call: Call, input: TypedValue, before: Shape, behind: Shape): TypedValue {
  if ([...before, ...behind].every((size) => size === 0)) return input;
  const { shape } = input.type;
  const sizes = shape.map((size, axis) => subtract(subtract(size, before[axis] as Size), behind[axis] as Size));
  return call.step('slice', [input], { starts: before, sizes, strides: shape.map(() => 1) });
}

/** The most elements of an axis that is wrapped around. */
const MAX_WRAPPED = 2 ** 20;

/** Puts the elements of the other end before and behind an axis, over and over. */
function wrapped(call: Call, input: TypedValue, beginning: Shape, ending: Shape): TypedValue {
  return input.type.shape.reduce((value, length, axis) => {
    const [before, behind] = [beginning[axis], ending[axis]];
    if (before === 0 && behind === 0) return value;
    if (isOpen(length) || typeof before !== 'number' || typeof behind !== 'number') throw cannotExpress('wraps around an open size');
    const count = before + length + behind;
    if (!(count <= MAX_WRAPPED)) throw cannotExpress(`wraps an axis of ${length} elements to ${count}`);
    const places = Array.from({ length: count }, (_, index) => (((index - before) % length) + length) % length);
    return call.step('gather', [value, call.numbers('int32', places)], { axis, batchDimensions: 0 });
  }, input);
}

/** Cuts or pads both sides of axes until they have the wanted sizes; the odd element is cut or added behind. */
export function centerCropPad(call: Call): TypedValue {
  const input = call.value();
  const { shape } = input.type;
  const wanted = call.sizes(1, 'sizes');
  const axes = call.attributes.wholes('axes')?.map((axis) => call.axisOf(axis, shape.length)) ?? shape.map((_, axis) => axis);
  const sizes = shape.map((size, axis) => wanted[axes.indexOf(axis)] ?? size);
  const kept = shape.map((size, axis) => min(size, sizes[axis] as Size));
  const before = shape.map((size, axis) => floorDivide(subtract(size, kept[axis] as Size), 2));
  const cut = trimmed(
    call,
    input,
    before,
    shape.map((size, axis) => subtract(subtract(size, kept[axis] as Size), before[axis] as Size)),
  );
  const missing = kept.map((size, axis) => max(subtract(sizes[axis] as Size, size), 0));
  const beginning = missing.map((size) => floorDivide(size, 2));
  const ending = missing.map((size, axis) => subtract(size, beginning[axis] as Size));
  return call.step('pad', [cut], { beginning, ending, mode: 'constant', value: 0 });
}
