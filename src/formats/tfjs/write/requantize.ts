/** Writes the rounding of quantised networks in floats: TF.js has no product of whole numbers that keeps the upper bits. */
import type { Call } from './call.js';
import { clamped, converted } from './elementwise.js';
import type { WrittenTensor } from './graph-def.js';

/** Sums that int32 cannot have, float32 rounds. Multipliers and shifts become one factor. */
export function requantize(call: Call<'requantize'>): WrittenTensor {
  const { zeroPoint, min, max, to } = call.attributes;
  const [multipliers, shifts] = [call.constantNumbers(1), call.constantNumbers(2)];
  if (multipliers === undefined || shifts === undefined) throw call.refused('takes multipliers or shifts that are no constants');
  const shape = call.type(multipliers.length >= shifts.length ? 1 : 2).shape as readonly number[];
  const factors = Array.from({ length: Math.max(multipliers.length, shifts.length) }, (_, index) => {
    const [multiplier, shift] = [multipliers, shifts].map((each) => each[index % each.length] as number) as [number, number];
    return multiplier * 2 ** (shift - 31);
  });
  const product = call.add('Mul', [converted(call, call.input(), 'float32'), call.numbers('float32', factors, shape)]);
  const rounded = call.add('Round', [product]);
  const moved = zeroPoint === 0 ? rounded : call.add('AddV2', [rounded, call.numbers('float32', [zeroPoint], [])]);
  return converted(call, clamped(call, moved, 'float32', min, max), to);
}
