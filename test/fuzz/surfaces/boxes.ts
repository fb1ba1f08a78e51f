/** The layout of a detector's boxes, as a manifest tells it, and outputs of any shape that are read by it. */
import fc from 'fast-check';
import { BOX_LAYOUTS } from '../../../src/manifest/box-layouts.js';
import { checkDetails } from '../../../src/manifest/details.js';
import type { BoxLayout, Tensor } from '../../../src/manifest/signature.js';
import { imageMapping, mapToSource } from '../../../src/preprocess/mapping.js';
import { boxes } from '../../../src/read/index.js';
import { fakeModel } from '../../fixtures/fakes.js';
import { changed, poison } from '../mutation.js';
import { refusable, surface } from '../surface.js';

const { manifest: fresh } = fakeModel();
const [first = ''] = Object.keys(fresh.signature.outputs);

const layout: fc.Arbitrary<object> = fc
  .record({
    named: fc.constantFrom(...Object.values(BOX_LAYOUTS)),
    more: fc.record(
      {
        classes: fc.integer({ min: 1, max: 4 }),
        points: fc.constantFrom([1, 2], [2, 3]),
        coefficients: fc.integer({ min: 1, max: 3 }),
        labels: fc.constant(Array.from({ length: 40 }, (_, at) => `class ${at}`)),
        normalized: fc.boolean(),
        oriented: fc.constant(false),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ named: { columns, ...named }, more }) => ({ ...named, ...more, columns: [...columns] }));

const value = fc.oneof(fc.double(), fc.double({ min: 0, max: 1 }), fc.integer({ min: 0, max: 30 }));
const tensor = (shape: fc.Arbitrary<readonly number[]>): fc.Arbitrary<Tensor<'float32'>> =>
  fc.tuple(shape, fc.array(value, { minLength: 1, maxLength: 12 })).map(([sizes, values]) => ({
    dtype: 'float32',
    shape: sizes,
    data: Float32Array.from(
      { length: sizes.reduce((product, size) => product * size, 1) },
      (_, at) => values[at % values.length] as number,
    ),
  }));
const size = fc.integer({ min: 0, max: 12 });
const anyShape = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom(1, 2), size, size) },
  { weight: 1, arbitrary: fc.array(size, { maxLength: 4 }) },
);

const image = fc
  .record({ fit: fc.constantFrom('stretch' as const, 'contain' as const), rotation: fc.constantFrom(0, 0.5) })
  .map(({ fit, rotation }) => {
    const crop = { x: -3, y: 2, width: 9, height: 30, rotation };
    return imageMapping(mapToSource({ width: 8, height: 8, fit }, { width: 40, height: 20 }, crop), 8, 8, 40, 20);
  });

const plain = { image, minScore: fc.constantFrom(-1, 0.5), maxOverlap: fc.constantFrom(0, 1) };
const options = fc.oneof(
  { weight: 3, arbitrary: fc.record(plain) },
  {
    weight: 1,
    arbitrary: fc.record(
      {
        ...plain,
        row: fc.constantFrom(0, 1),
        prototypes: tensor(fc.tuple(fc.constantFrom(1, 2), fc.integer({ min: 0, max: 3 }), size, size)),
        ...{ scores: tensor(anyShape), classes: tensor(anyShape), count: tensor(fc.constantFrom([1], [])) },
      },
      { requiredKeys: [] },
    ),
  },
);

export const detectors = surface({
  name: 'boxes',
  share: 30,
  inputs: fc.record({ layout: changed(layout, poison), output: tensor(anyShape), options, fits: fc.boolean() }),
  feed: ({ layout, output, options, fits }) =>
    refusable(() => {
      const spec = { dtype: 'float32', shape: null, layout } as const;
      const signature = { ...fresh.signature, outputs: { ...fresh.signature.outputs, [first]: spec } };
      checkDetails({ ...fresh, signature } as never);
      boxes({ ...(fits ? fitted(output, layout as BoxLayout) : output), layout: layout as BoxLayout }, options);
    }),
});

/** A tensor of a shape that the layout has, as far as it is a small one. */
function fitted(output: Tensor<'float32'>, layout: BoxLayout | undefined): Tensor {
  if (layout === undefined) return output;
  const { columns, classes = 0, points: [count, values] = [0, 0], coefficients = 0, boxesLast } = layout;
  const width = columns.length + classes + count * values + coefficients;
  if (!(width > 0 && width < 100)) return output;
  const shape = boxesLast ? [1, width, 3] : [1, 3, width];
  return {
    dtype: 'float32',
    shape,
    data: Float32Array.from({ length: 3 * width }, (_, at) => output.data[at % (output.data.length || 1)] ?? 0.5),
  };
}
