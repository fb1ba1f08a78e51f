/**
 * Reads Resize and Upsample. A picture becomes one op where our graph has it; any other resizing of known sizes becomes a choice of
 * elements, or a matrix product, along each axis.
 */
import { isFloat } from '../../../graph/element-type.js';
import type { TypedValue } from '../../../graph/graph.js';
import { exactQuotient, isOpen, isSameSize, multiply, type Size } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { Call, Importers } from './call.js';
import { type AxisResize, type Interpolation, nearestTo, placesOf, weightsAt } from './resize-weights.js';

/** The change of one axis. `scale` is undefined where it is the quotient of both sizes. */
interface Target {
  readonly axis: number;
  readonly made: Size;
  readonly scale: number | undefined;
  readonly region: readonly [start: number, end: number];
}

const MODES = { nearest: 'nearest', linear: 'linear', cubic: 'cubic', bilinear: 'linear' } as const;
const COORDINATES: Readonly<Record<string, 'halfPixel' | 'asymmetric' | 'alignCorners'>> = {
  half_pixel: 'halfPixel',
  asymmetric: 'asymmetric',
  align_corners: 'alignCorners',
};
const ROUNDINGS: Readonly<Record<string, 'floor' | 'ceil' | 'halfDown' | 'halfUp'>> = {
  floor: 'floor',
  ceil: 'ceil',
  round_prefer_floor: 'halfDown',
  round_prefer_ceil: 'halfUp',
};

/** Before opset 11 there is one way to count places. */
function interpolationOf(call: Call): Interpolation {
  const { attributes } = call;
  const isOld = call.op === 'Upsample' || call.opset < 11;
  const given = attributes.text('mode', 'nearest');
  const mode = Object.hasOwn(MODES, given) ? MODES[given as keyof typeof MODES] : undefined;
  if (mode === undefined) throw call.broken(`has the mode "${given}"`);
  return {
    mode,
    coordinates: attributes.text('coordinate_transformation_mode', isOld ? 'asymmetric' : 'half_pixel'),
    nearest: attributes.text('nearest_mode', isOld ? 'floor' : 'round_prefer_floor'),
    cubic: attributes.number('cubic_coeff_a', -0.75),
    excludesOutside: attributes.flag('exclude_outside'),
    antialias: attributes.flag('antialias'),
  };
}

/** Sizes or scales of some axes: the inputs are the region, the scales and the sizes from opset 11 on, else the scales. */
function targetsOf(call: Call, shape: Shape): readonly Target[] {
  const isOld = call.op === 'Upsample' || call.opset < 11;
  const [scalesAt, sizesAt, regionAt] = isOld ? [1, Number.NaN, Number.NaN] : [2, 3, 1];
  const axes = call.attributes.wholes('axes')?.map((axis) => call.axisOf(axis, shape.length)) ?? shape.map((_, axis) => axis);
  const regions = call.has(regionAt) ? call.constantNumbers(regionAt, 'a region') : [];
  const regionOf = (place: number) => [regions[place] ?? 0, regions[place + axes.length] ?? 1] as const;
  const hasSizes = call.has(sizesAt) && call.knownSizes(sizesAt)?.sizes.length !== 0;
  if (hasSizes) return sized(call, shape, axes, call.sizes(sizesAt, 'sizes')).map((each, place) => ({ ...each, region: regionOf(place) }));
  const scales = call.has(scalesAt) ? call.constantNumbers(scalesAt, 'scales') : (call.attributes.numbers('scales') ?? []);
  if (scales.length !== axes.length) throw call.broken(`has ${scales.length} scales for ${axes.length} axes`);
  return axes.map((axis, place) => {
    const scale = scales[place] as number;
    return { axis, made: scaledSize(shape[axis] as Size, scale), scale, region: regionOf(place) };
  });
}

/** An open size can be multiplied by whole numbers, and divided where it leaves no rest. */
function scaledSize(size: Size, scale: number): Size {
  if (!isOpen(size)) return Math.floor(size * scale);
  if (Number.isInteger(scale)) return multiply(size, scale);
  const exact = Number.isInteger(1 / scale) ? exactQuotient(size, 1 / scale) : undefined;
  if (exact === undefined) throw cannotExpress(`scales the open size ${size.text} by ${scale}`);
  return exact;
}

/** Sizes as they are wanted, or the greatest ones in them, or the least ones around them, of the same proportions. */
function sized(call: Call, shape: Shape, axes: readonly number[], sizes: readonly Size[]): readonly Omit<Target, 'region'>[] {
  const policy = call.attributes.text('keep_aspect_ratio_policy', 'stretch');
  if (sizes.length !== axes.length) throw call.broken(`has ${sizes.length} sizes for ${axes.length} axes`);
  if (policy === 'stretch') return axes.map((axis, place) => ({ axis, made: sizes[place] as Size, scale: undefined }));
  const scales = axes.map((axis, place) => {
    const [own, wanted] = [shape[axis] as Size, sizes[place] as Size];
    if (isOpen(own) || isOpen(wanted)) throw cannotExpress('keeps the proportions of an open size');
    return wanted / own;
  });
  const scale = policy === 'not_larger' ? Math.min(...scales) : Math.max(...scales);
  return axes.map((axis) => ({ axis, made: Math.floor((shape[axis] as number) * scale + 0.5), scale }));
}

function resize(call: Call): TypedValue {
  const input = call.value();
  const { shape } = input.type;
  const interpolation = interpolationOf(call);
  const isCrop = interpolation.coordinates === 'tf_crop_and_resize';
  const targets = targetsOf(call, shape).filter(({ axis, made }) => isCrop || !isSameSize(made, shape[axis] as Size));
  if (targets.length === 0) return input;
  return asPicture(call, input, targets, interpolation) ?? axisByAxis(call, input, targets, interpolation);
}

/** One op for two neighbouring axes of a picture; undefined if there is none that means the same. */
function asPicture(call: Call, input: TypedValue, targets: readonly Target[], interpolation: Interpolation): TypedValue | undefined {
  const { shape } = input.type;
  const { mode, antialias, excludesOutside } = interpolation;
  const coordinates = coordinatesOf(interpolation.coordinates, targets);
  const rounding = ROUNDINGS[interpolation.nearest];
  const isExact = targets.every(({ axis, made, scale }) => {
    const size = shape[axis] as Size;
    return scale === undefined || isOpen(size) || size * scale === made;
  });
  if (shape.length !== 4 || mode === 'cubic' || antialias || excludesOutside || !isExact || coordinates === undefined) return undefined;
  const isLast = targets.every(({ axis }) => axis === 1 || axis === 2);
  if (!isLast && !targets.every(({ axis }) => axis === 2 || axis === 3)) return undefined;
  if (mode === 'linear' && !isFloat(input.type.dataType)) return undefined;
  const picture = isLast ? input : call.transposed(input, [0, 2, 3, 1]);
  const sizes = (isLast ? [1, 2] : [2, 3]).map((axis) => targets.find((each) => each.axis === axis)?.made ?? (shape[axis] as Size));
  const made = call.step('resample2d', [picture], { sizes, mode, coordinates, rounding: mode === 'nearest' ? rounding : undefined });
  return isLast ? made : call.transposed(made, [0, 3, 1, 2]);
}

/** PyTorch's half pixels differ for one element alone. */
function coordinatesOf(name: string, targets: readonly Target[]): 'halfPixel' | 'asymmetric' | 'alignCorners' | undefined {
  if (name === 'pytorch_half_pixel') return targets.every(({ made }) => made !== 1) ? 'halfPixel' : undefined;
  return Object.hasOwn(COORDINATES, name) ? COORDINATES[name] : undefined;
}

/** The most weights of a matrix that resizes one axis. */
const MAX_WEIGHTS = 2 ** 24;

function axisByAxis(call: Call, input: TypedValue, targets: readonly Target[], interpolation: Interpolation): TypedValue {
  const { shape, dataType } = input.type;
  const axes = targets.map(({ axis, made, scale, region }) => {
    const length = shape[axis] as Size;
    if (isOpen(length) || isOpen(made))
      throw cannotExpress(`resizes an open size by the mode ${interpolation.mode} and ${interpolation.coordinates}`);
    if (length * made > MAX_WEIGHTS) throw cannotExpress(`resizes ${length} elements to ${made}`);
    const resized: AxisResize = { length, made, scale: scale ?? made / length, region };
    const places = placesOf(resized, interpolation.coordinates);
    if (places === undefined) throw call.broken(`has the coordinates "${interpolation.coordinates}"`);
    return { ...resized, axis, places };
  });
  const floats = interpolation.mode === 'nearest' || isFloat(dataType) ? input : call.cast(input, 'float32');
  const made = axes.reduce((value, each) => alongAxis(call, value, each, interpolation), floats);
  return call.cast(extrapolated(call, made, axes, interpolation), dataType);
}

type PlacedAxis = AxisResize & { readonly axis: number; readonly places: readonly number[] };

/** Resizes one axis: chooses elements, or multiplies by the matrix of their weights. */
function alongAxis(call: Call, value: TypedValue, resized: PlacedAxis, interpolation: Interpolation): TypedValue {
  const { axis, length, made, places } = resized;
  if (interpolation.mode === 'nearest') {
    const indices = places.map((place) => nearestTo(place, interpolation.nearest, length));
    return call.step('gather', [value, call.numbers('int32', indices)], { axis, batchDimensions: 0 });
  }
  const weights = new Array<number>(length * made);
  for (const [column, place] of places.entries())
    for (const [row, weight] of weightsAt(place, resized, interpolation).entries()) weights[row * made + column] = weight;
  const last = value.type.shape.length - 1;
  const swapped = value.type.shape.map((_, each) => (each === axis ? last : each === last ? axis : each));
  const product = call.apply('matmul', call.transposed(value, swapped), call.numbers(value.type.dataType, weights, [length, made]));
  return call.transposed(product, swapped);
}

/** What lies outside of the picture has a value of its own, for coordinates of a region. */
function extrapolated(call: Call, made: TypedValue, axes: readonly PlacedAxis[], { coordinates }: Interpolation): TypedValue {
  if (coordinates !== 'tf_crop_and_resize') return made;
  const outside = call.number(call.attributes.number('extrapolation_value', 0), made.type.dataType);
  return axes.reduce((value, { axis, places, length }) => {
    const isInside = places.map((place) => (place >= 0 && place <= length - 1 ? 1 : 0));
    if (!isInside.includes(0)) return value;
    const shape = value.type.shape.map((_, each) => (each === axis ? isInside.length : 1));
    return call.apply('where', call.numbers('bool', isInside, shape), value, outside);
  }, made);
}

export const RESIZE_IMPORTERS: Importers = { Resize: resize, Upsample: resize };
