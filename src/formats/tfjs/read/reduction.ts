/** Reads ops that combine elements along axes. */
import type { OpName } from '../../../graph/ops/index.js';
import type { Importer, Importers } from './call.js';

const reduction =
  (op: Extract<OpName, `reduce${string}`>): Importer =>
  (call) => {
    const axes = call.axes(1, call.type().shape.length).toSorted((a, b) => a - b);
    return call.add(op, [call.value()], { axes, keepDimensions: call.attributes.flag('keep_dims') });
  };

const place =
  (op: 'argMax' | 'argMin'): Importer =>
  (call) => {
    const axis = call.count > 1 ? call.axis(1, call.type().shape.length) : 0;
    return call.add(op, [call.value()], { axis, keepDimensions: false, outputDataType: 'int32' });
  };

const running =
  (op: 'cumulativeSum' | 'cumulativeProduct'): Importer =>
  (call) =>
    call.add(op, [call.value()], {
      axis: call.axis(1, call.type().shape.length),
      exclusive: call.attributes.flag('exclusive'),
      reversed: call.attributes.flag('reverse'),
    });

const alongLastAxis =
  (op: 'softmax' | 'logSoftmax'): Importer =>
  (call) =>
    call.add(op, [call.value()], { axis: call.type().shape.length - 1 });

export const REDUCTION_IMPORTERS: Importers = {
  Sum: reduction('reduceSum'),
  Mean: reduction('reduceMean'),
  Prod: reduction('reduceProduct'),
  Max: reduction('reduceMax'),
  Min: reduction('reduceMin'),
  All: reduction('reduceAll'),
  Any: reduction('reduceAny'),
  EuclideanNorm: reduction('reduceL2'),
  ArgMax: place('argMax'),
  ArgMin: place('argMin'),
  Cumsum: running('cumulativeSum'),
  Cumprod: running('cumulativeProduct'),
  Softmax: alongLastAxis('softmax'),
  LogSoftmax: alongLastAxis('logSoftmax'),
};
