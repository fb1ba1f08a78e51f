/** Draws a picture's person over another background, at the picture's own size. */
import type { Tensor } from 'pannier';
import { maskImage } from 'pannier/read';

/** The background behind the person: nothing, the picture's own background out of focus, or a CSS colour. */
export type Background = 'none' | 'blur' | { readonly colour: string };

export interface Scene {
  readonly picture: ImageBitmap | HTMLVideoElement;
  /** From 0 to 1, for as many pixels as the model looks at; undefined while it is still looking. */
  readonly person: Tensor | undefined;
  /** As in a mirror, which is how people know themselves. */
  readonly mirrored: boolean;
}

/** Below and above these the model is sure; between them lies the edge. */
const EDGE = [0.3, 0.8] as const;

/** The background goes out of focus at about so many pixels a side. */
const BLUR_SIDE = 40;

export function draw(canvas: HTMLCanvasElement, { picture, person, mirrored }: Scene, background: Background): void {
  const [width, height] = picture instanceof ImageBitmap ? [picture.width, picture.height] : [picture.videoWidth, picture.videoHeight];
  const context = sized(canvas, width, height);
  if (mirrored) context.setTransform(-1, 0, 0, 1, width, 0);
  if (person === undefined) {
    context.drawImage(picture, 0, 0, width, height);
    return;
  }

  const mask = maskCanvas(person);
  const cut = (keep: 'destination-in' | 'destination-out', side = Math.max(width, height)) => {
    const scale = Math.min(1, side / Math.max(width, height));
    const part = sized(document.createElement('canvas'), Math.ceil(width * scale), Math.ceil(height * scale));
    part.drawImage(picture, 0, 0, part.canvas.width, part.canvas.height);
    part.globalCompositeOperation = keep;
    part.drawImage(mask, 0, 0, part.canvas.width, part.canvas.height);
    return part.canvas;
  };
  if (background === 'blur') context.drawImage(filled(cut('destination-out', 4 * BLUR_SIDE)), 0, 0, width, height);
  else if (background !== 'none') {
    context.fillStyle = background.colour;
    context.fillRect(0, 0, width, height);
  }
  context.drawImage(cut('destination-in'), 0, 0);
}

/**
 * The surroundings grow into the hole that the person left: each half-size copy reaches twice as far, and the finer
 * ones are laid over the coarser. Not every browser's canvas can blur.
 */
function filled(hole: HTMLCanvasElement): HTMLCanvasElement {
  const copies = [hole];
  for (let last = hole; Math.max(last.width, last.height) > 1; ) {
    const half = sized(document.createElement('canvas'), Math.ceil(last.width / 2), Math.ceil(last.height / 2));
    half.drawImage(last, 0, 0, half.canvas.width, half.canvas.height);
    last = half.canvas;
    copies.push(last);
  }
  const blurred = copies.filter(({ width, height }) => Math.max(width, height) <= BLUR_SIDE);
  return blurred.reduceRight((coarser, finer) => {
    const both = sized(document.createElement('canvas'), finer.width, finer.height);
    // Each copy is fainter towards the hole; drawn twice, it is less so.
    for (const layer of [coarser, finer, finer]) both.drawImage(layer, 0, 0, finer.width, finer.height);
    return both.canvas;
  });
}

function maskCanvas(person: Tensor): HTMLCanvasElement {
  const [from, to] = EDGE;
  const sure = Float32Array.from(person.data as Float32Array, (value) => Math.min(1, Math.max(0, (value - from) / (to - from))));
  const { data, width, height } = maskImage({ ...person, data: sure });
  const context = sized(document.createElement('canvas'), width, height);
  context.putImageData(new ImageData(data, width, height), 0, 0);
  return context.canvas;
}

/** Empties a canvas and gives it this size. */
function sized(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.imageSmoothingQuality = 'high';
  return context;
}
