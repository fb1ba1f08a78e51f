/** The manifest: whatever an app hands to `loadModel` instead of a packed model's default export. */
import fc from 'fast-check';
import type { ResolvedOptions } from '../../../src/api/resolve-options.js';
import { BACKENDS } from '../../../src/base/backend-name.js';
import { DTYPES, sizeOf } from '../../../src/base/dtype.js';
import { targetsOn } from '../../../src/engines/registry.js';
import { compareGolden } from '../../../src/golden/compare.js';
import { goldenFeeds } from '../../../src/golden/feeds.js';
import { allAssetsOf } from '../../../src/manifest/assets.js';
import { checkDetails } from '../../../src/manifest/details.js';
import { type InputSpec, type Manifest, readManifest } from '../../../src/manifest/manifest.js';
import { infoOf } from '../../../src/predict/info.js';
import { namedOutputs, wantedOutputs } from '../../../src/predict/outputs.js';
import { prepareInputs } from '../../../src/preprocess/prepare-inputs.js';
import { fits, isEligible, memoryBytes } from '../../../src/select/eligible.js';
import { ineligibleReason } from '../../../src/select/precheck.js';
import { changed, odd, poison } from '../mutation.js';
import { refusable, surface } from '../surface.js';

const size = fc.integer({ min: 1, max: 5 });
const dtype = fc.constantFrom('float32' as const, 'int32' as const, 'bool' as const, 'uint8' as const, 'int8' as const);
const name = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('x', 'image', 'ids', 'features') }, { weight: 1, arbitrary: odd });
const finite = fc.double({ noNaN: true, min: -1e6, max: 1e6 });

/** An input, and the golden sample's. */
type Fed = readonly [spec: Record<string, unknown>, golden: Record<string, unknown>];

const plain: fc.Arbitrary<Fed> = fc
  .record({ dtype, sizes: fc.array(size, { maxLength: 3 }), open: fc.boolean(), seed: fc.nat() })
  .map((given) => [
    { dtype: given.dtype, shape: given.sizes.map((dim, axis) => (axis === 0 && given.open ? null : dim)) },
    { kind: 'uniform', seed: given.seed, low: 0, high: 2, shape: given.sizes },
  ]);

const picture: fc.Arbitrary<Fed> = fc
  .record({
    ...{ width: size, height: size, channels: fc.constantFrom('rgb', 'bgr', 'gray'), layout: fc.constantFrom('nhwc', 'nchw') },
    ...{
      fit: fc.constantFrom('stretch', 'contain', 'cover'),
      filter: fc.constantFrom('bilinear', 'area', 'nearest', 'browser'),
      scale: finite,
      offset: finite,
    },
    dtype: fc.constantFrom('float32' as const, 'int32' as const, 'uint8' as const),
  })
  .map(({ dtype: kind, scale, offset, ...image }) => {
    const count = image.channels === 'gray' ? 1 : 3;
    const shape = image.layout === 'nhwc' ? [1, image.height, image.width, count] : [1, count, image.height, image.width];
    const spec = {
      dtype: kind,
      shape,
      image: { ...image, scale: Array(count).fill(scale), offset: Array(count).fill(offset) },
    };
    return [spec, { kind: 'picture', offset: 0, width: 2, height: 2, variant: 1, shape }];
  });

const column = fc.oneof(
  fc.record({ name: fc.oneof(fc.string(), odd), mean: finite, std: fc.double({ noNaN: true, min: 1e-3, max: 1e3 }) }),
  fc.record({
    name: fc.oneof(fc.string(), odd),
    categories: fc.array(fc.oneof(fc.string(), fc.integer(), fc.boolean()), { minLength: 1, maxLength: 4 }),
    encode: fc.constantFrom('one-hot', 'index'),
  }),
);
const table: fc.Arbitrary<Fed> = fc
  .record({ columns: fc.array(column, { minLength: 1, maxLength: 3 }), rows: size })
  .map(({ columns, rows }) => {
    const width = columns.reduce((sum, each) => sum + ('categories' in each && each.encode === 'one-hot' ? each.categories.length : 1), 0);
    return [
      { dtype: 'float32', shape: [null, width], columns },
      { kind: 'rows', seed: 1, shape: [rows, width] },
    ];
  });

const padded: fc.Arbitrary<Fed> = fc.record({ first: size, more: size, value: finite }).map(({ first, more, value }) => [
  { dtype: 'float32', shape: [null, null], pad: { to: [first, first + more], axis: 1, value } },
  { kind: 'uniform', seed: 1, low: 0, high: 4, shape: [1, first] },
]);

const asset = (file: string, bytes: number) => ({ name: file, bytes, sha256: 'a'.repeat(64), url: () => `https://models.test/${file}` });

/** Manifests that a packer could write. */
const good: fc.Arbitrary<Record<string, unknown>> = fc
  .record({
    inputs: fc.uniqueArray(fc.tuple(name, fc.oneof(plain, picture, table, padded)), {
      minLength: 1,
      maxLength: 3,
      selector: ([key]) => key,
    }),
    outputs: fc.uniqueArray(
      fc.tuple(
        name,
        fc.record({
          dtype,
          shape: fc.array(size, { maxLength: 3 }),
          labels: fc.option(fc.array(odd, { maxLength: 4 }), { nil: undefined }),
        }),
      ),
      { minLength: 1, maxLength: 3, selector: ([key]) => key },
    ),
    controlFlow: fc.boolean(),
    lacking: fc.boolean(),
  })
  .map(({ inputs, outputs, controlFlow, lacking }) => ({
    ...{ format: 2, name: 'fuzzed', version: '1', hash: 'abc', packedAt: '2026-11-22', staleAfterDays: 90, controlFlow },
    signature: {
      inputs: Object.fromEntries(inputs.map(([key, [spec]]) => [key, spec])),
      outputs: Object.fromEntries(
        outputs.map(([key, { labels, ...spec }]) => [key, { ...spec, ...(labels && { labels, values: 'logits' }) }]),
      ),
    },
    graph: { name: 'graph.json', bytes: 20, sha256: 'b'.repeat(64) },
    weights: [asset('0.bin', 40), asset('1.bin', 0)],
    targets: { tfjs: { graph: asset('tfjs.json', 30), refused: lacking ? { webgpu: 'it lacks the kernels Complex' } : {} } },
    golden: {
      asset: asset('golden.bin', 64),
      truth: 'tfjs-cpu',
      samples: [0, 1].map(() => ({
        inputs: Object.fromEntries(inputs.map(([key, [, golden]]) => [key, golden])),
        outputs: Object.fromEntries(outputs.map(([key, { shape }]) => [key, { shape, values: { offset: 0, count: 2, min: 0, max: 1 } }])),
      })),
      skipped: {},
    },
    ...{ ops: { AddV2: 1 }, flops: 4, largestWeightBytes: 60, residentBytes: 150, intermediateBytes: 60 },
  }));

/** What an app would give an input; nothing where its size is beyond a test's means. */
function givenFor({ dtype: kind, shape, image, columns }: InputSpec): unknown {
  if (columns !== undefined)
    return Object.fromEntries(columns.map((each) => [each.name, 'categories' in each ? each.categories[0] : each.mean]));
  if (image !== undefined) return { data: new Uint8ClampedArray(3 * 2 * 4), width: 3, height: 2 };
  const sizes = (shape ?? [2]).map((dim) => dim ?? 1);
  return sizeOf(sizes) > 2 ** 16 ? undefined : { data: new DTYPES[kind](sizeOf(sizes)), shape: sizes };
}

/** All that computes with a manifest before the bytes are there, and with the golden sample when they are. */
async function use(manifest: Manifest): Promise<void> {
  const settled = { memoryBudgetBytes: 2 ** 30 } as ResolvedOptions;
  for (const target of targetsOn(BACKENDS, manifest)) {
    const reason = ineligibleReason(target, manifest, settled);
    if (reason !== undefined && typeof reason !== 'string') throw new Error('A target is refused without a reason.');
    if ((reason === undefined) !== isEligible(target, manifest, settled)) throw new Error('A target is eligible and is not.');
  }
  if (!(infoOf(manifest).bytes >= 0)) throw new Error('Its files have no size.');
  if (fits(manifest, settled) !== memoryBytes(manifest) <= settled.memoryBudgetBytes) throw new Error('It fits and does not fit.');
  for (const { url, bytes } of allAssetsOf(manifest)) {
    url();
    // As a download does, which only reads what it then fills.
    new ArrayBuffer(bytes);
  }
  const bytes = new ArrayBuffer(manifest.golden.asset.bytes);
  const { inputs, outputs } = manifest.signature;
  for (const sample of manifest.golden.samples) await refusable(() => goldenFeeds(inputs, sample, bytes));
  const wanted = wantedOutputs(outputs, {}, []);
  const answers = wanted.map(([, { dtype: kind }]) => ({ dtype: kind, shape: [2], data: new DTYPES[kind](2) }));
  const byName = Object.fromEntries(wanted.map(([key], index) => [key, answers[index]!]));
  for (const sample of manifest.golden.samples)
    if (typeof compareGolden(outputs, sample, bytes, byName).agrees !== 'boolean') throw new Error('The golden sample has no verdict.');
  const given = Object.fromEntries(Object.entries(inputs).map(([key, spec]) => [key, givenFor(spec)]));
  await refusable(async () => {
    const { length } = await prepareInputs(manifest.signature, given);
    namedOutputs(wanted, answers, length, {}, () => undefined);
  });
}

export const manifest = surface({
  name: 'manifest',
  share: 240,
  inputs: fc.oneof({ weight: 20, arbitrary: changed(good, poison) }, { weight: 1, arbitrary: poison }),
  feed: (source) =>
    refusable(async () => {
      const read = readManifest(source);
      checkDetails(read);
      await use(read);
    }),
});
