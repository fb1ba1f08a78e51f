/** Tensors: their types, their text in messages and dumps, and tensors with values. */
import type { DataType, TensorData } from './element-type.js';
import { isOpen, type Size, sizeText } from './size.js';

/** The sizes of a tensor, outermost first; none for a scalar. Pictures are NHWC: batch, height, width, channels. */
export type Shape = readonly Size[];

/** The element type and the shape of a tensor. */
export interface TensorType {
  readonly dataType: DataType;
  readonly shape: Shape;
}

/** A tensor with its values. */
export interface Tensor {
  readonly dataType: DataType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** A shape such as `[batch, 192, 192, 3]`. */
export const shapeText = (shape: Shape): string => `[${shape.map(sizeText).join(', ')}]`;

/** A type such as `float32[batch, 192, 192, 3]`; `?` if only TF.js knows it. */
export const typeText = (type: TensorType | null): string => (type === null ? '?' : type.dataType + shapeText(type.shape));

/** Whether no size of a shape is open. */
export const isClosed = (shape: Shape): shape is readonly number[] => !shape.some(isOpen);
