/** Cases of the rounding of quantised sums. Engines round in float32: sums are such that no product lies next to a half. */
import { CaseList, shown } from '../case.js';
import { each, oneOf, wholes } from '../values.js';

const RANGES = [
  { zeroPoint: 0, min: -(2 ** 31), max: 2 ** 31 - 1, to: 'int32' },
  { zeroPoint: -3, min: -128, max: 127, to: 'int32' },
  { zeroPoint: 20, min: 20, max: 200, to: 'int32' },
] as const;

/** Factors from 0.5 to 1. */
const MULTIPLIERS = [2 ** 30 + 12_345_677, 1_500_000_001, 2_147_400_000, 1_234_567_891];

export function quantizationCases(): readonly CaseList[] {
  const list = new CaseList('requantize');
  for (const [index, attributes] of RANGES.entries())
    for (const [shape, along] of [
      [[2, 3, 4], []],
      [[2, 3, 4], [4]],
      [
        [3, 1, 7],
        [1, 1, 7],
      ],
      [[5], [1]],
      [[64, 33], [33]],
      [[], []],
      [[0, 3], [3]],
    ] as const)
      list.add(`${shown(shape)} by ${shown(along)} (${index})`, { dataType: 'int32' }, (builder) => {
        const sums = builder.input('int32', shape, wholes(-99, 99));
        const multiplier = builder.constant('int32', along, each(MULTIPLIERS, index));
        return [builder.op('requantize', [sums, multiplier, builder.constant('int32', along, oneOf([0, 1, 2]))], attributes)];
      });
  for (const batch of [1, 3])
    list.add(`open ${batch}`, { dataType: 'int32' }, (builder) => {
      const sums = builder.input('int32', [batch, 5], wholes(-9999, 9999), true);
      return [
        builder.op(
          'requantize',
          [sums, builder.constant('int32', [], () => MULTIPLIERS[0] as number), builder.constant('int32', [], () => -7)],
          RANGES[1],
        ),
      ];
    });
  // Thousandths of a step away from each half: the first ones that a right shift of 7 gives.
  list.add('right shifts', { dataType: 'int32' }, (builder) => {
    const sums = builder.input('int32', [6, 2], each([1000, -1000, 77, -77, 12_800, -12_801, 30_000, 2 ** 24, -(2 ** 24), 0, 1, -1]));
    return [
      builder.op(
        'requantize',
        [sums, builder.constant('int32', [2], () => 2 ** 30 + 3), builder.constant('int32', [2], each([-7, -12]))],
        RANGES[1],
      ),
    ];
  });
  return [list];
}
