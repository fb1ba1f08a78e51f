/** Ops of quantised networks, whose whole numbers stand for floats: scale · (number - zero point). Not in WebNN. */
import { dataType, whole } from '../attribute.js';
import { INTEGER_RANGE, isFloat } from '../element-type.js';
import { broadcast, defineOp, refused } from '../op.js';
import { shapeText, type TensorType, typeText } from '../tensor.js';

export const QUANTIZATION_OPS = {
  /**
   * Brings the sums of a quantised network to the scale of its next tensor: input · multiplier · 2^(shift - 31), rounded, plus
   * `zeroPoint`, within `min` and `max`, as element type `to`. The multiplier is a factor's fraction: 0, or 2^30 to 2^31 - 1. Multiplier and
   * shift broadcast to the input.
   *
   * The reference rounds as TensorFlow Lite does (Jacob et al., Quantization and Training of Neural Networks for Efficient
   * Integer-Arithmetic-Only Inference, 2017, §2.2, and gemmlowp's fixed-point arithmetic that it cites). For int32: input · 2^shift where
   * shift is above 0, times the multiplier, divided by 2^31 and rounded to the nearest, halves upwards; then divided by 2^-shift where
   * shift is below 0 and rounded once more, halves away from zero. For int64, as the sums of 16 bits by 8 are: the multiplier is
   * rounded to 16 bits, and the product rounded once, halves upwards. An engine may compute with float32 and round once, to even: it then
   * answers another neighbour where a product lies close to a half.
   */
  requantize: defineOp({
    name: 'requantize',
    inputs: ['input', 'multiplier', 'shift'],
    attributes: { zeroPoint: whole, min: whole, max: whole, to: dataType },
    infer: (inputs, { min, max, to }) => {
      const [input, multiplier, shift] = inputs as [TensorType, TensorType, TensorType];
      if (input.dataType !== 'int32' && input.dataType !== 'int64')
        throw refused(`takes int32 or int64 as input, but got ${typeText(input)}`);
      for (const each of [multiplier, shift]) {
        if (each.dataType !== 'int32') throw refused(`takes multipliers and shifts of int32, but got ${typeText(each)}`);
        if (shapeText(broadcast(input.shape, each.shape)) !== shapeText(input.shape))
          throw refused(`takes multipliers and shifts that broadcast to ${shapeText(input.shape)}, but got ${shapeText(each.shape)}`);
      }
      const [least, greatest] = INTEGER_RANGE[to] ?? [0, -1];
      if (isFloat(to) || min > max || min < least || max > greatest)
        throw refused(`gives ${to} from ${min} to ${max}, which is no range of it`);
      return [{ dataType: to, shape: input.shape }];
    },
  }),
} as const;
