/** The mapping between a tensor's pixels and a picture's: forward for resizing, and back for a model's coordinates. */
import type { ImageSpec } from '../manifest/manifest.js';
import type { Crop } from '../manifest/signature.js';

/** x' = a·x + c·y + e, y' = b·x + d·y + f. */
export interface Affine {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

/** Maps every point to itself. */
export const IDENTITY: Affine = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };

/** The image of (x, y) under `map`. */
export const applyMap = ({ a, b, c, d, e, f }: Affine, x: number, y: number): { x: number; y: number } => ({
  x: a * x + c * y + e,
  y: b * x + d * y + f,
});

/**
 * The map from model space (pixels of the tensor, corner at 0, 0, so that pixel centres lie at + 0.5)
 * to the source's pixels, counted the same way. Without a crop it covers the whole source.
 */
export function mapToSource(
  image: Pick<ImageSpec, 'width' | 'height' | 'fit'>,
  source: { readonly width: number; readonly height: number },
  crop: Crop = { x: 0, y: 0, width: source.width, height: source.height },
): Affine {
  const [across, down] = sourcePerModelPixel(image, crop);
  const cos = settled(Math.cos(crop.rotation ?? 0));
  const sin = settled(Math.sin(crop.rotation ?? 0));
  const a = cos * across;
  const b = sin * across;
  const c = 0 - sin * down;
  const d = cos * down;
  const e = crop.x + (crop.width - a * image.width - c * image.height) / 2;
  const f = crop.y + (crop.height - b * image.width - d * image.height) / 2;
  return { a, b, c, d, e, f };
}

function sourcePerModelPixel(image: Pick<ImageSpec, 'width' | 'height' | 'fit'>, crop: Crop): [across: number, down: number] {
  const across = crop.width / image.width;
  const down = crop.height / image.height;
  if (image.fit === 'stretch') return [across, down];
  const both = image.fit === 'contain' ? Math.max(across, down) : Math.min(across, down);
  return [both, both];
}

// Sine and cosine may differ in the last bit between JavaScript engines, and are not exactly 0 at right angles.
const settled = (ratio: number): number => Math.round(ratio * 2 ** 32) / 2 ** 32;

/** The mapping between model space (pixels of the tensor, (0, 0) at its top left corner) and one picture. */
export interface ImageMapping {
  /** Size of the tensor, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Size of the picture as the caller gave it, in pixels. */
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  /** The point of the picture that lies under a point of model space; it may be outside of the picture. */
  toSource(x: number, y: number): { x: number; y: number };
}

/** The public view of a map from model space to source pixels. */
export const imageMapping = (map: Affine, width: number, height: number, sourceWidth: number, sourceHeight: number): ImageMapping => ({
  width,
  height,
  sourceWidth,
  sourceHeight,
  toSource: (x, y) => applyMap(map, x, y),
});
