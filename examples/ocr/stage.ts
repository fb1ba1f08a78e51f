/** The picture with boxes on it: one canvas of the picture's own size. */
import { type Box, cornersOf } from './boxes.js';

/** Seen on paper and on dark ground, in both themes. */
const LINE = '#12b795';
const TINT = 'rgb(18 183 149 / 0.18)';
const CHOSEN = 'rgb(255 196 0 / 0.42)';

export class Stage {
  readonly #canvas: HTMLCanvasElement;
  #picture: ImageBitmap | undefined;
  #boxes: readonly Box[] = [];

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  /** Shows a picture until the next, and closes the one before. */
  show(picture: ImageBitmap): void {
    if (this.#picture !== picture) this.#picture?.close();
    this.#picture = picture;
    this.mark([]);
  }

  /** Draws boxes, in pixels of the picture. @param chosen one that stands out */
  mark(boxes: readonly Box[], chosen?: Box): void {
    this.#boxes = boxes;
    this.choose(chosen);
  }

  /** Lets one of the boxes stand out, or none. */
  choose(chosen: Box | undefined): void {
    const picture = this.#picture;
    if (picture === undefined) return;
    const canvas = this.#canvas;
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    Object.assign(canvas, { width: picture.width, height: picture.height });
    canvas.style.aspectRatio = `${picture.width} / ${picture.height}`;
    context.drawImage(picture, 0, 0);
    context.lineWidth = Math.max(2, Math.max(picture.width, picture.height) / 400);
    context.lineJoin = 'round';
    context.strokeStyle = LINE;
    for (const box of this.#boxes) {
      context.beginPath();
      for (const { x, y } of cornersOf(box)) context.lineTo(x, y);
      context.closePath();
      context.fillStyle = box === chosen ? CHOSEN : TINT;
      context.fill();
      context.stroke();
    }
  }
}
