/** From what a model says about a tensor's pixels back to the picture that the caller gave. */
import { type Affine, applyMap } from './resize.js';

/** How model space (pixels of the tensor, (0, 0) its top left corner) lies on one picture. */
export interface ImageMapping {
  /** Of the tensor, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Of the picture as the caller gave it, in pixels. */
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  /** The point of the picture that lies under a point of model space; it may be outside of the picture. */
  toSource(x: number, y: number): { x: number; y: number };
}

/** What callers see of a map from model space to source pixels. */
export const imageMapping = (map: Affine, width: number, height: number, sourceWidth: number, sourceHeight: number): ImageMapping => ({
  width,
  height,
  sourceWidth,
  sourceHeight,
  toSource: (x, y) => applyMap(map, x, y),
});
