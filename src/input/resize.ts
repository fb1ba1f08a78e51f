/** Pixels to tensor values: our own resizing, the same on every device. */
import type { ImageSpec } from '../manifest.js';
import type { Crop, Pixels } from '../signature.js';

/** x' = a·x + c·y + e, y' = b·x + d·y + f. */
export interface Affine {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

/** The map from model space (pixels of the tensor, corner at 0, 0) to the source's pixels. */
export declare function mapToSource(image: Pick<ImageSpec, 'width' | 'height' | 'fit'>, source: { readonly width: number; readonly height: number }, crop?: Crop): Affine;

/** One picture as tensor values, in the image spec's layout, channel order, scale and offset. */
export declare function toTensor(pixels: Pixels, image: ImageSpec, dtype: 'float32' | 'int32', map: Affine): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
