/** The parts of the page that reads texts which need no model: boxes from a map of probabilities, and text from labels. */
import { describe, expect, it } from 'vitest';
import { type Box, cornersOf, findBoxes, inRows } from '../../examples/ocr/boxes.js';
import { decode } from '../../examples/ocr/decode.js';
import { lineSize, pictureSize } from '../../examples/ocr/sizes.js';

const WIDTH = 200;
const HEIGHT = 120;

/** A map with these rectangles in it. */
function mapOf(rectangles: readonly Box[], probability = 0.9): Float32Array {
  const map = new Float32Array(WIDTH * HEIGHT);
  for (const { x, y, width, height, rotation } of rectangles) {
    for (let index = 0; index < map.length; index++) {
      const [right, down] = [(index % WIDTH) + 0.5 - x - width / 2, Math.floor(index / WIDTH) + 0.5 - y - height / 2];
      const along = right * Math.cos(rotation) + down * Math.sin(rotation);
      const across = down * Math.cos(rotation) - right * Math.sin(rotation);
      if (Math.abs(along) <= width / 2 && Math.abs(across) <= height / 2) map[index] = probability;
    }
  }
  return map;
}

const same = (x: number, y: number) => ({ x, y });

/** The growth of a box on each side: 1.5 times its area over its perimeter. */
const growthOf = ({ width, height }: Box) => (1.5 * width * height) / (2 * (width + height));

describe('boxes', () => {
  it.each([0, 0.2, -0.5, 0.7, Math.PI / 2 - 0.1])('are found, turned by %f', (rotation) => {
    const planted: Box = { x: 60, y: 50, width: 80, height: 16, rotation };
    const [box, ...others] = findBoxes(mapOf([planted]), WIDTH, same) as [Box];
    expect(others).toEqual([]);
    const by = growthOf(planted);
    expect(Math.abs(box.width - planted.width - 2 * by)).toBeLessThan(4);
    expect(Math.abs(box.height - planted.height - 2 * by)).toBeLessThan(4);
    expect(box.x + box.width / 2).toBeCloseTo(100, 0);
    expect(box.y + box.height / 2).toBeCloseTo(58, 0);
    expect(Math.abs(box.rotation - rotation)).toBeLessThan(0.03);
  });

  it('are exact where they are level', () => {
    const planted: Box = { x: 20, y: 30, width: 60, height: 12, rotation: 0 };
    const by = growthOf(planted);
    expect(findBoxes(mapOf([planted]), WIDTH, same)).toEqual([
      { x: 20 - by, y: 30 - by, width: 60 + 2 * by, height: 12 + 2 * by, rotation: expect.closeTo(0, 9) },
    ]);
  });

  it('lie in the picture, which may be larger than the map', () => {
    const planted: Box = { x: 20, y: 30, width: 60, height: 12, rotation: 0 };
    const [box] = findBoxes(mapOf([planted]), WIDTH, (x, y) => ({ x: 3 * x, y: 3 * y })) as [Box];
    expect(box.width).toBeCloseTo(3 * (60 + 2 * growthOf(planted)), 6);
  });

  it('are upright for a letter that is nearly as wide as it is high, and turned for a line that runs down', () => {
    const letter: Box = { x: 20, y: 20, width: 20, height: 24, rotation: 0 };
    const column: Box = { x: 120, y: 20, width: 12, height: 80, rotation: 0 };
    const [first, second] = findBoxes(mapOf([letter, column]), WIDTH, same) as [Box, Box];
    expect([first.rotation, Math.abs(second.rotation)]).toEqual([expect.closeTo(0, 9), expect.closeTo(Math.PI / 2, 9)]);
    expect(second.width).toBeGreaterThan(second.height);
  });

  it('do not come of specks or of what is hardly likely', () => {
    expect(findBoxes(mapOf([{ x: 20, y: 20, width: 30, height: 2, rotation: 0 }]), WIDTH, same)).toEqual([]);
    expect(findBoxes(mapOf([{ x: 20, y: 20, width: 60, height: 12, rotation: 0 }], 0.5), WIDTH, same)).toEqual([]);
  });

  it('that reach the edges stay apart', () => {
    const atEdges: Box[] = [
      { x: 0, y: 10, width: 40, height: 10, rotation: 0 },
      { x: WIDTH - 40, y: 9, width: 40, height: 10, rotation: 0 },
    ];
    expect(findBoxes(mapOf(atEdges), WIDTH, same)).toHaveLength(2);
  });

  it('have their corners where the rotation puts them', () => {
    const corners = cornersOf({ x: 0, y: 0, width: 4, height: 2, rotation: Math.PI / 2 });
    expect(corners.map(({ x, y }) => [Math.round(x), Math.round(y)])).toEqual([
      [3, -1],
      [3, 3],
      [1, 3],
      [1, -1],
    ]);
  });

  it('are in reading order on a tilted page, and on one that lies upside down', () => {
    const words = [
      ['a', 0, 0],
      ['b', 100, 0],
      ['c', 0, 20],
      ['d', 100, 20],
    ] as const;
    for (const tilt of [0.15, -0.15, Math.PI + 0.1]) {
      const lines = words.toReversed().map(([text, across, down]) => {
        const [x, y] = [across * Math.cos(tilt) - down * Math.sin(tilt), across * Math.sin(tilt) + down * Math.cos(tilt)];
        return { text, box: { x: x - 20, y: y - 6, width: 40, height: 12, rotation: tilt } };
      });
      expect(inRows(lines).map((row) => row.map(({ text }) => text))).toEqual([
        ['a', 'b'],
        ['c', 'd'],
      ]);
    }
  });
});

describe('text', () => {
  const labels = ['', 'a', 'b', ' '];
  /** One row of probabilities for each step: its label has this much, the others have the rest. */
  const steps = (all: readonly (readonly [label: string, score: number])[]) => ({
    labels,
    data: Float32Array.from(all.flatMap(([label, score]) => labels.map((each) => (each === label ? score : (1 - score) / 3)))),
  });

  it('leaves out blanks and repetitions, but keeps letters that a blank keeps apart', () => {
    const read = decode(
      steps([
        ['a', 0.9],
        ['a', 0.8],
        ['', 0.9],
        ['a', 0.7],
        ['b', 0.8],
        [' ', 0.8],
        ['b', 0.8],
        ['', 1],
      ]),
    );
    expect(read).toEqual({ text: 'aab b', score: expect.closeTo((0.9 + 0.7 + 0.8 + 0.8 + 0.8) / 5, 6) });
  });

  it('of blanks is empty, and sure of nothing', () => expect(decode(steps([['', 0.9]]))).toEqual({ text: '', score: 0 }));
});

describe('sizes', () => {
  it.each([
    [320, 240, 640, 480],
    [640, 480, 640, 480],
    [481, 640, 640, 640],
    [4_000, 3_000, 960, 736],
    [1_080, 1_920, 544, 960],
    [2_000, 2_000, 960, 960],
  ])('a picture of %i × %i is read at %i × %i', (width, height, ...wanted) => {
    const size = pictureSize({ width, height });
    expect([size.width, size.height]).toEqual(wanted);
  });

  it('a line has the size into which it is stretched least', () => {
    const widths = [10, 80, 87, 88, 999].map((width) => lineSize({ width, height: 24 }));
    expect(widths).toEqual([160, 160, 160, 192, 1_600].map((width) => ({ width, height: 48 })));
  });
});
