/** The inputs of a call: checked against the plan, and ready to be copied into the module's memory. */
import { shapeText, sizeOf, widened } from '../../base/dtype.js';
import { PannierError } from '../../base/errors.js';
import { faceTypeOf } from '../../graph/element-type.js';
import type { Feed } from '../../preprocess/feed.js';
import { pictureTensor } from '../../preprocess/pixels.js';
import type { View } from './memory-view.js';
import type { PlannedInput } from './plan.js';

/** An input, and the memory from which the module reads a row of it. */
export interface OpenInput extends PlannedInput {
  readonly view: View;
}

/** An input with its values. */
export interface Given {
  readonly input: OpenInput;
  readonly values: ArrayLike<number> & { subarray(begin: number, end: number): ArrayLike<number> };
  /** How many rows the values have; undefined if the input has no open batch. */
  readonly rows: number | undefined;
}

/**
 * Finds the values of each input. Pictures become numbers.
 * @throws {PannierError} `input`, naming the input that is missing, or whose element type, shape or values do not fit
 */
export function givenTo(inputs: readonly OpenInput[], feeds: readonly Feed[]): readonly Given[] {
  const unknown = feeds.find(({ name }) => !inputs.some((input) => input.name === name));
  if (unknown !== undefined) throw wrong(unknown.name, 'is none of the model');
  return inputs.map((input) => {
    const feed = feeds.find(({ name }) => name === input.name);
    if (feed === undefined) throw wrong(input.name, 'is missing');
    return given(input, feed);
  });
}

/** Whether feeds have the shapes of these inputs. */
export const fits = (inputs: readonly OpenInput[], feeds: readonly Feed[]): boolean =>
  feeds.every(({ name, shape }) => inputs.some((input) => input.name === name && isShape(shape, input.shape, input.isBatched)));

/**
 * How many rows a call has.
 * @returns undefined if the model has no open batch
 * @throws {PannierError} `input` if two inputs have different numbers of rows
 */
export function rowsOf(given: readonly Given[]): number | undefined {
  const batched = given.filter(({ rows }) => rows !== undefined);
  const [first] = batched;
  const other = batched.find(({ rows }) => rows !== first?.rows);
  if (other !== undefined) throw wrong(other.input.name, `has ${other.rows} rows, but "${first?.input.name}" has ${first?.rows}`);
  return first?.rows;
}

function given(input: OpenInput, feed: Feed): Given {
  const { name, dataType, shape, isBatched } = input;
  const dtype = faceTypeOf(dataType);
  if (widened(feed.dtype) !== widened(dtype)) throw wrong(name, `should be ${dtype}, but is ${feed.dtype}`);
  if (!isShape(feed.shape, shape, isBatched)) {
    const wanted = shapeText(isBatched ? [null, ...shape.slice(1)] : shape);
    throw wrong(name, `should have shape ${wanted}, but has shape ${shapeText(feed.shape)}`);
  }
  const values = feed.kind === 'tensor' ? feed.data : pictureTensor(feed);
  const length = sizeOf(feed.shape);
  if (values.length !== length)
    throw wrong(name, `of shape ${shapeText(feed.shape)} should have ${length} values, but has ${values.length}`);
  return { input, values, rows: isBatched ? feed.shape[0] : undefined };
}

/** Whether sizes are as the plan says. Along an axis 0 of rows it says nothing. */
const isShape = (sizes: readonly number[], wanted: readonly number[], isBatched: boolean): boolean =>
  sizes.length === wanted.length && sizes.every((size, axis) => size === wanted[axis] || (axis === 0 && isBatched));

const wrong = (name: string, problem: string): PannierError => new PannierError('input', `Input "${name}" ${problem}.`, { input: name });
