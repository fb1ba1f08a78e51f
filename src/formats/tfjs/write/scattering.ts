/** Writes ops that put elements in places that indices name. */
import { sizeOf } from '../../../base/dtype.js';
import { isFloat } from '../../../graph/element-type.js';
import { product, type Size, sizeText } from '../../../graph/size.js';
import { isClosed, type Shape } from '../../../graph/tensor.js';
import type { Call } from './call.js';
import { wrapped } from './elementwise.js';
import { MAX_ROW } from './gathering.js';
import type { WrittenTensor } from './graph-def.js';
import { counted, placesOfElements, placesOfRows } from './places.js';
import { chosen, flattened, reshaped } from './shape.js';

type Scatter = Call<'scatterND' | 'scatterElements'>;

/** What is put where: rows of `indices` name places along the first axes of `input`, and each row has a slice of `updates`. */
interface Puts {
  readonly input: WrittenTensor;
  readonly shape: Shape;
  /** [count, depth] */
  readonly indices: WrittenTensor;
  readonly count: Size;
  readonly depth: number;
  /** [count, …slice] */
  readonly updates: WrittenTensor;
}

export function scatterND(call: Call<'scatterND'>): WrittenTensor {
  const { shape } = call.type(0);
  const { shape: indices } = call.type(1);
  const depth = indices.at(-1) as number;
  if (depth === 0) throw call.refused('puts slices by rows of no indices');
  const count = product(indices.slice(0, -1));
  const slice = shape.slice(depth);
  const updates = indices.length === 2 ? call.input(2) : reshaped(call, call.input(2), [count, ...slice]);
  const rows = indices.length === 2 ? call.input(1) : reshaped(call, call.input(1), [count, depth]);
  const { reduction } = call.attributes;
  if (depth <= MAX_ROW && (reduction === 'none' || reduction === 'add'))
    return scattered(call, { input: call.input(0), shape, indices: rows, count, depth, updates });
  const length = product(shape.slice(0, depth));
  const places = depth === 1 ? rows : reshaped(call, placesOfRows(call, rows, shape.slice(0, depth), 2), [count, 1]);
  const input = reshaped(call, call.input(0), [length, ...slice]);
  return reshaped(call, scattered(call, { input, shape: [length, ...slice], indices: places, count, depth: 1, updates }), shape);
}

/** TF.js has no such op: the elements are put in one row of all. */
export function scatterElements(call: Call<'scatterElements'>): WrittenTensor {
  const [{ shape }, { shape: own }] = [call.type(0), call.type(1)];
  const count = product(own);
  const places = placesOfElements(call, call.input(1), call.attributes.axis, shape, own);
  const puts = {
    input: flattened(call, call.input(0)),
    shape: [product(shape)],
    indices: reshaped(call, places, [count, 1]),
    count,
    depth: 1,
    updates: flattened(call, call.input(2)),
  };
  return reshaped(call, scattered(call, puts), shape);
}

function scattered(call: Scatter, puts: Puts): WrittenTensor {
  const { input, shape, indices, updates } = puts;
  const { reduction } = call.attributes;
  const { dataType } = call.type();
  if (reduction === 'none') {
    // On cpu, TensorScatterUpdate puts elements into the input itself (TF.js 4.22), of which Tile makes a copy.
    const copy = call.add('Tile', [flattened(call, input), call.parameters([1])]);
    return call.add('TensorScatterUpdate', [reshaped(call, copy, shape), indices, updates]);
  }
  if (reduction === 'add')
    return wrapped(call, call.add('AddV2', [input, call.add('ScatterNd', [indices, updates, call.sizes(shape)])]), dataType);
  return wrapped(call, combined(call, puts, COMBINING[reduction]), dataType);
}

/** The op that combines two elements, the one that combines elements along an axis, and what changes nothing. */
const COMBINING = {
  mul: { both: 'Mul', all: 'Prod', neutral: { float: 1, whole: 1 } },
  max: { both: 'Maximum', all: 'Max', neutral: { float: Number.NEGATIVE_INFINITY, whole: -(2 ** 31) } },
  min: { both: 'Minimum', all: 'Min', neutral: { float: Number.POSITIVE_INFINITY, whole: 2 ** 31 - 1 } },
} as const;

/** The most elements that are compared: as float32, 16 MB. */
const MAX_COMPARED = 2 ** 22;

/** Holds each place against all rows: no op of TF.js combines elements in a place by their product, the greatest or the least. */
function combined(call: Scatter, puts: Puts, { both, all, neutral }: (typeof COMBINING)['mul' | 'max' | 'min']): WrittenTensor {
  const { input, shape, count } = puts;
  const [length, inner] = [shape[0] as Size, product(shape.slice(1))];
  const compared = [length, count, inner];
  if (!isClosed(compared) || sizeOf(compared) > MAX_COMPARED)
    throw call.refused(`puts ${sizeText(count)} slices in ${sizeText(length)} places by "${call.attributes.reduction}"`);
  const { dataType } = call.type();
  const isHere = call.add('Equal', [counted(call, length, 3, 0), reshaped(call, puts.indices, [1, count, 1])]);
  const updates = { tensor: reshaped(call, puts.updates, [1, count, inner]), shape: [1, count, inner] };
  const nothing = { tensor: call.number(isFloat(dataType) ? neutral.float : neutral.whole), shape: [] };
  const terms = chosen(call, { tensor: isHere, shape: [length, count, 1] }, updates, nothing, compared);
  return call.add(both, [input, reshaped(call, call.add(all, [terms, call.parameters([1])]), shape)]);
}
