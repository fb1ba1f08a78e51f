/** Shapes that have kernels of their own, which the kernel suite does not meet: they answer as the reference. */
import { expect, it } from 'vitest';
import type { Value } from '../../src/graph/graph.js';
import { type CaseBuilder, CaseList } from '../kernels/case.js';
import { CORNERS, each, normal } from '../kernels/values.js';
import { problemsOf } from './compiled.js';

const PICTURES = [
  [1, 4, 4, 4],
  [2, 3, 5, 8],
  [1, 1, 7, 16],
] as const;

const cases = new CaseList('chain');

const convolution = (builder: CaseBuilder, picture: Value, shape: readonly number[], isBiased: boolean) =>
  builder.op(
    'conv2d',
    [picture, builder.constant('float32', shape, normal), isBiased ? builder.constant('float32', shape.slice(-1), normal) : null],
    { strides: [1, 1], dilations: [1, 1], autoPad: 'sameUpper', padding: [0, 0, 0, 0], groups: 1 },
  );

for (const picture of PICTURES)
  for (const isBiased of [false, true]) {
    const channels = picture[3];
    const biased = isBiased ? ', biased' : '';
    cases.add(
      `windows of a transposed convolution side by side in [${picture}]${biased}`,
      { dataType: 'float32', terms: 17 },
      (builder) => [
        builder.op(
          'convTranspose2d',
          [
            builder.input('float32', picture, normal),
            builder.constant('float32', [2, 2, 1, channels], normal),
            isBiased ? builder.constant('float32', [1], normal) : null,
          ],
          { strides: [2, 2], dilations: [1, 1], padding: [0, 0, 0, 0], outputPadding: [0, 0], groups: 1 },
        ),
      ],
    );
    for (const made of [1, 2, 4])
      cases.add(
        `few channels of [${picture}] → ${made}, with an addition and factors${biased}`,
        { dataType: 'float32', terms: 150 },
        (builder) => {
          const sums = convolution(builder, builder.input('float32', picture, normal), [3, 3, channels, made], isBiased);
          const added = builder.op('add', [sums, builder.input('float32', [...picture.slice(0, 3), made], normal)], {});
          return [builder.op('relu', [builder.op('mul', [added, builder.constant('float32', [made], normal)], {})], {})];
        },
      );
  }

const powers = new CaseList('pow');

for (const exponent of [1, 2, 3, 0.5, -0.5, -1, -2, 1.5, 0])
  powers.add(`the power ${exponent}`, { dataType: 'float32' }, (builder) => [
    builder.op(
      'pow',
      [builder.input('float32', [CORNERS.float32.length], each(CORNERS.float32)), builder.constant('float32', [], () => exponent)],
      {},
    ),
  ]);

it.each([...cases.cases, ...powers.cases].map((one) => [one.id, one] as const))('%s', async (_, one) => {
  expect(await problemsOf(one, 'simd')).toEqual([]);
});
