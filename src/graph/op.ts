/** The form in which an op is defined: its inputs, its attributes, and what its outputs are. */
import type { AttributeKinds, AttributesOf } from './attribute.js';
import { type DataType, isFloat, isInteger } from './element-type.js';
import { isOpen, isSameSize, max, type Size, sizeText } from './size.js';
import { type Shape, shapeText, type TensorType, typeText } from './tensor.js';

/** One op of the graph. Its meaning is told where it is defined, and computed by the reference engine. */
export interface OpDefinition<Name extends string = string, Kinds extends AttributeKinds = AttributeKinds> {
  readonly name: Name;
  /** The names of the inputs. A name that ends in `?` may be absent, and the last may end in `...`: any number, at least one. */
  readonly inputs: readonly string[];
  readonly attributes: Kinds;
  /**
   * The types of the outputs.
   * @param inputs undefined where an optional one is absent
   * @throws {RangeError} with the part of a sentence that follows the op's name, such as `takes float32, but got int32[2]`
   */
  readonly infer: (inputs: readonly (TensorType | undefined)[], attributes: AttributesOf<Kinds>) => readonly TensorType[];
}

/** Declares an op; types its attributes. */
export const defineOp = <const Name extends string, const Kinds extends AttributeKinds>(
  definition: OpDefinition<Name, Kinds>,
): OpDefinition<Name, Kinds> => definition;

/** The error of {@link OpDefinition.infer}. */
export const refused = (problem: string): RangeError => new RangeError(problem);

/** Element types that an op takes. */
export const CLASSES = {
  any: { takes: () => true, text: 'tensors' },
  float: { takes: isFloat, text: 'floats' },
  integer: { takes: isInteger, text: 'whole numbers' },
  number: { takes: (each: DataType) => each !== 'bool', text: 'numbers' },
  bool: { takes: (each: DataType) => each === 'bool', text: 'booleans' },
} as const;
export type DataTypeClass = keyof typeof CLASSES;

/** Refuses an input whose elements are of another type than the op takes. */
export function checkClass(type: TensorType, name: DataTypeClass, input = 'input'): void {
  const { takes, text } = CLASSES[name];
  if (!takes(type.dataType)) throw refused(`takes ${text} as ${input}, but got ${typeText(type)}`);
}

/** Refuses inputs whose elements are of different types. */
export function checkSameDataType(...types: readonly TensorType[]): void {
  const [first, ...others] = types;
  const other = others.find(({ dataType }) => dataType !== first?.dataType);
  if (other !== undefined) throw refused(`takes inputs of one element type, but got ${types.map(typeText).join(' and ')}`);
}

/** Refuses an input of another rank. */
export function checkRank({ shape }: TensorType, rank: number, input = 'input'): void {
  if (shape.length !== rank) throw refused(`takes ${input} of ${rank} dimensions, but got ${shapeText(shape)}`);
}

/** Refuses axes that a shape does not have, or that occur twice. */
export function checkAxes(axes: readonly number[], { shape }: TensorType): void {
  const wrong = axes.find((axis, index) => axis < 0 || axis >= shape.length || axes.indexOf(axis) !== index);
  if (wrong !== undefined) throw refused(`has axes [${axes.join(', ')}], which do not fit the shape ${shapeText(shape)}`);
}

/** Refuses two sizes that are known to differ. Whether open sizes fit is known when the graph runs. */
export function checkSame(a: Size, b: Size, what: string): void {
  if (!isOpen(a) && !isOpen(b) && a !== b) throw refused(`takes equal ${what}, but got ${a} and ${b}`);
}

/** The known one of two sizes that must be equal. */
export const known = (a: Size, b: Size): Size => (isOpen(a) ? b : a);

/**
 * The shape of an elementwise result, as NumPy broadcasts: from the last axis on, a size of 1 fits any other. Two open sizes
 * that may differ give their maximum, which is right whenever they fit.
 */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index) => {
    const left = a[a.length - rank + index] ?? 1;
    const right = b[b.length - rank + index] ?? 1;
    if (isSameSize(left, right) || right === 1) return left;
    if (left === 1) return right;
    if (isOpen(left) && isOpen(right)) return max(left, right);
    if (!isOpen(left) && !isOpen(right)) throw refused(`cannot broadcast ${shapeText(a)} and ${shapeText(b)}`);
    return known(left, right);
  });
}

/** The text of a list of sizes. */
export const sizesText = (sizes: readonly Size[]): string => sizes.map(sizeText).join(', ');
