/** Outputs of detectors in each layout: values worked out by hand, and the same boxes in all layouts. */
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { sizeOf } from '../../src/base/dtype.js';
import { BOX_LAYOUTS, type BoxLayoutName } from '../../src/manifest/box-layouts.js';
import type { BoxLayout, DetectorTensor, PoseTensor, Tensor } from '../../src/manifest/signature.js';
import { imageMapping, mapToSource } from '../../src/preprocess/mapping.js';
import { type Box, type BoxMask, boxes, type Keypoints } from '../../src/read/index.js';

const tensor = <S extends readonly number[]>(shape: S, values: Iterable<number>): Tensor<'float32', S> => {
  const data = Float32Array.from(values);
  expect(data.length).toBe(sizeOf(shape));
  return { dtype: 'float32', shape, data };
};
/** A layout by its name, as the packer writes it. */
const layout = (name: BoxLayoutName, more: Partial<BoxLayout> = {}): BoxLayout => {
  const { hasClasses: _, ...named }: BoxLayout & { hasClasses?: boolean } = BOX_LAYOUTS[name];
  return { ...named, ...more };
};
const packed = <L extends string>(shape: readonly number[], values: Iterable<number>, told: BoxLayout): DetectorTensor<L> => ({
  ...tensor(shape, values),
  layout: told as BoxLayout<L>,
});
/** Rows of values as a tensor has them that counts boxes last. */
const turned = (rows: readonly (readonly number[])[]): number[] =>
  (rows[0] ?? []).flatMap((_, column) => rows.map((row) => row[column] as number));

const wrongInput = (message: RegExp) => expect.objectContaining({ code: 'input', message: expect.stringMatching(message) });
const seeded = { seed: 20261129, numRuns: 200 };

/** A 100 × 50 picture seen by a 20 × 20 model: five source pixels for each of the model's, bars of five above and below. */
const contained = imageMapping(mapToSource({ width: 20, height: 20, fit: 'contain' }, { width: 100, height: 50 }), 20, 20, 100, 50);

describe('the layouts of detectors', () => {
  it('yolov8: boxes last, a centre, a size and a score for each class', () => {
    const rows = [
      [10, 10, 4, 2, 0.1, 0.9],
      [5, 6, 2, 2, 0.75, 0.2],
      [15, 10, 2, 2, 0.29, 0.1],
    ];
    const output = packed<'cat' | 'dog'>([1, 6, 3], turned(rows), layout('yolov8', { classes: 2, labels: ['cat', 'dog'] }));
    const found = boxes(output);
    expect(found).toEqual([
      { x: 8, y: 9, width: 4, height: 2, score: Math.fround(0.9), label: 'dog', index: 1 },
      { x: 4, y: 5, width: 2, height: 2, score: 0.75, label: 'cat', index: 0 },
    ]);
    expectTypeOf(found).toEqualTypeOf<Box<'cat' | 'dog'>[]>();
    expect(boxes(output, { image: contained })).toEqual([
      { x: 40, y: 20, width: 20, height: 10, score: Math.fround(0.9), label: 'dog', index: 1 },
      { x: 20, y: 0, width: 10, height: 10, score: 0.75, label: 'cat', index: 0 },
    ]);
  });

  it('yolov5: an objectness, by which the score of the best class is multiplied', () => {
    const rows = [10, 10, 4, 2, 0.5, 0.25, 0.75, 5, 6, 2, 2, 0.25, 1, 0];
    const output = packed([1, 2, 7], rows, layout('yolov5', { classes: 2 }));
    expect(boxes(output, { minScore: 0.2 })).toEqual([
      { x: 8, y: 9, width: 4, height: 2, score: 0.375, label: undefined, index: 1 },
      { x: 4, y: 5, width: 2, height: 2, score: 0.25, label: undefined, index: 0 },
    ]);
  });

  it('yolov10: corners, a score and a class, each box kept', () => {
    const rows = [0, 0, 4, 4, 0.75, 1, 0, 0, 4, 4, 0.5, 1, 0, 0, 0, 0, 0, 0];
    const found = boxes(packed([1, 3, 6], rows, layout('yolov10', { labels: ['cat', 'dog'] })));
    expect(found).toEqual([
      { x: 0, y: 0, width: 4, height: 4, score: 0.75, label: 'dog', index: 1 },
      { x: 0, y: 0, width: 4, height: 4, score: 0.5, label: 'dog', index: 1 },
    ]);
    expect(boxes(packed([1, 3, 6], rows, layout('yolov10')), { maxOverlap: 0.5 })).toHaveLength(1);
  });

  it('rtdetr: a centre and a size of 0…1, and a score for each class', () => {
    const output = packed([1, 3, 6], [0.5, 0.5, 0.2, 0.1, 0.5, 0.25, ...Array(12).fill(0)], layout('rtdetr', { classes: 2 }));
    const [box] = boxes(output, { image: contained });
    expect(box).toEqual({
      x: expect.closeTo(40, 4),
      y: expect.closeTo(20, 4),
      width: expect.closeTo(20, 4),
      height: expect.closeTo(10, 4),
      score: 0.5,
      label: undefined,
      index: 0,
    });
    expect(() => boxes(output)).toThrow(wrongInput(/wants an image with normalized/));
  });

  it('ssd: boxes, classes, scores and a count, each of its own', () => {
    const output = packed([1, 3, 4], [0.5, 0.25, 0.75, 0.5, 0, 0, 1, 1, 0.25, 0, 0.75, 1], layout('ssd', { labels: ['cat', 'dog'] }));
    const scores = tensor([1, 3], [0.75, 0.5, 0.9]);
    const parts = { scores, classes: tensor([1, 3], [1, 0, 1]), count: tensor([1], [2]), image: contained };
    // The model's lower half is 25 source pixels and a bar.
    expect(boxes(output, parts)).toEqual([
      { x: 25, y: 25, width: 25, height: 25, score: 0.75, label: 'dog', index: 1 },
      { x: 0, y: 0, width: 100, height: 50, score: 0.5, label: 'cat', index: 0 },
    ]);
    expect(() => boxes(output, { image: contained })).toThrow(wrongInput(/'score' column or scores/));
    expect(() => boxes(output, { ...parts, classes: tensor([1, 2], [1, 0]) })).toThrow(wrongInput(/scores and classes of 3 boxes/));
    expect(() => boxes(output, { ...parts, count: Promise.resolve() as never })).toThrow(wrongInput(/^boxes with count wants a tensor/));
  });

  it('reads the picture of a batch', () => {
    const first = turned([[10, 10, 4, 2, 0.9]]);
    const second = turned([[5, 6, 2, 2, 0.75]]);
    const output = packed([2, 5, 1], [...first, ...second], layout('yolov8', { classes: 1 }));
    expect(boxes(output, { row: 1 })).toMatchObject([{ x: 4, y: 5, score: 0.75 }]);
  });

  it('lets columns and labels of the call precede those of the packer', () => {
    const output = packed([1, 1, 6], [0, 0, 4, 2, 0.75, 1], layout('yolov10', { labels: ['a', 'b'] }));
    expect(boxes(output, { columns: ['x0', 'y0', 'w', 'h', 'score', null], labels: ['z'] })).toMatchObject([{ width: 4, label: 'z' }]);
  });

  it('are told apart where one does not fit', () => {
    const raw = tensor([1, 84, 8400], new Float32Array(84 * 8400));
    expect(() => boxes(raw, {})).toThrow(
      wrongInput(/boxes wants columns, but got none\..*Its shape is that of layout 'yolov8': pack the model with it/),
    );
    expect(() => boxes(raw, { columns: ['x0', 'y0', 'x1', 'y1', 'score', 'class'] })).toThrow(
      wrongInput(/wants 8400 columns for shape \[1,84,8400\], but got 6\. Its shape is that of layout 'yolov8'/),
    );
    const objects = tensor([1, 25200, 85], new Float32Array(25200 * 85));
    expect(() => boxes(objects, {})).toThrow(wrongInput(/layout 'yolov5' or 'rtdetr'/));
    expect(() => boxes({ ...objects, layout: layout('yolov8', { classes: 80 }) })).toThrow(wrongInput(/wants 25200 columns.*got 84/));
    expect(() => boxes(tensor([3], [1, 2, 3]), {})).toThrow(wrongInput(/null for what is skipped\./));
  });

  it('oriented boxes are refused by name', () => {
    const output = packed([1, 6, 1], [1, 1, 1, 1, 0.9, 0.1], layout('yolov8', { classes: 1, oriented: true }));
    expect(() => boxes(output)).toThrow(wrongInput(/oriented detector \(obb\)/));
  });

  const place = fc.integer({ min: 0, max: 64 });
  const size = fc.integer({ min: 1, max: 32 });
  const score = fc.integer({ min: 1, max: 64 }).map((sixtyFourths) => sixtyFourths / 64);
  const many = fc.array(fc.tuple(place, place, size, size, score, fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 20 });

  it('the same boxes are found in all of them', () => {
    fc.assert(
      fc.property(many, (objects) => {
        const options = { maxOverlap: 0.5, minScore: 0.25, image: imageMapping({ a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }, 64, 64, 96, 96) };
        const oneHot = (index: number, score: number) => [0, 1, 2, 3].map((each) => (each === index ? score : 0));
        const centred = ([x, y, w, h]: readonly number[]) => [x! + w! / 2, y! + h! / 2, w!, h!];
        const count = objects.length;
        const wanted = boxes(tensor([1, count, 6], objects.flat()), { columns: ['x0', 'y0', 'w', 'h', 'score', 'class'], ...options });
        const forms: Tensor[] = [
          packed(
            [1, 8, count],
            turned(objects.map((one) => [...centred(one), ...oneHot(one[5], one[4])])),
            layout('yolov8', { classes: 4 }),
          ),
          packed(
            [1, count, 9],
            objects.flatMap((one) => [...centred(one), 0.5, ...oneHot(one[5], 2 * one[4])]),
            layout('yolov5', { classes: 4 }),
          ),
          packed(
            [1, count, 6],
            objects.flatMap(([x, y, w, h, ...more]) => [x, y, x + w, y + h, ...more]),
            layout('yolov10'),
          ),
          packed(
            [1, count, 8],
            objects.flatMap((one) => [...centred(one).map((each) => each / 64), ...oneHot(one[5], one[4])]),
            layout('rtdetr', { classes: 4 }),
          ),
        ];
        for (const form of forms) expect(boxes(form, options)).toEqual(wanted);
        const corners = packed(
          [1, count, 4],
          objects.flatMap(([x, y, w, h]) => [y, x, y + h, x + w].map((each) => each / 64)),
          layout('ssd'),
        );
        const scores = tensor(
          [1, count],
          objects.map((one) => one[4]),
        );
        const classes = tensor(
          [1, count],
          objects.map((one) => one[5]),
        );
        expect(boxes(corners, { scores, classes, count: tensor([1], [count]), ...options })).toEqual(wanted);
      }),
      seeded,
    );
  });
});

describe('poses', () => {
  it('have the points of each box, in source pixels', () => {
    const points = [10, 10, 0.5, 0, 5, 0.25];
    const output = {
      ...tensor([1, 11, 1] as const, [10, 10, 4, 2, 0.75, ...points]),
      layout: layout('yolov8', { classes: 1, points: [2, 3], pointNames: ['nose', 'tail'], labels: ['cat'] }),
    } as PoseTensor<'cat'>;
    const found = boxes(output, { image: contained });
    expect(found).toEqual([
      {
        ...{ x: 40, y: 20, width: 20, height: 10, score: 0.75, label: 'cat', index: 0 },
        points: [
          { name: 'nose', x: 50, y: 25, score: 0.5 },
          { name: 'tail', x: 0, y: 0, score: 0.25 },
        ],
      },
    ]);
    expectTypeOf(found).toEqualTypeOf<(Box<'cat'> & { readonly points: Keypoints<string | undefined> })[]>();
  });

  it('may have points of two values, after a score and a class', () => {
    const output = packed([1, 1, 8], [0, 0, 4, 4, 0.75, 0, 1, 2], layout('yolov10', { points: [1, 2] }));
    expect(boxes(output)).toMatchObject([{ points: [{ name: undefined, x: 1, y: 2 }] }]);
  });
});

describe('masks', () => {
  const sigmoid = (logit: number) => expect.closeTo(1 / (1 + Math.exp(-logit)), 6);
  /** An 80 × 40 picture seen by an 8 × 8 model. */
  const image = imageMapping(mapToSource({ width: 8, height: 8, fit: 'contain' }, { width: 80, height: 40 }), 8, 8, 80, 40);
  /** The left half of the picture, and all of it, in pixels of twice the model's. */
  const [left, all] = [Array.from({ length: 16 }, (_, at) => (at % 4 < 2 ? 1 : 0)), Array<number>(16).fill(1)];
  const prototypes = tensor([1, 2, 4, 4], [...left, ...all]);
  /** Coefficients by which the left half is 2, and the right half −2. */
  const segmenter = (cx: number, w: number) =>
    packed<'cat'>([1, 7, 1], [cx, 4, w, 4, 0.75, 4, -2], layout('yolov8', { classes: 1, coefficients: 2, labels: ['cat'] }));

  it('are the sigmoid of the sum of prototypes under the box', () => {
    const found = boxes(segmenter(4, 8), { image, prototypes });
    const row = [sigmoid(2), sigmoid(2), sigmoid(-2), sigmoid(-2)];
    expect(found).toMatchObject([{ x: 0, y: 0, width: 80, height: 40, label: 'cat', mask: { dtype: 'float32', shape: [2, 4] } }]);
    expect([...(found[0]?.mask.data ?? [])]).toEqual([...row, ...row]);
    expectTypeOf(found).toEqualTypeOf<(Box<'cat'> & { readonly mask: BoxMask })[]>();
    expect(boxes(segmenter(4, 8), { image })[0]).not.toHaveProperty('mask');
  });

  it('lie between the pixels of the prototypes', () => {
    const [box] = boxes(segmenter(4, 6), { image, prototypes });
    expect(box).toMatchObject({ x: 10, width: 60, mask: { shape: [2, 3] } });
    expect([...(box?.mask.data ?? [])].slice(0, 3)).toEqual([sigmoid(2), 0.5, sigmoid(-2)]);
  });

  it('are read from prototypes that come last, and from another row of a batch', () => {
    const last = tensor([2, 4, 4, 2], [...Array(32).fill(9), ...left.flatMap((value, at) => [value, all[at] as number])]);
    const one = segmenter(4, 8);
    const batch = { ...one, ...tensor([2, 7, 1], [...Array(7).fill(0), ...one.data]) };
    const [box] = boxes(batch, { image, prototypes: last, row: 1 });
    expect([...(box?.mask.data ?? [])].slice(0, 4)).toEqual([sigmoid(2), sigmoid(2), sigmoid(-2), sigmoid(-2)]);
  });

  it('are empty where a turned box does not reach', () => {
    const crop = { x: 0, y: 0, width: 80, height: 80, rotation: Math.PI / 4 };
    const mapped = imageMapping(mapToSource({ width: 8, height: 8, fit: 'stretch' }, { width: 80, height: 80 }, crop), 8, 8, 80, 80);
    const square = packed([1, 7, 1], [4, 4, 4, 4, 0.75, 0, 4], layout('yolov8', { classes: 1, coefficients: 2 }));
    const [box] = boxes(square, { image: mapped, prototypes });
    const [height = 0, width = 0] = box?.mask.shape ?? [];
    expect(box?.mask.data[0]).toBe(0);
    expect(box?.mask.data[Math.floor(height / 2) * width + Math.floor(width / 2)]).toEqual(sigmoid(4));
  });

  it('are no larger than the prototypes, however far a box reaches', () => {
    const crop = { x: 0, y: 0, width: 1, height: 1 };
    const mapped = imageMapping(
      mapToSource({ width: 8, height: 8, fit: 'stretch' }, { width: 9000, height: 9000 }, crop),
      8,
      8,
      9000,
      9000,
    );
    expect(boxes(segmenter(4, 1e9), { image: mapped, prototypes })[0]?.mask.shape).toEqual([2, 4]);
  });

  it('refuse what does not belong to them', () => {
    expect(() => boxes(segmenter(4, 8), { prototypes })).toThrow(wrongInput(/image with prototypes/));
    expect(() => boxes(segmenter(4, 8), { image, prototypes: tensor([1, 3, 1, 1], [1, 2, 3]) })).toThrow(
      wrongInput(/shape \[1, 2, height, width\]/),
    );
    const plain = packed([1, 5, 1], [4, 4, 8, 4, 0.75], layout('yolov8', { classes: 1 }));
    expect(() => boxes(plain, { image, prototypes })).toThrow(wrongInput(/a layout with coefficients/));
  });
});

it('a tensor whose values are not as many as its shape says is refused', () => {
  const cut = { ...tensor([2], [1, 2]), shape: [1, 6, 2] };
  expect(() => boxes(cut, {})).toThrow(wrongInput(/wants a tensor of shape \[1,6,2\], but got 2 values/));
});
