/** Shapes that have kernels of their own, which the kernel suite does not meet: they answer as the reference. */
import { expect, it } from 'vitest';
import type { Value } from '../../src/graph/graph.js';
import { type CaseBuilder, CaseList } from '../kernels/case.js';
import { CORNERS, each, NOT_FINITE, normal } from '../kernels/values.js';
import { problemsOf } from './compiled.js';

const PICTURES = [
  [1, 4, 4, 4],
  [2, 3, 5, 8],
  [1, 1, 7, 16],
] as const;

const cases = new CaseList('chain');

const convolution = (builder: CaseBuilder, picture: Value, shape: readonly number[], isBiased: boolean, stride = 1, groups = 1) =>
  builder.op(
    'conv2d',
    [picture, builder.constant('float32', shape, normal), isBiased ? builder.constant('float32', shape.slice(-1), normal) : null],
    { strides: [stride, stride], dilations: [1, 1], autoPad: 'sameUpper', padding: [0, 0, 0, 0], groups },
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

/** The tensor between is as large as one that does not stay in the caches. */
for (const [height, width, between, window, stride] of [
  [71, 60, 68, 3, 1],
  [66, 64, 64, 3, 2],
  [65, 50, 84, 5, 2],
  [52, 51, 100, 5, 1],
  [90, 50, 61, 1, 1],
] as const)
  for (const parts of ['expand project', 'expand', 'project', 'expand project residual'] as const) {
    const text = `${height} rows of ${width}, windows of ${window}, stride ${stride}, in strips: ${parts}`;
    cases.add(text, { dataType: 'float32', terms: 1200 }, (builder) => {
      const expands = parts.includes('expand');
      const picture = builder.input('float32', [1, height, width, expands ? 12 : between], normal);
      const relu = (value: Value) => builder.op('relu', [value], {});
      const expanded = expands ? relu(convolution(builder, picture, [1, 1, 12, between], true)) : picture;
      const filtered = relu(convolution(builder, expanded, [window, window, 1, between], true, stride, between));
      if (!parts.includes('project')) return [filtered, builder.op('reduceMean', [filtered], { axes: [1, 2], keepDimensions: true })];
      const projected = convolution(builder, filtered, [1, 1, between, 12], true);
      return [parts.includes('residual') && stride === 1 ? builder.op('add', [projected, picture], {}) : projected];
    });
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

/** Small windows have no loop, and no maximum keeps NaN by itself. */
const pools = new CaseList('maxPool2d');

for (const window of [2, 3, 5, 7])
  pools.add(`windows of ${window} with NaN and infinities`, { dataType: 'float32' }, (builder) => [
    builder.op('maxPool2d', [builder.input('float32', [1, 9, 13, 6], each([...Array(40).keys(), ...NOT_FINITE]))], {
      ...{ windowDimensions: [window, window], strides: [2, 1], dilations: [1, 1], autoPad: 'sameUpper', padding: [0, 0, 0, 0] },
      outputRounding: 'floor',
      countPadding: false,
    }),
  ]);

it.each([...cases.cases, ...powers.cases, ...pools.cases].map((one) => [one.id, one] as const))('%s', async (_, one) => {
  expect(await problemsOf(one, 'simd')).toEqual([]);
});
