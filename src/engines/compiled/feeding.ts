/** The inputs of a call: checked against the plan, and ready to be copied into the module's memory. */
import { shapeText, sizeOf, widened } from '../../base/dtype.js';
import { PannierError } from '../../base/errors.js';
import { faceTypeOf } from '../../graph/element-type.js';
import type { Feed } from '../../preprocess/feed.js';
import { pictureTensor } from '../../preprocess/pixels.js';
import type { PlannedInput } from './plan.js';

/** An input with its values. */
export interface Given {
  readonly input: PlannedInput;
  readonly values: ArrayLike<number> & { subarray(begin: number, end: number): ArrayLike<number> };
  /** How many rows the values have; undefined if the input has no open batch. */
  readonly rows: number | undefined;
}

/**
 * Finds the values of each input. Pictures become numbers.
 * @throws {PannierError} `input`, naming the input that is missing, or whose element type, shape or values do not fit
 */
export function givenTo(inputs: readonly PlannedInput[], feeds: readonly Feed[]): readonly Given[] {
  const unknown = feeds.find(({ name }) => !inputs.some((input) => input.name === name));
  if (unknown !== undefined) throw wrong(unknown.name, 'is none of the model');
  return inputs.map((input) => {
    const feed = feeds.find(({ name }) => name === input.name);
    if (feed === undefined) throw wrong(input.name, 'is missing');
    return given(input, feed);
  });
}

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

function given(input: PlannedInput, feed: Feed): Given {
  const { name, dataType, shape, isBatched } = input;
  const dtype = faceTypeOf(dataType);
  if (widened(feed.dtype) !== widened(dtype)) throw wrong(name, `should be ${dtype}, but is ${feed.dtype}`);
  const [rows] = feed.shape;
  const wanted = isBatched ? [rows ?? 0, ...shape.slice(1)] : shape;
  if (String(feed.shape) !== String(wanted))
    throw wrong(
      name,
      `should have shape ${shapeText(isBatched ? [null, ...shape.slice(1)] : shape)}, but has shape ${shapeText(feed.shape)}`,
    );
  const values = feed.kind === 'tensor' ? feed.data : pictureTensor(feed);
  if (values.length !== sizeOf(wanted))
    throw wrong(name, `of shape ${shapeText(wanted)} should have ${sizeOf(wanted)} values, but has ${values.length}`);
  return { input, values, rows: isBatched ? rows : undefined };
}

const wrong = (name: string, problem: string): PannierError => new PannierError('input', `Input "${name}" ${problem}.`, { input: name });
