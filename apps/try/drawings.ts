/** Draws one output in the chosen way. */
import type { BoxLayout, ImageMapping, Tensor } from '../../src/index.js';
import { type BoxColumn, boxes, type KeypointColumn, keypoints, maskImage, topK } from '../../src/read/index.js';
import { make } from './element.js';
import type { DrawingSettings } from './guess.js';
import { columnsOf } from './program-text.js';

/** The data of a drawing. */
export interface Drawn {
  readonly tensor: Tensor & { readonly layout?: BoxLayout };
  readonly settings: DrawingSettings;
  readonly labels: readonly string[];
  /** Scores of boxes. */
  readonly scores: Tensor | undefined;
  /** The picture that the model was given, and the mapping of its tensor. */
  readonly bitmap: ImageBitmap | undefined;
  readonly image: ImageMapping | undefined;
}

/** @throws {PannierError} `input` if the settings do not fit the tensor */
export function draw(drawn: Drawn): HTMLElement {
  return DRAWINGS[drawn.settings.kind](drawn);
}

const DRAWINGS = { classes: drawClasses, boxes: drawBoxes, keypoints: drawKeypoints, mask: drawMask, heat: drawHeat, table: drawTable };

/** Largest width of a canvas, in its own pixels. */
const WIDEST = 960;
const ACCENT = '#5df2cd';
const SHADE = 'rgb(6 16 13 / 0.75)';

function drawClasses({ tensor, settings, labels }: Drawn): HTMLElement {
  const ranked = topK(tensor, { k: 8, values: settings.values, ...(labels.length > 0 && { labels }) });
  const highest = Math.max(...ranked.map(({ score }) => Math.abs(score)), Number.MIN_VALUE);
  const rows = ranked.map(({ label, index, score }) => {
    const bar = make('span', { className: 'level' });
    bar.style.inlineSize = `${(100 * Math.max(0, score)) / highest}%`;
    return make('li', {}, make('b', {}, label ?? `class ${index}`), make('span', { className: 'track' }, bar), make('i', {}, short(score)));
  });
  return make('ol', { className: 'classes' }, ...rows);
}

function drawBoxes({ tensor, settings, labels, scores, bitmap, image }: Drawn): HTMLElement {
  const { normalized, minScore } = settings;
  const columns = columnsOf<BoxColumn>(settings.columns);
  const found = boxes(tensor, {
    ...(columns.length > 0 && { columns, normalized }),
    minScore,
    ...(labels.length > 0 && { labels }),
    ...(scores !== undefined && { scores }),
    ...(image !== undefined && { image }),
  });
  const { canvas, context, scale } = overPicture(bitmap, image);
  context.font = `600 ${13 * scale}px ui-sans-serif, sans-serif`;
  for (const { x, y, width, height, score, label, index } of found) {
    outline(context, scale, () => context.rect(x, y, width, height));
    const text = `${label ?? `class ${index}`} ${short(score)}`;
    const above = Math.max(y - 20 * scale, 0);
    context.fillStyle = SHADE;
    context.fillRect(x, above, context.measureText(text).width + 10 * scale, 20 * scale);
    context.fillStyle = ACCENT;
    context.fillText(text, x + 5 * scale, above + 14 * scale);
  }
  const rows = found.map(({ x, y, width, height, score, label, index }) => [label ?? `class ${index}`, x, y, width, height, score]);
  const caption = found.length === 0 ? `No box has a score of ${minScore} or more.` : `${found.length} boxes, in pixels of the picture`;
  return onPicture(canvas, caption, ['class', 'x', 'y', 'width', 'height', 'score'], rows);
}

/** Points with a lower score are drawn faintly. */
const SEEN_SCORE = 0.3;

function drawKeypoints({ tensor, settings, labels, bitmap, image }: Drawn): HTMLElement {
  const points = keypoints(tensor, {
    columns: columnsOf<KeypointColumn>(settings.columns),
    ...{ normalized: settings.normalized, row: settings.row },
    ...(labels.length > 0 && { names: labels }),
    ...(image !== undefined && { image }),
  });
  const { canvas, context, scale } = overPicture(bitmap, image);
  const radius = (points.length > 60 ? 2 : 5) * scale;
  context.font = `600 ${12 * scale}px ui-sans-serif, sans-serif`;
  for (const [index, { x, y, score = 1 }] of points.entries()) {
    context.globalAlpha = score < SEEN_SCORE ? 0.3 : 1;
    context.fillStyle = ACCENT;
    context.strokeStyle = SHADE;
    context.lineWidth = 2 * scale;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
    context.fill();
    if (points.length > 60) continue;
    context.lineWidth = 3 * scale;
    context.strokeText(String(index), x + radius * 1.4, y - radius);
    context.fillText(String(index), x + radius * 1.4, y - radius);
  }
  const rows = points.map(({ name, x, y, z, score }, index) => [
    name ?? String(index),
    x,
    y,
    ...[z, score].filter((each) => each !== undefined),
  ]);
  const [first] = points;
  const heads = ['point', 'x', 'y', ...(first?.z === undefined ? [] : ['z']), ...(first?.score === undefined ? [] : ['score'])];
  return onPicture(canvas, `${points.length} points, in pixels of the picture`, heads, rows);
}

function drawMask({ tensor, settings, bitmap, image }: Drawn): HTMLElement {
  const { channel, threshold } = settings;
  const { data, width, height } = maskImage(tensor, { channel, color: [93, 242, 205], ...(threshold !== undefined && { threshold }) });
  const { canvas, context } = overPicture(bitmap, image);
  const mask = new OffscreenCanvas(width, height);
  mask.getContext('2d')?.putImageData(new ImageData(data, width, height), 0, 0);
  const zero = image?.toSource(0, 0) ?? { x: 0, y: 0 };
  const end = image?.toSource(image.width, image.height) ?? { x: canvas.width, y: canvas.height };
  context.globalAlpha = 0.7;
  context.drawImage(mask, zero.x, zero.y, end.x - zero.x, end.y - zero.y);
  return onPicture(canvas, `${width} × ${height} values over the picture`, [], []);
}

function drawHeat({ tensor, settings }: Drawn): HTMLElement {
  const { shape, data } = tensor;
  const first = shape.findIndex((size, axis) => size !== 1 || shape.length - axis === 2);
  const [height = 1, width = 1, channels = 1] = shape.slice(Math.max(0, first));
  const at = (pixel: number) => data[pixel * channels + Math.min(settings.channel, channels - 1)] as number;
  let [min, max] = [Infinity, -Infinity];
  for (let pixel = 0; pixel < width * height; pixel++) [min, max] = [Math.min(min, at(pixel)), Math.max(max, at(pixel))];
  const pixels = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) pixels.data.set(warmth((at(pixel) - min) / (max - min || 1)), 4 * pixel);
  const canvas = make('canvas', { width, height, className: 'heat', role: 'img', ariaLabel: `Heat map of ${width} × ${height} values` });
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
  return make('figure', {}, canvas, make('figcaption', {}, `${width} × ${height}, dark is ${short(min)}, bright is ${short(max)}`));
}

/** Dark blue, violet, orange, light yellow: each lighter than the one before. */
const WARMTH = [
  [16, 18, 52],
  [96, 32, 118],
  [206, 72, 84],
  [250, 154, 62],
  [252, 246, 190],
] as const;

function warmth(share: number): [number, number, number, number] {
  const place = Math.min(Math.max(share, 0), 1) * (WARMTH.length - 1);
  const index = Math.min(Math.floor(place), WARMTH.length - 2);
  const [low, high] = [WARMTH[index], WARMTH[index + 1]] as [readonly number[], readonly number[]];
  const mixed = low.map((each, channel) => each + ((high[channel] as number) - each) * (place - index));
  return [...(mixed as [number, number, number]), 255];
}

const ROWS = 50;
const COLUMNS = 12;

function drawTable({ tensor: { data, shape } }: Drawn): HTMLElement {
  const across = shape.at(-1) ?? 1;
  const shown = Math.min(across, COLUMNS);
  const count = across === 0 ? 0 : Math.min(data.length / across, ROWS);
  const rows = Array.from({ length: count }, (_, row) => [
    String(row),
    ...Array.from({ length: shown }, (_, column) => data[row * across + column] as number),
  ]);
  const heads = ['', ...Array.from({ length: shown }, (_, column) => String(column))];
  const isCut = shown * count < data.length;
  const caption = isCut ? `The first ${shown * count} of ${data.length} values` : `${data.length} value${data.length === 1 ? '' : 's'}`;
  return make('figure', {}, make('div', { className: 'scroll', tabIndex: 0 }, table(heads, rows)), make('figcaption', {}, caption));
}

function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): HTMLTableElement {
  const head = make('thead', {}, make('tr', {}, ...heads.map((text) => make('th', { scope: 'col' }, text))));
  const cell = (value: string | number, column: number) =>
    column === 0 ? make('th', { scope: 'row' }, String(value)) : make('td', {}, typeof value === 'number' ? short(value) : value);
  return make('table', {}, head, make('tbody', {}, ...rows.map((row) => make('tr', {}, ...row.map(cell)))));
}

/** A canvas with the picture on it, in the picture's pixels; without a picture, an empty one of the tensor's size. */
function overPicture(bitmap: ImageBitmap | undefined, image: ImageMapping | undefined) {
  const [width, height] = bitmap === undefined ? [image?.width ?? 320, image?.height ?? 320] : [bitmap.width, bitmap.height];
  // Pixels of the picture per pixel of a screen of usual width: strokes keep their weight.
  const scale = Math.max(width, height) / 480;
  const shrunk = Math.min(1, WIDEST / Math.max(width, height)) * (Math.max(width, height) < 480 ? 480 / Math.max(width, height) : 1);
  const canvas = make('canvas', { width: Math.round(width * shrunk), height: Math.round(height * shrunk), role: 'img' });
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.scale(shrunk, shrunk);
  if (bitmap !== undefined) context.drawImage(bitmap, 0, 0);
  return { canvas, context, scale };
}

function outline(context: CanvasRenderingContext2D, scale: number, path: () => void): void {
  for (const [style, width] of [
    [SHADE, 4],
    [ACCENT, 2],
  ] as const) {
    context.beginPath();
    path();
    context.strokeStyle = style;
    context.lineWidth = width * scale;
    context.stroke();
  }
}

function onPicture(canvas: HTMLCanvasElement, caption: string, heads: readonly string[], rows: readonly (readonly (string | number)[])[]) {
  canvas.ariaLabel = caption;
  const list = make(
    'details',
    {},
    make('summary', {}, 'As a table'),
    make('div', { className: 'scroll', tabIndex: 0 }, table(heads, rows)),
  );
  return make('figure', {}, canvas, make('figcaption', {}, caption), ...(rows.length > 0 ? [list] : []));
}

/** Four significant digits. */
export function short(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4 ? value.toExponential(2) : value.toFixed(Math.max(0, 3 - Math.floor(Math.log10(size))));
}
