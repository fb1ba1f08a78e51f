/** Reads the sampling of pictures at places that are computed, as the elements around each place with their weights. */
import type { TypedValue } from '../../../graph/graph.js';
import { multiply, type Size } from '../../../graph/size.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { Call, Importers } from './call.js';
import { closed } from './window.js';

/** An element of an axis for each place [batch, places], and the share that it has of the result. */
interface Tap {
  readonly element: TypedValue;
  /** Absent where the element is the result. */
  readonly weight: TypedValue | undefined;
}

/** The sampling along one axis of a picture. */
interface Axis {
  readonly length: number;
  readonly mode: 'nearest' | 'linear' | 'cubic';
  readonly padding: 'zeros' | 'border' | 'reflection';
  /** Whether -1 and 1 are the middles of the outer elements, and not their edges. */
  readonly isAligned: boolean;
}

const MODES: Readonly<Record<string, Axis['mode']>> = {
  ...{ nearest: 'nearest', linear: 'linear', bilinear: 'linear', cubic: 'cubic', bicubic: 'cubic' },
};
const PADDINGS: readonly string[] = ['zeros', 'border', 'reflection'] satisfies readonly Axis['padding'][];

/** The factor of the cubic curve, as ONNX has it. */
const CURVE = -0.75;

const by = (call: Call, op: 'add' | 'sub' | 'mul' | 'div', value: TypedValue, number: number): TypedValue =>
  call.apply(op, value, call.number(number, value.type.dataType));

/** Folds a coordinate back at both ends of an axis, as often as it takes. */
function reflected(call: Call, value: TypedValue, { length, isAligned }: Axis): TypedValue {
  const [least, range] = isAligned ? [0, length - 1] : [-0.5, length];
  if (range === 0) return by(call, 'mul', value, 0);
  const offset = by(call, 'sub', value, least);
  const turns = by(call, 'mul', call.apply('floor', by(call, 'div', offset, 2 * range)), 2 * range);
  const distance = call.apply('abs', by(call, 'sub', call.apply('sub', offset, turns), range));
  return call.apply('sub', call.number(least + range, value.type.dataType), distance);
}

const clamped = (call: Call, value: TypedValue, { length }: Axis): TypedValue => call.step('clamp', [value], { min: 0, max: length - 1 });

/** A coordinate that the padding moves into the axis; with zeros outside, it stays where it is. */
function moved(call: Call, value: TypedValue, axis: Axis): TypedValue {
  if (axis.padding === 'zeros') return value;
  return axis.padding === 'border' ? clamped(call, value, axis) : reflected(call, value, axis);
}

/** The elements around a coordinate between -1 and 1. */
function tapsOf(call: Call, given: TypedValue, axis: Axis): readonly Tap[] {
  const { length, mode, isAligned } = axis;
  const scaled = by(call, 'mul', by(call, 'add', given, 1), (isAligned ? length - 1 : length) / 2);
  const at = isAligned ? scaled : by(call, 'sub', scaled, 0.5);
  if (mode === 'nearest') return [tapAt(call, call.apply('roundEven', moved(call, at, axis)), undefined, axis)];
  const place = mode === 'linear' ? moved(call, at, axis) : at;
  const below = call.apply('floor', place);
  const share = call.apply('sub', place, below);
  const weights = mode === 'linear' ? linear(call, share) : cubic(call, share);
  const first = mode === 'linear' ? 0 : -1;
  return weights.map((weight, index) => tapAt(call, by(call, 'add', below, first + index), weight, axis));
}

function tapAt(call: Call, place: TypedValue, weight: TypedValue | undefined, axis: Axis): Tap {
  const element = clamped(call, moved(call, place, axis), axis);
  if (axis.padding !== 'zeros') return { element, weight };
  const isInside = call.apply('equal', element, place);
  const { dataType } = place.type;
  return { element, weight: call.apply('where', isInside, weight ?? call.number(1, dataType), call.number(0, dataType)) };
}

const oneMinus = (call: Call, value: TypedValue): TypedValue => call.apply('sub', call.number(1, value.type.dataType), value);

const linear = (call: Call, share: TypedValue): readonly TypedValue[] => [oneMinus(call, share), share];

/** The weights of four elements, of which the coordinate lies between the middle ones. */
function cubic(call: Call, share: TypedValue): readonly TypedValue[] {
  /** The polynomial of a distance, by its factors from the highest power on. */
  const polynomial = (value: TypedValue, [first = 0, ...others]: readonly number[]) =>
    others.reduce((sum, factor) => by(call, 'add', call.apply('mul', sum, value), factor), call.number(first, value.type.dataType));
  const near = [CURVE + 2, -CURVE - 3, 0, 1];
  const far = [CURVE, -5 * CURVE, 8 * CURVE, -4 * CURVE];
  const rest = oneMinus(call, share);
  return [
    polynomial(by(call, 'add', share, 1), far),
    polynomial(share, near),
    polynomial(rest, near),
    polynomial(by(call, 'add', rest, 1), far),
  ];
}

/** The weighted sum of the elements around each place of the grid, whose last axis has the coordinates across and down. */
function gridSample(call: Call): TypedValue {
  const { attributes } = call;
  const rank = call.type().shape.length;
  if (rank !== 4) throw cannotExpress(`has ${rank - 2} spatial axes, of which 2 are read`);
  const [batch, channels, height, width] = call.type().shape as readonly [Size, Size, Size, Size];
  const [mode, padding] = [MODES[attributes.text('mode', 'linear')], attributes.text('padding_mode', 'zeros')];
  if (mode === undefined || !PADDINGS.includes(padding)) throw call.broken('has a mode that ONNX does not define');
  const shared = { mode, padding: padding as Axis['padding'], isAligned: attributes.flag('align_corners') };
  const [across, down] = [width, height].map((size): Axis => ({ ...shared, length: closed(size, 'a picture') })) as [Axis, Axis];
  const [, rows, columns] = call.ofRank(4, 1).type.shape as readonly [Size, Size, Size];
  const places = multiply(rows, columns);
  const coordinates = call.steps('split', [call.value(1)], { axis: 3, splits: [1, 1] });
  const [x, y] = coordinates.map((each) => call.reshaped(each, [batch, places])) as [TypedValue, TypedValue];
  const table = call.reshaped(call.transposed(call.value(), [0, 2, 3, 1]), [batch, across.length * down.length, channels]);
  const [xs, ys] = [tapsOf(call, x, across), tapsOf(call, y, down)];
  const parts = ys.flatMap((row) => xs.map((column) => partOf(call, table, row, column, across.length)));
  const sum = parts.reduce((all, part) => call.apply('add', all, part));
  return call.transposed(call.reshaped(sum, [batch, rows, columns, channels]), [0, 3, 1, 2]);
}

/** One element for each place, [batch, places, channels], times its weight. */
function partOf(call: Call, table: TypedValue, row: Tap, column: Tap, width: number): TypedValue {
  const index = call.cast(call.apply('add', by(call, 'mul', row.element, width), column.element), 'int32');
  const elements = call.step('gather', [table, index], { axis: 1, batchDimensions: 1 });
  if (row.weight === undefined || column.weight === undefined) return elements;
  const weight = call.apply('mul', row.weight, column.weight);
  return call.apply('mul', elements, call.cast(call.reshaped(weight, [...weight.type.shape, 1]), elements.type.dataType));
}

export const SAMPLING_IMPORTERS: Importers = { GridSample: gridSample };
