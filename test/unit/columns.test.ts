/** Rows of a tabular input: encoded as the columns say, or refused with the row and the column named. */
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goldenFeeds } from '../../src/golden/feeds.js';
import type { ColumnSpec, InputSpec } from '../../src/manifest/manifest.js';
import { widthOf } from '../../src/manifest/sizes.js';
import type { TensorFeed } from '../../src/preprocess/feed.js';
import { type PreparedInputs, prepareInputs } from '../../src/preprocess/prepare-inputs.js';

const rooms: ColumnSpec = { name: 'rooms', mean: 4, std: 2 };
const city: ColumnSpec = { name: 'city', categories: ['Bern', 'Chur', 'Thun'], encode: 'one-hot' };
const floor: ColumnSpec = { name: 'floor', categories: [-1, 0, 1], encode: 'index' };
const lift: ColumnSpec = { name: 'lift', categories: [false, true], encode: 'index' };
const house: InputSpec = { dtype: 'float32', shape: [null, 6], columns: [rooms, city, floor, lift] };
const bern = { rooms: 5, city: 'Bern', floor: 0, lift: true };
const thun = { rooms: 4, city: 'Thun', floor: -1, lift: false };

function feed(spec: InputSpec, given: unknown): TensorFeed {
  const settled = prepareInputs({ inputs: { features: spec }, outputs: {} }, { features: given }) as PreparedInputs;
  return settled.feeds[0] as TensorFeed;
}
const values = (spec: InputSpec, given: unknown) => [feed(spec, given).shape, [...feed(spec, given).data]];

describe('rows', () => {
  it('are encoded column by column', () => {
    expect(feed(house, bern)).toEqual({
      ...{ kind: 'tensor', name: 'features', dtype: 'float32', shape: [1, 6] },
      data: Float32Array.of(0.5, 1, 0, 0, 1, 1),
    });
    expect(values(house, [thun, bern])).toEqual([
      [2, 6],
      [0, 0, 0, 1, 0, 0, 0.5, 1, 0, 0, 1, 1],
    ]);
  });
  it('become whole numbers, as an embedding takes them', () => {
    const spec: InputSpec = { dtype: 'int32', shape: [null, 2], columns: [floor, { name: 'age', mean: 0, std: 1 }] };
    expect(feed(spec, { floor: 1, age: 40 }).data).toEqual(Int32Array.of(2, 40));
  });
  it('may have their columns in any order, come from another realm, and be frozen', () => {
    expect(values(house, Object.fromEntries(Object.entries(bern).reverse()))).toEqual(values(house, bern));
    const foreign = runInNewContext('(json) => JSON.parse(json)');
    expect(values(house, foreign(JSON.stringify([bern, thun])))).toEqual(values(house, [bern, thun]));
    expect(values(house, Object.freeze([Object.freeze({ ...bern })]))).toEqual(values(house, bern));
  });
  it('fit an input of one row, whose rank is 1 or 2, and of a fixed number', () => {
    expect(feed({ ...house, shape: [6] }, bern).shape).toEqual([6]);
    expect(feed({ ...house, shape: [1, 6] }, [bern]).shape).toEqual([1, 6]);
    expect(feed({ ...house, shape: [2, 6] }, [bern, thun]).shape).toEqual([2, 6]);
  });
  it('may also be the prepared array, bare or with its shape, of any realm', () => {
    expect(values(house, new Float32Array(12))).toEqual([[2, 6], Array(12).fill(0)]);
    expect(feed(house, { data: new Float32Array(6), shape: [1, 6] }).shape).toEqual([1, 6]);
    expect(feed(house, runInNewContext('new Float32Array(6)')).data).toEqual(new Float32Array(6));
  });
  it('may have columns named as the parts of a prepared array are', () => {
    const columns = ['data', 'shape'].map((name): ColumnSpec => ({ name, mean: 0, std: 1 }));
    expect(values({ dtype: 'float32', shape: [null, 2], columns }, { shape: 1, data: 2 })).toEqual([
      [1, 2],
      [2, 1],
    ]);
  });
});

describe('rows that do not fit', () => {
  it.each<[string, InputSpec, unknown, string, Record<string, unknown>]>([
    [
      'an unknown category',
      house,
      { ...bern, city: 'Genf' },
      'should have one of "Bern", "Chur", "Thun" in column "city" of row 0, but has "Genf"',
      { row: 0, column: 'city' },
    ],
    [
      'a category as a text',
      house,
      [thun, { ...bern, floor: '0' }],
      'one of -1, 0, 1 in column "floor" of row 1, but has "0"',
      { row: 1, column: 'floor' },
    ],
    ['a category as a number', house, { ...bern, lift: 1 }, 'one of false, true in column "lift" of row 0, but has 1', {}],
    ['a missing column', house, { rooms: 3, floor: 0, lift: true }, 'column "city" of row 0, but it has none', { column: 'city' }],
    [
      'an undefined column',
      house,
      { ...bern, rooms: undefined },
      'a number in column "rooms" of row 0, but it has none',
      { column: 'rooms' },
    ],
    [
      'an unknown column',
      house,
      [bern, { ...bern, garden: true }],
      'the columns rooms, city, floor, lift in row 1, but it has also "garden"',
      { row: 1, column: 'garden' },
    ],
    [
      'a column of another name',
      house,
      { rooms: 3, town: 'Bern', floor: 0, lift: true },
      'in column "city" of row 0, but it has none. The row has "town", which is no column.',
      { column: 'city' },
    ],
    ['NaN', house, { ...bern, rooms: Number.NaN }, 'a finite number in column "rooms" of row 0, but has NaN', {}],
    ['infinity', house, { ...bern, rooms: Number.NEGATIVE_INFINITY }, 'a finite number in column "rooms" of row 0, but has -Infinity', {}],
    ['more than float32 holds', house, { ...bern, rooms: 1e300 }, 'a finite number', {}],
    ['a number as a text', house, { ...bern, rooms: '5' }, 'a number in column "rooms" of row 0, but has "5"', {}],
    ['a boolean for a number', house, { ...bern, rooms: true }, 'a number in column "rooms" of row 0, but has true', {}],
    ['null', house, { ...bern, rooms: null }, 'a number in column "rooms" of row 0, but has null', {}],
    [
      'a nested row',
      house,
      [[bern]],
      'should be { rooms, city, floor, lift }, an array of them or { data, shape } of [?, 6], but row 0 is an array of 1',
      { row: 0 },
    ],
    ['a hole', house, Object.assign(new Array(2), [bern]), 'but row 1 is undefined', { row: 1 }],
    ['no object', house, 'Bern', 'but is "Bern"', {}],
    ['nothing', house, null, 'but is null', {}],
    ['an array of numbers', house, [1, 2, 3, 4, 5, 6], 'is 1', { row: 0 }],
    ['no rows', house, [], 'should have at least one row, for [?, 6], but has 0', { rows: 0 }],
    ['two rows where one is taken', { ...house, shape: [6] }, [bern, thun], 'should have 1 row, for [6], but has 2', { rows: 2 }],
    ['one row where two are taken', { ...house, shape: [2, 6] }, bern, 'should have 2 rows, for [2, 6], but has 1', { rows: 1 }],
    [
      'another array class',
      house,
      new Float64Array(6),
      'should be Float32Array of [?, 6], in { data, shape }, or rows, but is Float64Array',
      {},
    ],
    ['an array of another length', house, new Float32Array(7), 'a whole number of times 6 values', {}],
  ])('%s', (_what, spec, given, message, detail) =>
    expect(() => feed(spec, given)).toThrow(
      expect.objectContaining({
        code: 'input',
        message: expect.stringContaining(message),
        detail: expect.objectContaining({ input: 'features', ...detail }),
      }),
    ),
  );
  it.each([
    ['without the name of its input', bern, 'The model has no input "rooms". Its inputs are "features" ({ rooms, city, floor, lift }).'],
    ['left out', {}, 'Input "features" is missing. The model takes "features" ({ rooms, city, floor, lift }).'],
  ])('a row %s', (_what, given, message) =>
    expect(() => prepareInputs({ inputs: { features: house }, outputs: {} }, given)).toThrow(message),
  );
  it('half a number where whole ones are held', () => {
    const spec: InputSpec = { dtype: 'int32', shape: [1], columns: [{ name: 'age', mean: 0, std: 1 }] };
    for (const age of [0.5, 2 ** 31]) expect(() => feed(spec, { age })).toThrow(`a whole number in column "age" of row 0, but has ${age}`);
  });
  it('name a few of many categories', () => {
    const many: ColumnSpec = { name: 'zip', categories: Array.from({ length: 4_000 }, (_, index) => index), encode: 'index' };
    const spec: InputSpec = { dtype: 'float32', shape: [1], columns: [many] };
    expect(() => feed(spec, { zip: -1 })).toThrow('should have one of 4000 categories (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …)');
  });
});

const column = (name: string): fc.Arbitrary<ColumnSpec> =>
  fc.oneof(
    fc.record({ name: fc.constant(name), mean: fc.integer({ min: -9, max: 9 }), std: fc.constantFrom(0.5, 1, 2) }),
    fc.record({
      name: fc.constant(name),
      categories: fc.uniqueArray(fc.oneof(fc.string(), fc.integer(), fc.boolean()), { minLength: 1, maxLength: 5 }),
      encode: fc.constantFrom('one-hot' as const, 'index' as const),
    }),
  );
const columnLists = fc
  .integer({ min: 1, max: 5 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => column(`c${index}`))));
const specOf = (columns: readonly ColumnSpec[]): InputSpec => ({
  ...{ dtype: 'float32', columns },
  shape: [null, columns.reduce((sum, each) => sum + widthOf(each), 0)],
});

describe('for any columns', () => {
  it('a row can be read back from its values', () => {
    fc.assert(
      fc.property(columnLists, fc.array(fc.nat(), { minLength: 5, maxLength: 5 }), (columns, picks) => {
        const cells = columns.map((each, index) =>
          'categories' in each ? each.categories[(picks[index] as number) % each.categories.length] : ((picks[index] as number) % 100) - 50,
        );
        const row = Object.fromEntries(columns.map(({ name }, index) => [name, cells[index]]));
        const { data, shape } = feed(specOf(columns), [row, row]);
        expect(data.length).toBe(shape.reduce((size, dim) => size * dim, 1));
        const [once, again] = [[...data.subarray(0, data.length / 2)], [...data.subarray(data.length / 2)]];
        expect(once).toEqual(again);
        let at = 0;
        const read = columns.map((each) => {
          const own = once.slice(at, at + widthOf(each));
          at += own.length;
          if (!('categories' in each)) return (own[0] as number) * each.std + each.mean;
          if (each.encode === 'one-hot') expect(own.reduce((sum, value) => sum + value, 0)).toBe(1);
          return each.categories[each.encode === 'index' ? (own[0] as number) : own.indexOf(1)];
        });
        expect(read).toEqual(cells);
      }),
    );
  });

  it('whatever is given is a whole feed or an `input` error', () => {
    const keys = { rooms: fc.anything(), city: fc.anything(), floor: fc.anything(), lift: fc.anything() };
    const row = fc.oneof(
      fc.record(keys, { requiredKeys: [] }),
      fc.anything({ withNullPrototype: true, withTypedArray: true, withBigInt: true }),
    );
    fc.assert(
      fc.property(fc.oneof(row, fc.array(row)), (given) => {
        try {
          const { data, shape } = feed(house, given);
          expect(data.length).toBe((shape[0] as number) * 6);
        } catch (thrown) {
          expect(thrown).toMatchObject({ name: 'PannierError', code: 'input' });
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('the golden sample holds rows as an app could give them, the same ones for one seed', () => {
    fc.assert(
      fc.property(columnLists, fc.integer({ min: 1, max: 4 }), fc.nat(), (columns, count, seed) => {
        const spec = specOf(columns);
        const sample = (use: number) =>
          goldenFeeds(
            { x: spec },
            { inputs: { x: { kind: 'rows', seed: use, shape: [count, spec.shape?.[1] as number] } } },
            new ArrayBuffer(0),
          )[0] as TensorFeed;
        expect(sample(seed)).toEqual(sample(seed));
        const { data, shape } = sample(seed);
        expect(shape).toEqual([count, spec.shape?.[1]]);
        for (let row = 0; row < count; row++) {
          let at = row * (shape[1] as number);
          for (const each of columns) {
            const own = [...data.subarray(at, at + widthOf(each))];
            at += own.length;
            if (!('categories' in each)) expect(Math.abs(own[0] as number)).toBeLessThanOrEqual(2);
            else if (each.encode === 'index') expect(each.categories[own[0] as number]).toBeDefined();
            else expect(own.toSorted()).toEqual([...Array(own.length - 1).fill(0), 1]);
          }
        }
      }),
    );
  });
  it('the golden sample of another seed is another one', () => {
    const spec = specOf([rooms, city]);
    const [one, two] = [1, 2].map((seed) =>
      goldenFeeds({ x: spec }, { inputs: { x: { kind: 'rows', seed, shape: [8, 4] } } }, new ArrayBuffer(0)),
    );
    expect(one).not.toEqual(two);
  });
});
