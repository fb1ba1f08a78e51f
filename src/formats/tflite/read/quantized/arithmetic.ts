/** Reads operators of whole numbers that compute each element by itself, or add some (tensorflow/lite/kernels/internal/reference). */
import { sizeOf } from '../../../../base/dtype.js';
import type { TypedValue } from '../../../../graph/graph.js';
import { isOpen } from '../../../../graph/size.js';
import { cannotExpress } from '../../../reading/cannot-express.js';
import type { TfliteTensor } from '../../model.js';
import type { Call, Importers } from '../call.js';
import { poolWindow } from '../network.js';
import { type FixedPoint, fixedPoint, inInt32 } from './fixed-point.js';
import { activationRange, centred, inputScale, inRange, outputScale, quantized, requantized, roundedAway } from './numbers.js';

/** Bits by which terms of a sum are shifted to the left, so that the sum of rounded terms is exact enough: fewer for 16 bits. */
const SHIFTS = { int16: 15, int8: 20, uint8: 20 } as const;

/** Both terms come to twice the greater of their scales, with some more bits, before they are added. */
const sum =
  (op: 'add' | 'sub') =>
  (call: Call): TypedValue => {
    const [a, b, output] = [inputScale(call, 0).scale, inputScale(call, 1).scale, outputScale(call).scale];
    const shift = SHIFTS[call.type().dataType as keyof typeof SHIFTS];
    const twice = 2 * Math.max(a, b);
    const term = (index: number, scale: number) => {
      const shifted = call.apply('mul', centred(call, index), call.number(2 ** shift, 'int32'));
      return inInt32(call, shifted, fixedPoint(scale / twice));
    };
    const sums = call.apply(op, term(0, a), term(1, b));
    return requantized(call, sums, [fixedPoint(twice / (2 ** shift * output))]);
  };

function product(call: Call): TypedValue {
  const factor = (inputScale(call, 0).scale * inputScale(call, 1).scale) / outputScale(call).scale;
  return requantized(call, call.apply('mul', centred(call, 0), centred(call, 1)), [fixedPoint(factor)]);
}

const toOutput = (call: Call): FixedPoint => fixedPoint(inputScale(call).scale / outputScale(call).scale);

/** Bounds that are floats, as numbers of the output's scale. */
const bounded =
  (activation: string) =>
  (call: Call): TypedValue => {
    const output = outputScale(call);
    const [min, max] = activationRange(call, output, call.outputType() ?? 'int8', activation);
    return requantized(call, centred(call), [toOutput(call)], [min, max]);
  };

/** Numbers below 0 have a factor of their own; both parts are rounded by themselves. @param below the numbers and their factor */
function byTwoFactors(call: Call, numbers: TypedValue, below: TypedValue, factor: FixedPoint): TypedValue {
  const zero = call.number(0, 'int32');
  const sums = call.apply('add', inInt32(call, call.apply('max', numbers, zero), toOutput(call)), inInt32(call, below, factor));
  return requantized(call, sums, [fixedPoint(1)]);
}

function leakyRelu(call: Call): TypedValue {
  const numbers = centred(call);
  const factor = (inputScale(call).scale * call.attributes.number('alpha')) / outputScale(call).scale;
  if (factor < 0) throw cannotExpress(`has the slope ${call.attributes.number('alpha')} for whole numbers`);
  return byTwoFactors(call, numbers, call.apply('min', numbers, call.number(0, 'int32')), fixedPoint(factor));
}

function prelu(call: Call): TypedValue {
  const numbers = centred(call);
  const factor = (inputScale(call).scale * inputScale(call, 1).scale) / outputScale(call).scale;
  const below = call.apply('mul', call.apply('min', numbers, call.number(0, 'int32')), centred(call, 1));
  return byTwoFactors(call, numbers, below, fixedPoint(factor));
}

/** Floats become whole numbers; whole numbers come to another scale. */
function quantize(call: Call): TypedValue {
  const input = call.value();
  if (input.type.dataType === 'float32') return quantized(call, input, call.tensors.outputs[0] as TfliteTensor);
  return requantized(call, centred(call), [toOutput(call)]);
}

/** The mean of a window, as it is: both tensors have one scale. Halves are rounded away from zero. */
function averagePool(call: Call): TypedValue {
  const floats = call.cast(call.ofRank(4), 'float32');
  const means = roundedAway(call, call.step('averagePool2d', [floats], poolWindow(call)));
  const to = call.type().dataType;
  return inRange(call, means, 0, to, activationRange(call, outputScale(call), to));
}

function maxPool(call: Call): TypedValue {
  const pooled = call.step('maxPool2d', [call.ofRank(4)], poolWindow(call));
  const [min, max] = activationRange(call, outputScale(call), call.type().dataType);
  return call.step('clamp', [pooled], { min, max });
}

const sumOverAxes =
  (isMean: boolean) =>
  (call: Call): TypedValue => {
    const numbers = centred(call);
    const { shape } = numbers.type;
    const axes = call.axes(1, shape.length);
    const sizes = axes.map((axis) => shape[axis] as number);
    if (sizes.some(isOpen)) throw cannotExpress('adds elements along axes whose sizes are not known');
    const sums = call.step('reduceSum', [numbers], { axes, keepDimensions: call.attributes.flag('keep_dims') });
    return requantized(call, sums, [isMean ? dividedBy(toOutput(call), sizeOf(sizes)) : toOutput(call)]);
  };

/** A factor over a count: the fraction is shifted to the left, as far as 64 bits allow, before it is divided and cut. */
function dividedBy({ multiplier, shift }: FixedPoint, count: number): FixedPoint {
  if (count < 1) throw cannotExpress('takes the mean of nothing');
  const bits = Math.min(Math.floor(Math.log2(count)), 31 + shift);
  return { multiplier: Number((BigInt(multiplier) << BigInt(bits)) / BigInt(count)), shift: shift - bits };
}

export const ARITHMETIC_IMPORTERS: Importers = {
  ...{ ADD: sum('add'), SUB: sum('sub'), MUL: product, LEAKY_RELU: leakyRelu, PRELU: prelu, QUANTIZE: quantize },
  ...{ RELU: bounded('RELU'), RELU6: bounded('RELU6'), RELU_N1_TO_1: bounded('RELU_N1_TO_1') },
  ...{ AVERAGE_POOL_2D: averagePool, MAX_POOL_2D: maxPool, MEAN: sumOverAxes(true), SUM: sumOverAxes(false) },
};
