/** Which elements ONNX's Slice takes along each axis. */
import { isOpen, type Size } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import { type Range, rangeOf } from '../../reading/ranges.js';
import type { Call } from './call.js';

/** The ranges of a Slice, whose parameters are attributes before opset 10. Axes that it does not name are taken whole. */
export function rangesOf(call: Call, shape: Shape): readonly Range[] {
  const at = (index: number, attribute: string): readonly Size[] | undefined =>
    call.has(index) ? call.sizes(index, attribute) : call.attributes.wholes(attribute);
  const [starts, ends] = [at(1, 'starts') ?? [], at(2, 'ends') ?? []];
  const axes = call.axesAt(3, shape.length) ?? starts.map((_, axis) => axis);
  const steps = call.has(4) ? call.wholes(4, 'steps') : axes.map(() => 1);
  if ([ends, axes, steps].some(({ length }) => length !== starts.length))
    throw call.broken(`takes ${starts.length} starts, ${ends.length} ends, ${axes.length} axes and ${steps.length} steps`);
  if (steps.includes(0)) throw call.broken('has a stride of 0');
  return shape.map((length, axis) => {
    const place = axes.indexOf(axis);
    if (place < 0) return { start: 0, extent: length, count: length, stride: 1 };
    const step = steps[place] as number;
    return rangeOf(unlessEnd(starts[place], -step), unlessEnd(ends[place], step), step, length);
  });
}

/** From here on, a number stands for an end of the axis, whatever its size is: exporters write the greatest and the least whole number. */
const MIN_END = 2 ** 31 - 1;

/** A place along an axis; undefined where it is the end that lies in a direction. */
const unlessEnd = (place: Size | undefined, direction: number): Size | undefined =>
  place !== undefined && !isOpen(place) && place * Math.sign(direction) >= MIN_END ? undefined : place;
