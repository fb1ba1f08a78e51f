/** The types of a model's inputs and outputs. */
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

/** The size of one axis; `null` is open, so that the caller chooses it. */
export type Dim = number | null;

/** The element type and shape of one input or output; `shape: null` is a shape of unknown rank. */
export interface TensorSpec {
  readonly dtype: DType;
  readonly shape: readonly Dim[] | null;
  /** Whole numbers that have it stand for floats: each is scale · (number - zeroPoint). */
  readonly quantization?: { readonly scale: number; readonly zeroPoint: number };
}

/** Named inputs and outputs. */
export interface Signature {
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly outputs: Readonly<Record<string, TensorSpec>>;
}

/** An input with its shape, which is required if two or more sizes are open. */
export interface Shaped<D extends DType = DType, S extends readonly number[] = readonly number[]> {
  readonly data: GivenArray<D>;
  readonly shape: S;
}

/** What an output's values are: `probabilities` add up to 1, `logits` become probabilities by a softmax. */
export type ValueKind = 'logits' | 'probabilities';

/** One output. The caller owns the array, and may keep, change or transfer it. */
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

/** The meaning of one value of a detector's row: two corners, or a corner or centre and a size. */
export type BoxColumn = 'x0' | 'y0' | 'x1' | 'y1' | 'cx' | 'cy' | 'w' | 'h' | 'score' | 'class';

/** How the boxes of a detector lie in an output. `boxes` of `pannier/read` reads them. */
export interface BoxLayout<L extends string | undefined = string | undefined> {
  /** The meaning of the first values of a box, in their order; null skips a value. */
  readonly columns: readonly (BoxColumn | null)[];
  /** Scores that follow the columns, one for each class. A `score` among the columns is multiplied with them. */
  readonly classes?: number;
  /** Points that follow, and how many values each has: x, y, and a score if there are three. */
  readonly points?: readonly [count: number, values: number];
  /** The names of the points. */
  readonly pointNames?: readonly string[];
  /** Coefficients that follow, one for each of the model's prototypes of masks. */
  readonly coefficients?: number;
  /** An angle follows, by which the box is turned. */
  readonly oriented?: boolean;
  /** The shape is [batch, values, boxes] instead of [batch, boxes, values]. */
  readonly boxesLast?: boolean;
  /** Coordinates are 0…1 of the tensor that the model saw, not pixels. */
  readonly normalized?: boolean;
  /** The model itself keeps one box for each object (non-maximum suppression, or trained without the need). */
  readonly nms?: boolean;
  /** The names of the classes. */
  readonly labels?: readonly L[];
}

/** An output that holds the boxes of a detector. */
export interface DetectorTensor<
  L extends string | undefined = string | undefined,
  D extends DType = DType,
  S extends readonly number[] = readonly number[],
> extends Tensor<D, S> {
  readonly layout: BoxLayout<L>;
}

/** An output that holds boxes with points in each. */
export interface PoseTensor<
  L extends string | undefined = string | undefined,
  D extends DType = DType,
  S extends readonly number[] = readonly number[],
> extends Tensor<D, S> {
  readonly layout: BoxLayout<L> & { readonly points: readonly [count: number, values: number] };
}

/** RGBA bytes row by row, not premultiplied, as `ImageData` has them; needs no DOM. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** A picture of any kind that a browser has. EXIF orientation is applied; transparent pixels are drawn over black. */
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

/** A part of a picture, and the size at which the graph sees it. */
export interface ImageCrop {
  readonly source: ImageSource;
  /** Default the whole picture. */
  readonly crop?: Crop;
  /** Pixels of the tensor, for an input that leaves its sizes open; default what the model was packed with. */
  readonly size?: { readonly width: number; readonly height: number };
}

/** A picture or a part of one, for an image input, which takes a tensor, too. */
export type ImageInput = ImageSource | ImageCrop;

/** One value of a row: a number, or one of a column's categories. */
export type Cell = string | number | boolean;

/** One row of a tabular input: a value for each column. */
export type Row = Readonly<Record<string, Cell>>;

/** Inputs of a model whose types are not known at compile time. */
export type AnyInputs = Readonly<Record<string, GivenArray | Shaped | ImageInput | Row | readonly Row[]>>;

/** Outputs of a model whose types are not known at compile time. */
export type AnyOutputs = Readonly<
  Record<string, Tensor & { readonly labels?: readonly string[]; readonly values?: ValueKind; readonly layout?: BoxLayout }>
>;
