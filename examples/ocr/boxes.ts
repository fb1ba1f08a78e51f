/** Boxes around the lines of a text, from a map that says for each pixel how likely it belongs to one. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A rectangle as a crop takes one: `rotation` turns it clockwise about its centre, in radians. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly rotation: number;
}

/** The values of PaddleOCR's own pipeline: a pixel counts from here on, and a group of them if their mean is as high as this. */
const MIN_PIXEL = 0.3;
const MIN_MEAN = 0.6;

/** Groups less than so many pixels high are specks. */
const MIN_HEIGHT = 3;

/** A group that is so many times as high as it is wide is a line that runs up or down. */
const MIN_UPENDED = 1.5;

/** The detector marks the middle of a line: its box grows by this much, times area over perimeter, on each side. */
const GROWTH = 1.5;

/**
 * Finds the boxes of a map.
 * @param text probabilities, row by row
 * @param toSource from the map's pixels to those of the picture, in which the boxes are
 */
export function findBoxes(text: Float32Array, width: number, toSource: (x: number, y: number) => Point): Box[] {
  const isSeen = new Uint8Array(text.length);
  const boxes: Box[] = [];
  for (let start = 0; start < text.length; start++) {
    if (isSeen[start] || !isText(text[start])) continue;
    const pixels = groupAt(start, text, width, isSeen);
    const mean = pixels.reduce((sum, pixel) => sum + (text[pixel] as number), 0) / pixels.length;
    if (mean < MIN_MEAN) continue;
    const rows = edgesOfRows(pixels, width);
    const thin = narrowest(hullOf(rows));
    if (Math.min(thin.width, thin.height) < MIN_HEIGHT) continue;
    boxes.push(grown(narrowest(hullOf(rows.map(({ x, y }) => toSource(x, y))))));
  }
  return boxes;
}

const isText = (value: number | undefined): boolean => (value ?? 0) > MIN_PIXEL;

/** The pixels that touch each other, corner to corner too, beginning with one of them. */
function groupAt(start: number, text: Float32Array, width: number, isSeen: Uint8Array): number[] {
  const group = [start];
  isSeen[start] = 1;
  for (const pixel of group) {
    const column = pixel % width;
    for (const down of [-width, 0, width]) {
      for (const across of [column > 0 ? -1 : 0, 0, column < width - 1 ? 1 : 0]) {
        const next = pixel + down + across;
        if (isSeen[next] !== 0 || !isText(text[next])) continue;
        isSeen[next] = 1;
        group.push(next);
      }
    }
  }
  return group;
}

/** The corners of the first and the last pixel of each row: no others can be corners of the group. */
function edgesOfRows(pixels: readonly number[], width: number): Point[] {
  const rows = new Map<number, [first: number, last: number]>();
  for (const pixel of pixels) {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const [first, last] = rows.get(y) ?? [x, x];
    rows.set(y, [Math.min(first, x), Math.max(last, x)]);
  }
  return [...rows].flatMap(([y, [first, last]]) => [y, y + 1].flatMap((edge) => [first, last + 1].map((x) => ({ x, y: edge }))));
}

/** The convex hull, by Andrew's monotone chain. */
function hullOf(points: readonly Point[]): Point[] {
  const sorted = points.toSorted((a, b) => a.x - b.x || a.y - b.y);
  const chain = (all: readonly Point[]) => {
    const corners: Point[] = [];
    for (const point of all) {
      while (corners.length > 1 && turn(corners.at(-2) as Point, corners.at(-1) as Point, point) <= 0) corners.pop();
      corners.push(point);
    }
    return corners.slice(0, -1);
  };
  return [...chain(sorted), ...chain(sorted.toReversed())];
}

const turn = (a: Point, b: Point, c: Point): number => (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);

/** The rectangle of the least area around a hull: one of its sides lies on a side of the hull. */
function narrowest(hull: readonly Point[]): Box {
  const around = hull.map((from, index) => {
    const to = hull[(index + 1) % hull.length] as Point;
    return boxAlong(hull, Math.atan2(to.y - from.y, to.x - from.x));
  });
  return around.reduce((least, box) => (box.width * box.height < least.width * least.height ? box : least));
}

/** The rectangle around a hull whose sides are parallel to an angle. A text runs along the longer side, or the more level one if they are similar. */
function boxAlong(hull: readonly Point[], angle: number): Box {
  const level = angle - QUARTER * Math.round(angle / QUARTER);
  const [cos, sin] = [Math.cos(level), Math.sin(level)];
  const along = hull.map(({ x, y }) => x * cos + y * sin);
  const across = hull.map(({ x, y }) => y * cos - x * sin);
  const [left, right, top, bottom] = [Math.min(...along), Math.max(...along), Math.min(...across), Math.max(...across)];
  const [u, v] = [(left + right) / 2, (top + bottom) / 2];
  const centre = { x: u * cos - v * sin, y: u * sin + v * cos };
  const [length, thickness] = [right - left, bottom - top];
  if (thickness < MIN_UPENDED * length) return boxAt(centre, length, thickness, level);
  return boxAt(centre, thickness, length, level > 0 ? level - QUARTER : level + QUARTER);
}

const QUARTER = Math.PI / 2;

const boxAt = ({ x, y }: Point, width: number, height: number, rotation: number): Box => ({
  ...{ x: x - width / 2, y: y - height / 2 },
  ...{ width, height, rotation },
});

function grown({ x, y, width, height, rotation }: Box): Box {
  const by = (GROWTH * width * height) / (2 * (width + height));
  return { x: x - by, y: y - by, width: width + 2 * by, height: height + 2 * by, rotation };
}

/** The corners of a box, clockwise from the top left one of the unturned box. */
export function cornersOf({ x, y, width, height, rotation }: Box): Point[] {
  const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)];
  const [centreX, centreY] = [x + width / 2, y + height / 2];
  return [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].map(([across = 0, down = 0]) => {
    const [u, v] = [(across * width) / 2, (down * height) / 2];
    return { x: centreX + u * cos - v * sin, y: centreY + u * sin + v * cos };
  });
}

/** Puts boxes in reading order, in rows from top to bottom as the text stands, which may be tilted. */
export function inRows<T extends { readonly box: Box }>(lines: readonly T[]): T[][] {
  const angles = lines.map(({ box }) => box.rotation).sort((a, b) => a - b);
  const tilt = angles[Math.floor(angles.length / 2)] ?? 0;
  const [cos, sin] = [Math.cos(tilt), Math.sin(tilt)];
  const placed = lines.map((line) => {
    const { x, y, width, height } = line.box;
    const [centreX, centreY] = [x + width / 2, y + height / 2];
    return { line, height, across: centreX * cos + centreY * sin, down: centreY * cos - centreX * sin };
  });
  const rows: (typeof placed)[] = [];
  for (const each of placed.toSorted((a, b) => a.down - b.down)) {
    const last = rows.at(-1)?.at(-1);
    if (last !== undefined && each.down - last.down < Math.min(each.height, last.height) / 2) rows.at(-1)?.push(each);
    else rows.push([each]);
  }
  return rows.map((row) => row.toSorted((a, b) => a.across - b.across).map(({ line }) => line));
}
