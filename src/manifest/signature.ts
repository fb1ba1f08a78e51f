/** What a model takes and gives, as types only. */
import type { DType, GivenArray, OwnedArray } from '../base/dtype.js';
import type {
  PlatformBlob,
  PlatformCanvasElement,
  PlatformImageBitmap,
  PlatformImageData,
  PlatformImageElement,
  PlatformOffscreenCanvas,
  PlatformVideoElement,
  PlatformVideoFrame,
} from '../base/platform.js';

/** One extent; `null` is open: the caller picks. */
export type Dim = number | null;

/** Element type and shape of one input or output; `shape: null` is an unknown rank. */
export interface TensorSpec {
  readonly dtype: DType;
  readonly shape: readonly Dim[] | null;
}

/** Named inputs and outputs. */
export interface Signature {
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly outputs: Readonly<Record<string, TensorSpec>>;
}

/** An input with its shape said: needed where two or more sizes are open. */
export interface Shaped<D extends DType = DType, S extends readonly number[] = readonly number[]> {
  readonly data: GivenArray<D>;
  readonly shape: S;
}

/** What a model's values mean: `probabilities` add up to 1, `logits` want a softmax first. */
export type ValueKind = 'logits' | 'probabilities';

/** One output. The array is the caller's to keep, change or transfer. */
export interface Tensor<D extends DType = DType, S extends readonly number[] = readonly number[]> {
  readonly dtype: D;
  readonly shape: S;
  readonly data: OwnedArray<D>;
}

/** An output whose last axis has names. */
export interface LabelledTensor<L extends string, D extends DType = DType, S extends readonly number[] = readonly number[]>
  extends Tensor<D, S> {
  readonly labels: readonly L[];
  readonly values: ValueKind;
}

/** Straight (not premultiplied) RGBA bytes, row by row: what `ImageData` holds, also without a DOM. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** Anything that shows a picture. EXIF orientation is applied; transparent pixels lie over black. */
export type ImageSource =
  | PlatformImageElement
  | PlatformVideoElement
  | PlatformCanvasElement
  | PlatformOffscreenCanvas
  | PlatformImageBitmap
  | PlatformImageData
  | PlatformVideoFrame
  | PlatformBlob
  | Pixels;

/** A rectangle in source pixels; `rotation` turns it clockwise about its centre, in radians. */
export interface Crop {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly rotation?: number;
}

/** A part of a picture. */
export interface ImageCrop {
  readonly source: ImageSource;
  readonly crop: Crop;
}

/** What an image input takes besides a tensor of its own. */
export type ImageInput = ImageSource | ImageCrop;

/** One value of a row: a number, or one of a column's categories. */
export type Cell = string | number | boolean;

/** One row of a tabular input: a value for each column. */
export type Row = Readonly<Record<string, Cell>>;

/** Inputs of a model whose types are not known at compile time. */
export type AnyInputs = Readonly<Record<string, GivenArray | Shaped | ImageInput | Row | readonly Row[]>>;

/** Outputs of a model whose types are not known at compile time. */
export type AnyOutputs = Readonly<Record<string, Tensor & { readonly labels?: readonly string[]; readonly values?: ValueKind }>>;
