/** Columns from the config to the answer: refused one by one, declared as types, sampled, predicted in Node. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { loadModel } from '../../src/index.js';
import { type ColumnOptions, type InputOptions, pack } from '../../src/pack/index.js';
import { addModel, embeddingModel, type RawModel, scratch, tabularModel, writeModel } from '../fixtures/models.js';

const folder = scratch();
let count = 0;
const packed = (raw: RawModel, inputs: Record<string, InputOptions>, name = 'prices') => {
  const at = join(folder, String(count++));
  return pack({ model: writeModel(raw, join(at, 'raw')), out: join(at, 'out'), name, inputs });
};

const HOUSE: readonly ColumnOptions[] = [
  { name: 'rooms', mean: 4, std: 2 },
  { name: 'area' },
  { name: 'city', categories: ['Bern', 'Chur', 'Thun'] },
];

const wasmUrl = new URL(`../../node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`, import.meta.url).href;
const assetUrl = (name: string, url: string) => (name === WASM_BINARY.name ? wasmUrl : url);

it('says in the types what a row is', async () => {
  const { out } = await packed(tabularModel(), { features: { columns: HOUSE } });
  expect(readFileSync(join(out, 'model.d.ts'), 'utf8')).toBe(`// Written by \`pannier pack\` from model.json. Do not edit.
import type { ModelSource, Shaped, Tensor } from 'pannier';

/** One row: a value for each column. */
export type PricesFeaturesRow = {
  readonly rooms: number;
  readonly area: number;
  readonly city: 'Bern' | 'Chur' | 'Thun';
};

export type PricesInputs = {
  /** float32 [?, 5]; a row, or an array of rows */
  readonly features: PricesFeaturesRow | readonly PricesFeaturesRow[] | Shaped<'float32', readonly [batch: number, 5]>;
};

export type PricesOutputs = {
  /** float32 [?, 1] */
  readonly price: Tensor<'float32', readonly [batch: number, 1]>;
};

declare const prices: ModelSource<PricesInputs, PricesOutputs>;
export default prices;
`);
});

it.each<[readonly number[], string, string]>([
  [[-1, 5], 'a row, or an array of rows', 'PricesFeaturesRow | readonly PricesFeaturesRow[]'],
  [[1, 5], 'a row, or an array of rows', 'PricesFeaturesRow | readonly PricesFeaturesRow[]'],
  [[3, 5], 'an array of 3 rows', 'readonly PricesFeaturesRow[]'],
])('takes one row for %j only where the model does', async (sizes, note, type) => {
  const { out, manifest } = await packed(tabularModel(sizes), { features: { columns: HOUSE } });
  const [rows, width] = sizes.map((size) => (size === -1 ? 'batch: number' : size));
  const text = readFileSync(join(out, 'model.d.ts'), 'utf8');
  expect(text).toContain(`; ${note} */\n  readonly features: ${type} | Shaped<'float32', readonly [${rows}, ${width}]>;`);
  using model = await loadModel(manifest, { backend: 'cpu' });
  const features = { rooms: 6, area: 2, city: 'Bern' };
  const answer = model.predict({ features } as never).then(
    () => 'answered',
    ({ code }) => code,
  );
  expect(await answer).toBe(type.startsWith('readonly') ? 'input' : 'answered');
});

it('declares categories of every kind, thousands of them, and names that want out', async () => {
  const many = Array.from({ length: 1_001 }, (_, index) => `zip ${index}`);
  const { out } = await packed(tabularModel([-1, 4]), {
    features: {
      name: '*/',
      columns: [
        { name: "it's", categories: [-1, 0.5, true, '</script>', "o'clock"], encode: 'index' },
        { name: '*/ throw', categories: many, encode: 'index' },
        { name: 'mixed', categories: [...many, 1, 2], encode: 'index' },
        { name: 'x' },
      ],
    },
  });
  const text = readFileSync(join(out, 'model.d.ts'), 'utf8');
  expect(text).toContain(`export type PricesRow = {
  readonly 'it\\'s': -1 | 0.5 | true | '\\u003c/script>' | 'o\\'clock';
  readonly '*/ throw': string;
  readonly mixed: string | number;
  readonly x: number;
};`);
});

describe('an option that is refused', () => {
  const cell = (column: unknown) => [column, { name: 'rest', categories: [1, 2, 3, 4] }];
  it.each<[string, unknown, string]>([
    [
      'no array',
      { rooms: 1 },
      '.columns should be an array of 1 to 100000 columns, { name, mean, std } or { name, categories }, but is an object',
    ],
    ['none', [], '.columns should be an array of 1 to 100000 columns, { name, mean, std } or { name, categories }, but is an array of 0'],
    ['a column that is none', cell('rooms'), '.columns[0] should be an object, but is "rooms"'],
    ['a hole', new Array(2), '.columns[0] should be an object, but is undefined'],
    ['no name', cell({ mean: 1 }), '.columns[0].name should be a text, none that every JavaScript object has, but is undefined'],
    ['an empty name', cell({ name: '' }), 'has, but is ""'],
    ['a name of every object', cell({ name: 'toString' }), 'none that every JavaScript object has'],
    ['__proto__', cell({ name: '__proto__' }), 'none that every JavaScript object has'],
    ['a name twice', cell({ name: 'rest' }), 'two columns of the name "rest"'],
    ['a key that nobody knows', cell({ name: 'a', median: 1 }), '.columns[0] has no option "median"; it takes name, mean, std'],
    ['mean beside categories', cell({ name: 'a', categories: [1], mean: 1 }), 'has no option "mean"; it takes name, categories, encode'],
    ['a mean that is none', cell({ name: 'a', mean: Number.NaN }), '.columns[0].mean should be a finite number, but is NaN'],
    ['a std of 0', cell({ name: 'a', std: 0 }), '.columns[0].std should be a number above 0, but is 0'],
    ['a std as a text', cell({ name: 'a', std: '2' }), '.columns[0].std should be a number above 0, but is "2"'],
    [
      'categories that are none',
      cell({ name: 'a', categories: 'Bern' }),
      '.categories should be an array of 1 to 100000 texts, numbers or booleans, but is "Bern"',
    ],
    ['no categories', cell({ name: 'a', categories: [] }), 'texts, numbers or booleans, but is an array of 0'],
    [
      'a category of another kind',
      cell({ name: 'a', categories: [null] }),
      '.categories[0] should be a number, a boolean or a text of at most 1024 bytes, but is null',
    ],
    ['a category twice', cell({ name: 'a', categories: ['Bern', 'Bern'] }), '.columns[0].categories has "Bern" twice'],
    [
      'an encoding that nobody knows',
      cell({ name: 'a', categories: [1], encode: 'hash' }),
      '.encode should be "one-hot" or "index", but is "hash"',
    ],
    [
      'too few values',
      [{ name: 'a' }, { name: 'b', categories: ['x', 'y'] }],
      'fills 1 (a) + 2 (b) = 3 values, but input "features" is float32 [?, 5]: 5 are wanted',
    ],
  ])('%s', async (_what, columns, message) => {
    await expect(packed(tabularModel(), { features: { columns: columns as never } })).rejects.toMatchObject({
      code: 'options',
      message: expect.stringContaining(message),
    });
  });
  it('more rows for the golden sample than are made as objects', async () => {
    const columns = [{ name: 'rest', categories: [1, 2, 3, 4] }, { name: 'a' }];
    await expect(packed(tabularModel(), { features: { columns, shape: [2 ** 16 + 1, 5] } })).rejects.toMatchObject({
      code: 'options',
      message: expect.stringContaining('.shape has 65537 rows for the golden sample; the limit is 65536'),
    });
  });
  it('a category twice among as many as there may be, without comparing each with each', async () => {
    const categories = [...Array.from({ length: 99_999 }, (_, index) => index), 0];
    const columns = [{ name: 'a', categories, encode: 'index' as const }];
    await expect(packed(tabularModel([-1, 1]), { features: { columns } })).rejects.toMatchObject({
      message: expect.stringContaining('.columns[0].categories has 0 twice'),
    });
  });
  it('columns beside a picture, of a picture, or of numbers that cannot be', async () => {
    const columns = [{ name: 'a' }];
    const refusal = (message: string) => ({ code: 'options', message: expect.stringContaining(message) });
    await expect(packed(tabularModel(), { features: { columns, image: {} } })).rejects.toMatchObject(refusal('both image and columns'));
    await expect(packed(addModel([1, 4, 4, 4]), { x: { columns } })).rejects.toMatchObject(refusal('[rows, values] or [values] is wanted'));
    const place = { place: { columns: [{ name: 'a', mean: 2 }] } };
    await expect(packed(embeddingModel(), place)).rejects.toMatchObject(refusal('gives "a" mean and std, but input "place" is int32'));
  });
});

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  it('answers rows as it answers the values that they stand for', async () => {
    const { manifest } = await packed(tabularModel(), { features: { columns: HOUSE } });
    expect(manifest.golden.samples.map(({ inputs }) => inputs)).toEqual(
      [1, 1001].map((seed) => ({ features: { kind: 'rows', seed, shape: [1, 5] } })),
    );
    using model = await loadModel(manifest, { backend, assetUrl });
    const price = async (features: unknown) => [...(await model.predict({ features } as never)).outputs['price']!.data];
    const bern = { rooms: 6, area: 2, city: 'Bern' };
    const thun = { rooms: 2, area: 0.5, city: 'Thun' };
    expect(await price(bern)).toEqual([10 + 40 + 30]);
    expect(await price([bern, thun])).toEqual([80, -10 + 10 + 50]);
    expect(await price(Float32Array.of(1, 2, 1, 0, 0))).toEqual([80]);
    await expect(price({ ...bern, city: 'Genf' })).rejects.toMatchObject({ code: 'input', detail: { column: 'city', row: 0 } });
    expect(model.stats()).toMatchObject({ count: 3, failedCount: 1 });
  });

  it('looks categories up in an embedding', async () => {
    const categories = ['spring', 'summer', 'autumn', 'winter'];
    const { manifest } = await packed(embeddingModel(), {
      place: { name: 'season', columns: [{ name: 'season', categories, encode: 'index' }] },
    });
    using model = await loadModel(manifest, { backend, assetUrl });
    const { outputs } = await model.predict({ season: [{ season: 'winter' }, { season: 'spring' }] });
    expect([outputs['vector']?.shape, [...outputs['vector']!.data]]).toEqual([
      [2, 1, 2],
      [6, 7, 0, 1],
    ]);
  });
});
