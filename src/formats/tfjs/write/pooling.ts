/** Writes pools. */
import { INTEGER_RANGE, isFloat } from '../../../graph/element-type.js';
import { add, isOpen, max, multiply, type Size, subtract } from '../../../graph/size.js';
import { isClosed } from '../../../graph/tensor.js';
import { extent, spanOf } from '../../../graph/window.js';
import { attr } from './attributes.js';
import type { Call, WriteOps } from './call.js';
import type { WrittenTensor } from './graph-def.js';
import { padded } from './pad.js';
import { reshaped } from './shape.js';
import { everyPlace, isNothing, ofAxes, ofPicture, PADDING, sidesOf } from './window.js';

type PoolName = 'averagePool2d' | 'maxPool2d' | 'l2Pool2d';
type Pool = Call<PoolName>;

/** A kernel of TF.js, the reduction that stands in for it, and the padding that it is written with. */
interface Kernel {
  readonly op: 'MaxPool' | 'AvgPool';
  readonly reduction: 'Max' | 'Mean';
  readonly padding: number;
}

const MEAN: Kernel = { op: 'AvgPool', reduction: 'Mean', padding: 0 };

function maxPool2d(call: Pool): WrittenTensor {
  const { dataType } = call.type();
  const [least] = isFloat(dataType) ? [Number.NEGATIVE_INFINITY] : (INTEGER_RANGE[dataType] as readonly [number, number]);
  const kernel: Kernel = { op: 'MaxPool', reduction: 'Max', padding: Math.max(least, dataType === 'int64' ? -(2 ** 31) : least) };
  return call.attributes.autoPad === 'sameUpper' && hasKernel(call)
    ? pooled(call, kernel, call.input(), PADDING.same)
    : ofWindows(call, kernel);
}

/** A mean over windows with their padding, times a factor where some of a window's elements do not count. */
function averagePool2d(call: Pool): WrittenTensor {
  const { autoPad, countPadding, outputRounding, windowDimensions } = call.attributes;
  refuseWholes(call);
  if (autoPad === 'sameUpper' && !countPadding && hasKernel(call)) return pooled(call, MEAN, call.input(), PADDING.same);
  const mean = ofWindows(call, MEAN);
  const isWhole = countPadding || isNothing(sidesOf(call, windowDimensions, call.attributes));
  if (isWhole && outputRounding === 'floor') return mean;
  const factors = [0, 1].map((axis) => factorsAlong(call, axis as 0 | 1)) as [readonly number[], readonly number[]];
  if (factors.flat().every((factor) => factor === 1)) return mean;
  const [down, across] = factors;
  const product = call.numbers(
    'float32',
    down.flatMap((row) => across.map((column) => row * column)),
    [down.length, across.length, 1],
  );
  return call.add('Mul', [mean, product]);
}

/** The number of elements of each window along an axis, divided by how many of them count. */
function factorsAlong(call: Pool, axis: 0 | 1): readonly number[] {
  const { countPadding, windowDimensions } = call.attributes;
  const [length, made] = closedSizes(call, axis);
  const windowSize = windowDimensions[axis] as number;
  return Array.from({ length: made }, (_, place) => {
    const span = spanOf(place, length, windowSize, axis, call.attributes);
    const count = countPadding ? span.padded : span.places.length;
    return count === 0 ? 0 : windowSize / count;
  });
}

/** The root of a mean of squares, times their number. */
function l2Pool2d(call: Pool): WrittenTensor {
  refuseWholes(call);
  const [rows, columns] = call.attributes.windowDimensions as readonly [number, number];
  const mean = ofWindows(call, MEAN, call.add('Square', [call.input()]));
  return call.add('Sqrt', [call.add('Mul', [mean, call.number(rows * columns)])]);
}

function refuseWholes(call: Pool): void {
  if (!isFloat(call.type().dataType)) throw call.refused('pools whole numbers in float32');
}

/** Whether TF.js has a kernel for the window: wasm's takes floats alone, none takes dilations, and XNNPACK takes no window of one element. */
function hasKernel(call: Pool): boolean {
  const { dilations, windowDimensions } = call.attributes;
  return isFloat(call.type().dataType) && Math.max(...dilations) === 1 && Math.max(...windowDimensions) > 1;
}

/** Combines all elements of each window, those of the padding, too. */
function ofWindows(call: Pool, kernel: Kernel, tensor = call.input()): WrittenTensor {
  const { strides, windowDimensions } = call.attributes;
  const sides = reachedSides(call);
  if (sides.some((side) => !isOpen(side) && side < 0)) throw call.refused('has a padding that cuts the picture');
  const whole = isNothing(sides) ? tensor : padded(call, tensor, ofAxes(sides), kernel.padding);
  const isLost = kernel.op === 'MaxPool' && sides.some((side, index) => !isOpen(side) && side >= windowExtent(call, index >> 1));
  // On webgpu, MaxPool gives -1e20 for a window of padding alone (TF.js 4.22).
  if (hasKernel(call) && !isLost) return pooled(call, kernel, whole, PADDING.valid);
  if (isFloat(call.type().dataType) && Math.max(...windowDimensions) === 1) return everyPlace(call, whole, strides);
  return reduced(call, kernel, whole, add(call.type().shape[2] as Size, add(sides[2] as Size, sides[3] as Size)));
}

const windowExtent = (call: Pool, axis: number): number =>
  extent(call.attributes.windowDimensions[axis] as number, call.attributes.dilations[axis] as number);

/** The padding of the picture; where places are rounded up, as much behind it as the last window covers. */
function reachedSides(call: Pool): readonly Size[] {
  const { attributes } = call;
  const sides = sidesOf(call, attributes.windowDimensions, attributes);
  if (attributes.outputRounding === 'floor' || attributes.autoPad !== 'explicit') return sides;
  return [0, 1].flatMap((axis) => {
    const [length, made] = [call.type(), call.outputType()].map(({ shape }) => shape[axis + 1]) as [Size, Size];
    const before = sides[2 * axis] as Size;
    const end = add(multiply(subtract(made, 1), attributes.strides[axis] as number), windowExtent(call, axis));
    return [before, max(subtract(end, add(before, length)), 0)];
  });
}

const pooled = (call: Pool, { op }: Kernel, tensor: WrittenTensor, padding: object): WrittenTensor =>
  call.add(op, [tensor], { ksize: ofPicture(call.attributes.windowDimensions), strides: ofPicture(call.attributes.strides), ...padding });

/** Gathers the elements of each window along one axis after the other, and reduces them. @param width of the padded picture */
function reduced(call: Pool, { reduction }: Kernel, padded: WrittenTensor, width: Size): WrittenTensor {
  const [batch, , , channels] = call.type().shape as unknown as [Size, Size, Size, Size];
  const [height, made] = [0, 1].map((axis) => closedSizes(call, axis as 0 | 1)[1]) as [number, number];
  const [rows, columns] = call.attributes.windowDimensions as readonly [number, number];
  const along = (tensor: WrittenTensor, axis: 0 | 1, shape: readonly Size[]): WrittenTensor => {
    const elements = call.add('GatherV2', [tensor, call.parameters(placesOf(call, axis)), call.parameter(axis + 1)]);
    return call.add(reduction, [reshaped(call, elements, shape), call.parameters([axis + 2])], { keep_dims: attr.flag(false) });
  };
  const down = along(padded, 0, [batch, height, rows, width, channels]);
  return along(down, 1, [batch, height, made, columns, channels]);
}

/** The places of the elements of all windows along an axis, window by window. */
function placesOf(call: Pool, axis: 0 | 1): readonly number[] {
  const { strides, dilations, windowDimensions } = call.attributes;
  const windowSize = windowDimensions[axis] as number;
  return Array.from({ length: closedSizes(call, axis)[1] * windowSize }, (_, index) => {
    const [place, element] = [Math.floor(index / windowSize), index % windowSize];
    return place * (strides[axis] as number) + element * (dilations[axis] as number);
  });
}

function closedSizes(call: Pool, axis: 0 | 1): readonly [length: number, made: number] {
  const sizes = [call.type(), call.outputType()].map(({ shape }) => shape[axis + 1] as Size);
  if (!isClosed(sizes)) throw call.refused('pools a picture of open size in a way that TF.js has no kernel for');
  return sizes as [number, number];
}

export const POOLING_WRITERS: WriteOps<PoolName> = { averagePool2d, maxPool2d, l2Pool2d };
