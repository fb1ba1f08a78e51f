/** The picture with the skeleton on it: one canvas, as sharp as the screen is. */
import { BONES, isSeen, type Point } from './skeleton.js';

export interface Scene {
  readonly picture: ImageBitmap | HTMLVideoElement;
  readonly points: readonly Point[];
  /** As in a mirror, which is how people know themselves. */
  readonly mirrored: boolean;
}

/** Light enough for a dark suit, with a casing dark enough for a white wall; the same in both themes. */
const BONE = '#5df2cd';
const JOINT = '#ffffff';
const CASING = 'rgb(4 20 16 / 0.62)';

/** A part of the face is small. */
const FACE = /eye|ear|nose/;

export class Stage {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #scene: Scene | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d') as CanvasRenderingContext2D;
    new ResizeObserver(() => this.#draw()).observe(canvas);
  }

  /** Shows a scene until the next, and closes the last one's picture. */
  show(scene: Scene): void {
    const last = this.#scene?.picture;
    this.#scene = scene;
    this.#draw();
    if (last instanceof ImageBitmap && last !== scene.picture) last.close();
  }

  #draw(): void {
    if (this.#scene === undefined) return;
    const { picture, points, mirrored } = this.#scene;
    const [width, height] = sizeOf(picture);
    if (width === 0 || height === 0) return;
    const canvas = this.#canvas;
    const context = this.#context;
    canvas.style.aspectRatio = `${width} / ${height}`;
    const density = window.devicePixelRatio;
    const scale = Math.min(canvas.clientWidth / width, canvas.clientHeight / height) * density;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);

    context.imageSmoothingQuality = 'high';
    if (mirrored) context.setTransform(-1, 0, 0, 1, canvas.width, 0);
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);

    // A phone's skeleton is thinner than a desk's.
    const unit = density * Math.max(0.75, Math.min(1.15, canvas.width / density / 520));
    const seen = new Map(points.filter(isSeen).map((point) => [point.name, { ...point, x: point.x * scale, y: point.y * scale }]));
    for (const [color, thicker] of [
      [CASING, 3 * unit],
      [BONE, 0],
    ] as const) {
      for (const [from, to] of BONES) {
        const [start, end] = [seen.get(from), seen.get(to)];
        if (start === undefined || end === undefined) continue;
        const thin = FACE.test(from);
        line(context, start, end, color, (thin ? 2 : 4) * unit + thicker);
      }
    }
    for (const point of seen.values()) {
      const radius = (FACE.test(point.name) ? 3.5 : 6) * unit;
      disc(context, point, radius + 1.5 * unit, CASING);
      disc(context, point, radius, BONE);
      disc(context, point, radius * 0.55, JOINT);
    }
  }
}

type Place = Pick<Point, 'x' | 'y'>;

function line(context: CanvasRenderingContext2D, from: Place, to: Place, color: string, width: number): void {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.lineCap = 'round';
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.stroke();
}

function disc(context: CanvasRenderingContext2D, { x, y }: Place, radius: number, color: string): void {
  context.fillStyle = color;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function sizeOf(picture: Scene['picture']): [width: number, height: number] {
  return picture instanceof ImageBitmap ? [picture.width, picture.height] : [picture.videoWidth, picture.videoHeight];
}
