/** The scale and the bias of a normalisation. */
import type { Constant, Value } from '../graph/graph.js';
import type { Size } from '../graph/size.js';
import { isClosed, type TensorType } from '../graph/tensor.js';
import { withShape } from './constant-shape.js';
import type { GraphView } from './pass.js';

/**
 * A constant that elementwise arithmetic broadcasts along all axes but some, with these axes alone. Its bytes stay as they are stored.
 * @param type of the tensor that it is broadcast to @param axes in order
 * @returns undefined if the value is no such constant of floats
 */
export function parameterOf(value: Value, type: TensorType, axes: readonly number[], graph: GraphView): Constant | undefined {
  const constant = graph.constantOf(value);
  const sizes = axes.map((axis) => type.shape[axis] as Size);
  if (constant === undefined || constant.value.type.dataType !== type.dataType || !isClosed(sizes)) return undefined;
  const { shape } = constant.value.type;
  const missing = type.shape.length - shape.length;
  const isAlong = type.shape.every((_, axis) => (shape[axis - missing] ?? 1) === (axes.includes(axis) ? type.shape[axis] : 1));
  return missing >= 0 && isAlong ? withShape(constant, sizes) : undefined;
}
