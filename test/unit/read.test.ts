import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { sizeOf } from '../../src/base/dtype.js';
import { PannierError } from '../../src/base/errors.js';
import type { LabelledTensor, Tensor } from '../../src/manifest/signature.js';
import { imageMapping, mapToSource } from '../../src/preprocess/mapping.js';
import { type Box, type BoxOptions, boxes, type Keypoint, keypoints, maskImage, type Ranked, topK } from '../../src/read/index.js';

const tensor = (shape: number[], values: Iterable<number>): Tensor<'float32'> => {
  const data = Float32Array.from(values);
  expect(data.length).toBe(sizeOf(shape));
  return { dtype: 'float32', shape, data };
};
const labelled = <L extends string>(labels: readonly L[], values: number[], kind: 'logits' | 'probabilities'): LabelledTensor<L> => ({
  ...tensor([1, values.length], values),
  labels,
  values: kind,
});

const seeded = { seed: 20261122, numRuns: 200 };
const wrongInput = (message: RegExp) =>
  expect.objectContaining({ name: 'PannierError', code: 'input', message: expect.stringMatching(message) });

/** A 100 × 50 picture seen by a 20 × 20 model: five source pixels per model pixel, bars above and below. */
const contained = imageMapping(mapToSource({ width: 20, height: 20, fit: 'contain' }, { width: 100, height: 50 }), 20, 20, 100, 50);

it.each([
  ['topK', topK, undefined, 'undefined'],
  ['topK', topK, Promise.resolve(), 'Promise'],
  ['boxes', boxes, null, 'null'],
  ['keypoints', keypoints, Promise.resolve(), 'Promise'],
  ['maskImage', maskImage, { outputs: {} }, 'Object'],
  ['keypoints', keypoints, { data: [1, 2], shape: [1, 2] }, 'Object'],
] as const)('%s wants a tensor', (name, read, given, got) => {
  const message = `${name} wants a tensor of outputs, but got ${got}; is an await missing? Pass one of a prediction's outputs.`;
  expect(() => (read as (tensor: unknown, options: unknown) => unknown)(given, { columns: ['x', 'y'] })).toThrow(
    expect.objectContaining({ code: 'input', message: expect.stringContaining(message) }),
  );
});
it.each([
  ['boxes', boxes, undefined, 'none'],
  ['keypoints', keypoints, undefined, 'none'],
  ['keypoints', keypoints, {}, 'none'],
  ['boxes', boxes, { columns: 'x0' }, 'x0'],
] as const)('%s says what it reads rows by, where it is not told', (name, read, options, got) => {
  expect(() => (read as (tensor: Tensor, options: unknown) => unknown)(tensor([1, 2], [0, 0]), options)).toThrow(
    wrongInput(new RegExp(`^${name} wants columns, but got ${got}\\. Pass what each value of a row means`)),
  );
});
it('boxes wants a tensor of scores, too', () => {
  const scores = Promise.resolve() as never;
  expect(() => boxes(tensor([1, 4], [0, 0, 1, 1]), { columns: ['x0', 'y0', 'x1', 'y1'], scores })).toThrow(
    wrongInput(/^boxes with scores wants a tensor of outputs, but got Promise/),
  );
});

describe('topK', () => {
  it('names the best classes of a labelled output', () => {
    const scores = labelled(['cat', 'dog', 'cow'], [0.25, 0.5, 0.125], 'probabilities');
    const best = topK(scores, { k: 2 });
    expect(best).toEqual([
      { label: 'dog', index: 1, score: 0.5 },
      { label: 'cat', index: 0, score: 0.25 },
    ]);
    expectTypeOf(best).toEqualTypeOf<Ranked<'cat' | 'dog' | 'cow'>[]>();
  });

  it('types the labels it is given, and knows none without', () => {
    const named = topK(tensor([2], [0, 1]), { labels: ['no', 'yes'] });
    expectTypeOf(named).toEqualTypeOf<Ranked<'no' | 'yes'>[]>();
    expect(named[0]?.label).toBe('yes');
    const plain = topK(tensor([2], [0, 1]));
    expectTypeOf(plain).toEqualTypeOf<Ranked<string | undefined>[]>();
    expect(plain).toEqual([
      { label: undefined, index: 1, score: 1 },
      { label: undefined, index: 0, score: 0 },
    ]);
  });

  it('equals a sort of everything', () => {
    const scores = fc.array(fc.oneof(fc.float({ noNaN: true }), fc.constantFrom(0, 0.5, Number.NaN)), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(scores, fc.integer({ min: 1, max: 50 }), (values, k) => {
        const sorted = [...Float32Array.from(values)]
          .map((score, index) => ({ label: undefined, index, score }))
          .filter(({ score }) => !Number.isNaN(score))
          .toSorted((one, other) => (one.score === other.score ? one.index - other.index : one.score < other.score ? 1 : -1));
        expect(topK(tensor([values.length], values), { k })).toEqual(sorted.slice(0, k));
      }),
      seeded,
    );
  });

  it('turns logits into probabilities that add up to 1, however large', () => {
    const [one, other] = topK(labelled(['a', 'b'], [1000, 1000 + Math.log(3)], 'logits'));
    expect(one).toEqual({ label: 'b', index: 1, score: expect.closeTo(0.75, 4) });
    expect(other?.score).toBeCloseTo(0.25, 4);
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 40 }), (values) => {
        const ranked = topK(tensor([values.length], values), { values: 'logits', k: values.length });
        expect(ranked).toHaveLength(values.length);
        expect(ranked.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 9);
      }),
      seeded,
    );
  });

  it('lets the option overrule what the tensor says of its values', () => {
    expect(topK(labelled(['a'], [7], 'logits'), { values: 'probabilities' })[0]?.score).toBe(7);
  });

  it('never names NaN, also among logits', () => {
    expect(topK(tensor([3], [Number.NaN, 0, 0]), { values: 'logits' })).toEqual([
      { label: undefined, index: 1, score: 0.5 },
      { label: undefined, index: 2, score: 0.5 },
    ]);
    expect(topK(tensor([2], [Number.NaN, Number.NaN]))).toEqual([]);
  });

  it('reads the row that is asked for', () => {
    expect(topK(tensor([2, 1, 2], [1, 2, 4, 3]), { row: 1, k: 1 })).toEqual([{ label: undefined, index: 0, score: 4 }]);
  });

  it('refuses rows and labels that do not fit', () => {
    expect(() => topK(tensor([2, 2], [1, 2, 3, 4]), { row: 2 })).toThrow(wrongInput(/no row 2.*from 0 to 1/));
    expect(() => topK(tensor([2, 2], [1, 2, 3, 4]), { row: 0.5 })).toThrow(PannierError);
    expect(() => topK(tensor([3], [1, 2, 3]), { labels: ['a', 'b'] })).toThrow(wrongInput(/3 classes.*got 2/));
  });
});

describe('boxes', () => {
  const columns = ['x0', 'y0', 'x1', 'y1', 'score', 'class'] as const;

  it('reads detector rows, best first', () => {
    const found = boxes(tensor([1, 3, 6], [0, 0, 4, 2, 0.5, 1, 10, 10, 20, 20, 0.75, 0, 1, 1, 2, 2, 0.25, 0]), {
      columns,
      labels: ['hand', 'face'],
    });
    expect(found).toEqual([
      { x: 10, y: 10, width: 10, height: 10, score: 0.75, label: 'hand', index: 0 },
      { x: 0, y: 0, width: 4, height: 2, score: 0.5, label: 'face', index: 1 },
    ]);
    expectTypeOf(found).toEqualTypeOf<Box<'hand' | 'face'>[]>();
  });

  it('reads every way to write a box', () => {
    const wanted = [{ x: 2, y: 4, width: 6, height: 8, score: 1, label: undefined, index: 0 }];
    const read = (names: NonNullable<BoxOptions['columns']>, row: number[]) => boxes(tensor([1, row.length], row), { columns: names });
    expect(read(['x0', 'y0', 'x1', 'y1', 'score'], [2, 4, 8, 12, 1])).toEqual(wanted);
    expect(read(['score', 'y0', 'x0', 'h', 'w'], [1, 4, 2, 8, 6])).toEqual(wanted);
    expect(read(['cx', 'cy', null, 'w', 'h', 'score'], [5, 8, 99, 6, 8, 1])).toEqual(wanted);
  });

  it('takes scores apart from the rows, of the best class of each box', () => {
    const corners = tensor([1, 2, 4], [0, 0, 1, 1, 5, 5, 6, 6]);
    const names = columns.slice(0, 4);
    const scores = { ...tensor([1, 2, 3], [0.1, 0.5, Number.NaN, 0.25, 0.125, 0.75]), labels: ['a', 'b', 'c'] as const };
    const found = boxes(corners, { columns: names, scores });
    expect(found.map(({ label, index, score, x }) => [label, index, score, x])).toEqual([
      ['c', 2, 0.75, 5],
      ['b', 1, 0.5, 0],
    ]);
    expectTypeOf(found).toEqualTypeOf<Box<'a' | 'b' | 'c'>[]>();
    expect(boxes(corners, { columns: names, scores: tensor([1, 2], [0.25, 0.5]) })).toEqual([
      { x: 5, y: 5, width: 1, height: 1, score: 0.5, label: undefined, index: 0 },
    ]);
  });

  it('reads the picture of a batch that is asked for, also from separate scores', () => {
    const batch = tensor([2, 1, 4], [0, 0, 1, 1, 5, 5, 6, 6]);
    const found = boxes(batch, { columns: columns.slice(0, 4), scores: tensor([2, 1, 2], [0.9, 0, 0.5, 0.75]), row: 1 });
    expect(found).toEqual([{ x: 5, y: 5, width: 1, height: 1, score: 0.75, label: undefined, index: 1 }]);
  });

  it('maps to source pixels and cuts at the edges', () => {
    const row = tensor([1, 5], [2, 0, 8, 10, 1]);
    const wanted = [{ x: 10, y: 0, width: 30, height: 25, score: 1, label: undefined, index: 0 }];
    expect(boxes(row, { columns: columns.slice(0, 5), image: contained })).toEqual(wanted);
    const normalized = tensor([1, 5], [0.125, 0, 0.5, 0.5, 1]);
    expect(boxes(normalized, { columns: columns.slice(0, 5), image: contained, normalized: true })).toEqual([
      { ...wanted[0], x: 12.5, width: 37.5 },
    ]);
    expect(boxes(tensor([1, 5], [18, 14, 30, 40, 1]), { columns: columns.slice(0, 5), image: contained })).toEqual([
      { x: 90, y: 45, width: 10, height: 5, score: 1, label: undefined, index: 0 },
    ]);
    expect(boxes(tensor([1, 5], [0, 0, 20, 4, 1]), { columns: columns.slice(0, 5), image: contained })).toEqual([]);
  });

  it('puts an upright box around one that the mapping turns', () => {
    const crop = { x: 40, y: 40, width: 20, height: 20, rotation: Math.PI / 4 };
    const turned = imageMapping(
      mapToSource({ width: 10, height: 10, fit: 'stretch' }, { width: 100, height: 100 }, crop),
      10,
      10,
      100,
      100,
    );
    const [box] = boxes(tensor([1, 5], [0, 0, 10, 10, 1]), { columns: columns.slice(0, 5), image: turned });
    const half = 10 * Math.SQRT2;
    expect(box).toMatchObject({
      x: expect.closeTo(50 - half),
      y: expect.closeTo(50 - half),
      width: expect.closeTo(2 * half),
      height: expect.closeTo(2 * half),
    });
  });

  it('leaves out boxes that are not finite, or empty', () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    const rows = [
      [nan, 0, 1, 1, 1, 0],
      [0, 0, infinity, 1, 1, 0],
      [0, 0, 1, 1, nan, 0],
      [0, 0, 1, 1, infinity, 0],
      [0, 0, 1, 1, 1, nan],
      [0, 0, 0, 1, 1, 0],
      [2, 0, 1, 1, 1, 0],
    ];
    expect(boxes(tensor([7, 6], rows.flat()), { columns })).toEqual([]);
    expect(boxes(tensor([1, 0, 4], []), { columns: columns.slice(0, 4), scores: tensor([1, 0, 3], []) })).toEqual([]);
  });

  const corner = fc.integer({ min: 0, max: 4 });
  const side = fc.integer({ min: 1, max: 4 });
  const row = fc
    .tuple(corner, corner, side, side, fc.constantFrom(0.1, 0.3, 0.5, 0.7, 0.9), fc.integer({ min: 0, max: 1 }))
    .map(([x, y, width, height, score, index]) => [x, y, x + width, y + height, score, index]);
  const many = fc.array(row, { maxLength: 20, size: 'max' });
  const overlap = (one: Box<unknown>, other: Box<unknown>) => {
    let shared = 0;
    for (let x = one.x; x < one.x + one.width; x++) {
      for (let y = one.y; y < one.y + one.height; y++) {
        if (x >= other.x && x < other.x + other.width && y >= other.y && y < other.y + other.height) shared++;
      }
    }
    return shared / (one.width * one.height + other.width * other.height - shared);
  };

  it('keeps the best of overlapping boxes, per class', () => {
    fc.assert(
      fc.property(many, fc.constantFrom(0, 0.25, 0.5, 0.8), (rows, maxOverlap) => {
        const given = tensor([rows.length, 6], rows.flat());
        const all = boxes(given, { columns, maxOverlap: 1, minScore: 0, max: 1000 });
        const kept = boxes(given, { columns, maxOverlap, minScore: 0 });
        expect(all).toHaveLength(rows.length);
        const covers = (better: Box<unknown>, box: Box<unknown>) => better.index === box.index && overlap(better, box) > maxOverlap;
        for (const [place, box] of kept.entries()) {
          expect(kept.slice(0, place).some((better) => covers(better, box) || better.score < box.score)).toBe(false);
        }
        for (const box of all) {
          const isKept = kept.some((other) => JSON.stringify(other) === JSON.stringify(box));
          expect(isKept || kept.some((better) => better.score >= box.score && covers(better, box))).toBe(true);
        }
      }),
      seeded,
    );
  });

  it('keeps every box where any overlap will do, whatever the mapping rounds', () => {
    const image = imageMapping(mapToSource({ width: 7, height: 7, fit: 'stretch' }, { width: 10, height: 10 }), 7, 7, 10, 10);
    const twins = Array.from({ length: 999 }, (_, index) => [index / 999, index / 888, 3 + index / 777, 3 + index / 666, 1, index]);
    expect(boxes(tensor([1998, 6], [...twins, ...twins].flat()), { columns, image, maxOverlap: 1, max: 2000 })).toHaveLength(1998);
  });

  it('keeps at most `max`, none below `minScore`', () => {
    fc.assert(
      fc.property(many, fc.integer({ min: 0, max: 5 }), (rows, max) => {
        const given = tensor([rows.length, 6], rows.flat());
        const all = boxes(given, { columns, minScore: 0.5 });
        expect(all.every(({ score }) => score >= 0.5)).toBe(true);
        expect(boxes(given, { columns, minScore: 0.5, maxOverlap: 1 })).toHaveLength(
          rows.filter((values) => (values[4] as number) >= 0.5).length,
        );
        expect(boxes(given, { columns, minScore: 0.5, max })).toEqual(all.slice(0, max));
      }),
      seeded,
    );
  });

  it('refuses columns, scores, labels and rows that do not fit', () => {
    const given = tensor([1, 2, 6], [0, 0, 1, 1, 1, 7, 0, 0, 1, 1, 1, 0]);
    const corners = columns.slice(0, 4);
    expect(() => boxes(given, { columns: corners })).toThrow(wrongInput(/wants 6 columns.*\[1,2,6\].*got 4/));
    expect(() => boxes(given, { columns: ['x0', 'y0', 'x1', 'h', 'score', null] })).not.toThrow();
    expect(() => boxes(given, { columns: ['x0', 'y0', 'x1', null, 'score', null] })).toThrow(wrongInput(/'y0' and 'y1'/));
    expect(() => boxes(given, { columns: ['x0', 'y0', 'x1', 'y1', null, null] })).toThrow(wrongInput(/'score' column/));
    expect(() => boxes(given, { columns, normalized: true })).toThrow(wrongInput(/image with normalized/));
    expect(() => boxes(given, { columns, row: 1 })).toThrow(wrongInput(/row below 1/));
    expect(() => boxes(given, { columns, labels: ['a', 'b'] })).toThrow(wrongInput(/class 7.*2 labels/));
    const four = tensor([2, 4], [0, 0, 1, 1, 0, 0, 1, 1]);
    expect(() => boxes(four, { columns: corners, scores: tensor([3], [1, 1, 1]) })).toThrow(wrongInput(/\[2\] or \[2, classes\]/));
    expect(() => boxes(four, { columns: corners, scores: tensor([3, 2], [1, 1, 1, 1, 1, 1]) })).toThrow(wrongInput(/got \[3,2\]/));
    expect(() => boxes(four, { columns: corners, scores: tensor([2], [1, 1]), labels: ['a', 'b'] })).toThrow(wrongInput(/1 labels/));
  });
});

describe('keypoints', () => {
  it('reads points in model order, with their names', () => {
    const found = keypoints(tensor([1, 1, 2, 3], [1, 2, 0.5, 3, 4, 0.25]), { columns: ['y', 'x', 'score'], names: ['nose', 'eye'] });
    expect(found).toEqual([
      { name: 'nose', x: 2, y: 1, score: 0.5 },
      { name: 'eye', x: 4, y: 3, score: 0.25 },
    ]);
    expectTypeOf(found[0].name).toEqualTypeOf<'nose' | 'eye'>();
    expectTypeOf(found[1]).toEqualTypeOf<Keypoint<'nose' | 'eye'> | undefined>();
  });

  it('reads points that are written in one flat row', () => {
    const found = keypoints(tensor([1, 8], [1, 2, 3, 99, 4, 5, 6, 99]), { columns: ['x', 'y', 'z', null] });
    expect(found).toEqual([
      { name: undefined, x: 1, y: 2, z: 3 },
      { name: undefined, x: 4, y: 5, z: 6 },
    ]);
  });

  it('reads the person that is asked for', () => {
    const points = [1, 2, 3, 4, 5, 6, 7, 8];
    for (const shape of [
      [2, 2, 2],
      [2, 4],
    ]) {
      expect(keypoints(tensor(shape, points), { columns: ['x', 'y'], row: 1 }).map(({ x, y }) => [x, y])).toEqual([
        [5, 6],
        [7, 8],
      ]);
    }
  });

  it('maps to source pixels, beyond the edges as well', () => {
    const at = (normalized: boolean, x: number, y: number) =>
      keypoints(tensor([1, 2], [x, y]), { columns: ['x', 'y'], normalized, image: contained })[0];
    expect(at(false, 10, 10)).toMatchObject({ x: 50, y: 25 });
    expect(at(true, 0.5, 0.5)).toMatchObject({ x: 50, y: 25 });
    expect(at(true, 0, 0)).toMatchObject({ x: 0, y: -25 });
  });

  it('refuses a tensor without any point, so that the first one is always there', () => {
    for (const shape of [
      [1, 0, 3],
      [0, 3],
      [1, 0],
    ]) {
      expect(() => keypoints(tensor(shape, []), { columns: ['y', 'x', 'score'] })).toThrow(PannierError);
    }
  });

  it('refuses columns, names and rows that do not fit', () => {
    const given = tensor([1, 2, 3], [1, 2, 3, 4, 5, 6]);
    expect(() => keypoints(given, { columns: ['x', 'y'] })).toThrow(wrongInput(/2 columns for shape \[1,2,3\]/));
    expect(() => keypoints(given, { columns: ['x', null, null] })).toThrow(wrongInput(/'x' and 'y'/));
    expect(() => keypoints(given, { columns: ['x', 'y', 'z'], names: ['a'] })).toThrow(wrongInput(/2 names.*got 1/));
    expect(() => keypoints(given, { columns: ['x', 'y', 'z'], row: 1 })).toThrow(wrongInput(/row below 1/));
    expect(() => keypoints(given, { columns: ['x', 'y', 'z'], normalized: true })).toThrow(wrongInput(/image with normalized/));
  });
});

describe('maskImage', () => {
  const alphas = (data: Uint8ClampedArray) => [...data].filter((_, index) => index % 4 === 3);

  it('turns values into opacity', () => {
    const { data, width, height } = maskImage(tensor([1, 2, 3, 1], [0, 0.2, 1, -4, 7, Number.NaN]));
    expect([width, height]).toEqual([3, 2]);
    expect(data).toBeInstanceOf(Uint8ClampedArray);
    expect(alphas(data)).toEqual([0, 51, 255, 0, 255, 0]);
    expect([...data.subarray(0, 4)]).toEqual([255, 255, 255, 0]);
  });

  it('splits at a threshold, in a colour', () => {
    const { data } = maskImage(tensor([1, 3], [0.4, 0.5, Number.NaN]), { threshold: 0.5, color: [1, 2, 3] });
    expect([...data]).toEqual([1, 2, 3, 0, 1, 2, 3, 255, 1, 2, 3, 0]);
  });

  it('reads one channel of several, and bool', () => {
    expect(alphas(maskImage(tensor([1, 1, 2, 2], [0, 0, 1, 1])).data)).toEqual([0, 0, 255, 255]);
    expect(alphas(maskImage(tensor([2, 1, 2], [0, 1, 0.2, 0]), { channel: 1 }).data)).toEqual([255, 0]);
    expect(alphas(maskImage({ dtype: 'bool', shape: [2, 1], data: Uint8Array.of(0, 1) }).data)).toEqual([0, 255]);
  });

  it('knows the shapes of one mask', () => {
    const size = (...shape: number[]) => {
      const { width, height } = maskImage(tensor(shape, new Float32Array(sizeOf(shape))));
      return [height, width];
    };
    for (const shape of [
      [2, 3],
      [1, 2, 3],
      [2, 3, 1],
      [1, 2, 3, 4],
      [1, 1, 2, 3],
    ])
      expect(size(...shape)).toEqual([2, 3]);
    expect(size(1, 3)).toEqual([1, 3]);
    expect(() => size(3)).toThrow(wrongInput(/got shape \[3\]/));
    expect(() => size()).toThrow(PannierError);
    expect(() => size(2, 2, 3, 1)).toThrow(wrongInput(/got shape \[2,2,3,1\]/));
    expect(() => maskImage(tensor([2, 2], [0, 0, 0, 0]), { channel: 1 })).toThrow(wrongInput(/no channel 1/));
  });
});
