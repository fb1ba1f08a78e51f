/** Inputs as an engine takes them. */
import type { DType, OwnedArray } from '../base/dtype.js';
import type { ImageSpec } from '../manifest/manifest.js';
import type { Pixels } from '../manifest/signature.js';
import type { Affine } from './mapping.js';

/** The dtype of an input that takes pictures. */
export type PictureDType = Exclude<DType, 'bool'>;

/** A picture that can cross to a worker. */
export type Picture = ImageBitmap | VideoFrame | Pixels;

/** A prepared input: an array as the graph takes it, or a picture that the engine's thread turns into one. */
export type Feed = TensorFeed | PictureFeed;

export interface TensorFeed {
  readonly kind: 'tensor';
  /** The input's name in the signature. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: OwnedArray;
}

export interface PictureFeed {
  readonly kind: 'picture';
  /** The input's name in the signature. */
  readonly name: string;
  readonly dtype: PictureDType;
  readonly shape: readonly number[];
  readonly picture: Picture;
  readonly image: ImageSpec;
  /** From model space to the picture's pixels. */
  readonly map: Affine;
}
