/** Reads convolutions, pools and matrix products. */
import { isFloat } from '../../../graph/element-type.js';
import type { TypedValue } from '../../../graph/graph.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import { einsum } from '../../reading/einsum.js';
import type { Call, Importer, Importers } from './call.js';
import { closed, filterOf, inItsLayout, picture, spatial, spatialAxes, spatialRank, windowOf } from './window.js';

export function conv(call: Call): TypedValue {
  spatialRank(call);
  const groups = call.attributes.whole('group', 1);
  const inputs = [picture(call, call.value()), filterOf(call, 1), call.optional(2) ?? null];
  return inItsLayout(call, call.step('conv2d', inputs, { ...windowOf(call), groups }));
}

/** The padding that makes an output of the given size: half before, half behind, the odd element as `auto_pad` says. */
function convTranspose(call: Call): TypedValue {
  spatialRank(call);
  const { attributes } = call;
  const filter = filterOf(call, 1);
  const { strides, dilations, autoPad, padding } = windowOf(call);
  const input = picture(call, call.value());
  const more = spatial(call, attributes.wholes('output_padding'), 0, 'output paddings');
  const given = attributes.wholes('output_shape');
  const isGiven = given !== undefined || autoPad !== 'explicit';
  const sides = [0, 1].map((axis) => {
    const added = more[axis] as number;
    if (!isGiven) return { before: padding[2 * axis] as number, behind: padding[2 * axis + 1] as number, added };
    const length = closed(input.type.shape[axis + 1], 'a picture');
    const extent = (closed(filter.type.shape[axis], 'a filter') - 1) * (dilations[axis] as number) + 1;
    const wanted =
      given === undefined
        ? length * (strides[axis] as number)
        : (spatial(call, given.slice(-spatialRank(call)), 1, 'sizes')[axis] as number);
    const beyond = (length - 1) * (strides[axis] as number) + extent + added - wanted;
    const [less, rest] = [Math.floor(Math.max(beyond, 0) / 2), Math.ceil(Math.max(beyond, 0) / 2)];
    const [before, behind] = autoPad === 'sameUpper' ? [less, rest] : [rest, less];
    return { before, behind, added: added + Math.max(-beyond, 0) };
  });
  const made = call.step('convTranspose2d', [input, filter, call.optional(2) ?? null], {
    strides,
    dilations,
    padding: sides.flatMap(({ before, behind }) => [before, behind]),
    outputPadding: sides.map(({ added }) => added),
    groups: attributes.whole('group', 1),
  });
  return inItsLayout(call, made);
}

const pool =
  (op: 'averagePool2d' | 'maxPool2d' | 'l2Pool2d'): Importer =>
  (call) => {
    const { attributes } = call;
    spatialRank(call);
    const norm = op === 'l2Pool2d' ? attributes.whole('p', 2) : 2;
    if (norm !== 2) return normPool(call, norm);
    if (call.wants(1)) throw cannotExpress('gives the places of the greatest elements');
    const windowDimensions = spatial(call, attributes.wholes('kernel_shape'), 1, 'window sizes');
    const made = call.step(op, [picture(call, call.value())], {
      ...windowOf(call),
      windowDimensions,
      outputRounding: attributes.flag('ceil_mode') ? 'ceil' : 'floor',
      countPadding: op === 'averagePool2d' && attributes.flag('count_include_pad'),
    });
    return inItsLayout(call, made);
  };

/** (Σ |x|^p)^(1/p) over a window, by the mean of the powers. */
function normPool(call: Call, norm: number): TypedValue {
  const { attributes } = call;
  if (attributes.flag('ceil_mode') || norm < 1) throw cannotExpress(`has the norm ${norm}, or windows that are cut at an edge`);
  const windowDimensions = spatial(call, attributes.wholes('kernel_shape'), 1, 'window sizes');
  const powers = call.apply('pow', call.apply('abs', call.value()), call.number(norm));
  const means = call.step('averagePool2d', [picture(call, powers)], {
    ...windowOf(call),
    ...{ windowDimensions, outputRounding: 'floor', countPadding: true },
  });
  const sums = call.apply('mul', means, call.number(windowDimensions[0] * windowDimensions[1]));
  return inItsLayout(call, call.apply('pow', sums, call.number(1 / norm)));
}

const globalPool =
  (op: 'reduceMean' | 'reduceMax' | 'reduceL2'): Importer =>
  (call) => {
    if (op === 'reduceL2' && call.attributes.whole('p', 2) !== 2) throw cannotExpress(`has the norm ${call.attributes.whole('p', 2)}`);
    return call.add(op, [call.value()], { axes: spatialAxes(call.type().shape), keepDimensions: true });
  };

/** A list as a row on the left, and as a column on the right; the product loses its axis again. */
export function matrixProduct(call: Call, a: TypedValue, b: TypedValue): TypedValue {
  const [isRow, isColumn] = [a.type.shape.length === 1, b.type.shape.length === 1];
  const left = isRow ? call.reshaped(a, [1, ...a.type.shape]) : a;
  const right = isColumn ? call.reshaped(b, [...b.type.shape, 1]) : b;
  const made = call.apply('matmul', left, right);
  const { shape } = made.type;
  const rows = isRow ? shape.toSpliced(-2, 1) : shape;
  return call.reshaped(made, isColumn ? rows.slice(0, -1) : rows);
}

/** alpha · a · b + beta · c, of which a and b may be transposed. */
export function gemm(call: Call): TypedValue {
  const { attributes } = call;
  const matrix = (index: number, isTransposed: boolean) => (isTransposed ? call.valueTransposed(index, [1, 0]) : call.value(index));
  const made = call.apply('matmul', matrix(0, attributes.flag('transA')), matrix(1, attributes.flag('transB')));
  const scaled = times(call, made, attributes.number('alpha', 1));
  const bias = call.optional(2);
  return bias === undefined ? scaled : call.apply('add', scaled, times(call, bias, attributes.number('beta', 1)));
}

export function times(call: Call, value: TypedValue, factor: number): TypedValue {
  if (factor === 1) return value;
  if (!isFloat(value.type.dataType) && !Number.isInteger(factor)) throw cannotExpress(`multiplies ${value.type.dataType} by ${factor}`);
  return call.apply('mul', value, call.number(factor, value.type.dataType));
}

export const NETWORK_IMPORTERS: Importers = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: pool('maxPool2d'),
  AveragePool: pool('averagePool2d'),
  LpPool: pool('l2Pool2d'),
  GlobalAveragePool: globalPool('reduceMean'),
  GlobalMaxPool: globalPool('reduceMax'),
  GlobalLpPool: globalPool('reduceL2'),
  MatMul: (call) => matrixProduct(call, call.value(0), call.value(1)),
  Gemm: gemm,
  Einsum: (call) => einsum(call, call.attributes.text('equation', '')),
};
