/** Reads ops that combine elements along axes. */
import type { TypedValue } from '../../../graph/graph.js';
import type { OpName } from '../../../graph/ops/index.js';
import type { Size } from '../../../graph/size.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { Call, Importer, Importers } from './call.js';

const reduction =
  (op: Extract<OpName, `reduce${string}`>): Importer =>
  (call) => {
    const input = call.value();
    const rank = input.type.shape.length;
    const given = call.axesAt(1, rank) ?? [];
    const isOfAll = given.length === 0 && !call.attributes.flag('noop_with_empty_axes');
    const axes = isOfAll ? Array.from({ length: rank }, (_, axis) => axis) : given.toSorted((a, b) => a - b);
    return call.add(forBooleans(op, input), [input], { axes, keepDimensions: call.attributes.flag('keepdims', true) });
  };

/** The greatest of booleans says whether one is true, and the least whether all are. */
function forBooleans(op: Extract<OpName, `reduce${string}`>, input: TypedValue): typeof op {
  if (input.type.dataType !== 'bool') return op;
  return op === 'reduceMax' ? 'reduceAny' : op === 'reduceMin' ? 'reduceAll' : op;
}

/** The last of equal elements is the first one from the end. */
const place =
  (op: 'argMax' | 'argMin'): Importer =>
  (call) => {
    const input = call.value();
    const axis = call.axisAt(input.type.shape.length, 0);
    const attributes = { axis, keepDimensions: call.attributes.flag('keepdims', true), outputDataType: 'int64' } as const;
    if (!call.attributes.flag('select_last_index')) return call.add(op, [input], attributes);
    const last = lastPlace(call, input.type.shape[axis] as Size);
    return call.apply('sub', last, call.step(op, [call.step('reverse', [input], { axes: [axis] })], attributes));
  };

function lastPlace(call: Call, length: Size): TypedValue {
  const sizes = call.step('sizes', [], { values: [length], dataType: 'int64' });
  return call.apply('sub', call.reshaped(sizes, []), call.number(1, 'int64'));
}

const running =
  (op: 'cumulativeSum' | 'cumulativeProduct'): Importer =>
  (call) =>
    call.add(op, [call.value()], {
      axis: call.axis(1, call.type().shape.length),
      exclusive: call.attributes.flag('exclusive'),
      reversed: call.attributes.flag('reverse'),
    });

/** Divides by the sum of absolute values along an axis, or by the root of the sum of squares. Where it is 0, the result is 0. */
function lpNormalization(call: Call): TypedValue {
  const input = call.value();
  const axes = [call.axisAt(input.type.shape.length, -1)];
  const power = call.attributes.whole('p', 2);
  if (power !== 1 && power !== 2) throw cannotExpress(`has the norm ${power}`);
  const norm = call.step(power === 1 ? 'reduceL1' : 'reduceL2', [input], { axes, keepDimensions: true });
  const isZero = call.apply('equal', norm, call.number(0));
  return call.apply('div', input, call.apply('where', isZero, call.number(1), norm));
}

export const REDUCTION_IMPORTERS: Importers = {
  ReduceSum: reduction('reduceSum'),
  ReduceMean: reduction('reduceMean'),
  ReduceProd: reduction('reduceProduct'),
  ReduceMax: reduction('reduceMax'),
  ReduceMin: reduction('reduceMin'),
  ReduceL1: reduction('reduceL1'),
  ReduceL2: reduction('reduceL2'),
  ReduceSumSquare: reduction('reduceSumSquare'),
  ReduceLogSum: reduction('reduceLogSum'),
  ReduceLogSumExp: reduction('reduceLogSumExp'),
  ArgMax: place('argMax'),
  ArgMin: place('argMin'),
  CumSum: running('cumulativeSum'),
  CumProd: running('cumulativeProduct'),
  LpNormalization: lpNormalization,
};
