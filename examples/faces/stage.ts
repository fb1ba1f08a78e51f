/** The picture with the faces on it: one canvas, as sharp as the screen is. */
import { CONTOURS } from './contours.js';
import type { Face, Found, Point } from './finder.js';

/** Light enough for dark hair, with a casing dark enough for a white wall; the same in both themes. */
const LINE = '#5df2cd';
const DOT = 'rgb(255 255 255 / 0.75)';
const CASING = 'rgb(4 20 16 / 0.55)';

export class Stage {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #picture: ImageBitmap | undefined;
  #isMirrored = false;
  #found: readonly Found[] = [];
  #faces: readonly Face[] = [];

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d') as CanvasRenderingContext2D;
    new ResizeObserver(() => this.#draw()).observe(canvas);
  }

  /** Shows a picture until the next, and closes the one before. @param isMirrored as people know themselves */
  show(picture: ImageBitmap, isMirrored: boolean): void {
    if (this.#picture !== picture) this.#picture?.close();
    this.#picture = picture;
    this.#isMirrored = isMirrored;
    this.mark([], []);
  }

  /** Draws faces in pixels of the picture: a box where only the detector has answered, else the mesh. */
  mark(found: readonly Found[], faces: readonly Face[]): void {
    this.#found = found.slice(faces.length);
    this.#faces = faces;
    this.#draw();
  }

  #draw(): void {
    const picture = this.#picture;
    if (picture === undefined) return;
    const canvas = this.#canvas;
    const context = this.#context;
    canvas.style.aspectRatio = `${picture.width} / ${picture.height}`;
    const density = window.devicePixelRatio;
    const scale = Math.min(canvas.clientWidth / picture.width, canvas.clientHeight / picture.height) * density;
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    context.imageSmoothingQuality = 'high';
    if (this.#isMirrored) context.setTransform(-1, 0, 0, 1, canvas.width, 0);
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    context.lineJoin = 'round';
    const unit = density * Math.max(0.75, Math.min(1.15, canvas.width / density / 520));
    for (const { box } of this.#found) strokes(context, [[...corners(box), corners(box)[0] as Point]], scale, unit);
    for (const { points, box } of this.#faces) {
      // A small face has thin lines.
      const own = unit * Math.max(0.35, Math.min(1, (box.width * scale) / density / 260));
      context.fillStyle = DOT;
      for (const { x, y } of points) context.fillRect(x * scale - 0.6 * own, y * scale - 0.6 * own, 1.2 * own, 1.2 * own);
      const lines = CONTOURS.map(({ points: numbers, isClosed }) => {
        const line = numbers.map((number) => points[number] as Point);
        return isClosed ? [...line, line[0] as Point] : line;
      });
      strokes(context, lines, scale, own);
    }
  }
}

/** Draws lines in their colour over a darker casing. */
function strokes(context: CanvasRenderingContext2D, lines: readonly (readonly Point[])[], scale: number, unit: number): void {
  for (const [color, width] of [
    [CASING, 4.5 * unit],
    [LINE, 2 * unit],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = width;
    for (const line of lines) {
      context.beginPath();
      for (const { x, y } of line) context.lineTo(x * scale, y * scale);
      context.stroke();
    }
  }
}

function corners({ x, y, width, height, rotation = 0 }: Found['box']): readonly Point[] {
  const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)];
  return [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].map(([across = 0, down = 0]) => ({
    x: x + width / 2 + (across * width * cos - down * height * sin) / 2,
    y: y + height / 2 + (across * width * sin + down * height * cos) / 2,
  }));
}
