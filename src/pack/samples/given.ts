/** Reads inputs that options give as files (pictures, arrays, rows), and checks them against the signature. */

import { DTYPES, holds } from '../../base/dtype.js';
import { messageOf } from '../../base/errors.js';
import { LIMITS } from '../../formats/limits.js';
import type { ImageSpec, InputSpec } from '../../manifest/manifest.js';
import type { Pixels } from '../../manifest/signature.js';
import { rowsFeed, type TabularSpec } from '../../preprocess/columns.js';
import type { TensorFeed } from '../../preprocess/feed.js';
import { padTogether } from '../../preprocess/pad.js';
import { tensorFeed } from '../../preprocess/tensor.js';
import { type NpyArray, readNpy } from '../files/npy.js';
import { readOptionFile } from '../files/option-file.js';
import { readPhotograph } from '../files/photograph.js';
import { badOption, type SampleFiles } from '../options.js';

/** A picture for an input. */
export interface GivenPicture {
  readonly name: string;
  readonly spec: InputSpec & { readonly image: ImageSpec };
  readonly pixels: Pixels;
}

/** Values for an input. */
export interface GivenArray {
  readonly name: string;
  readonly spec: InputSpec;
  readonly feed: TensorFeed;
}

/** Rows for an input, and their values. */
export interface GivenRows extends GivenArray {
  readonly spec: TabularSpec;
  readonly rows: unknown;
}

/** Whether an input's values came from rows. */
export const isTable = (array: GivenArray | GivenRows): array is GivenRows => 'rows' in array;

/** Every input of a model, read. */
export interface Given {
  readonly pictures: readonly GivenPicture[];
  /** Values before padding. */
  readonly arrays: readonly (GivenArray | GivenRows)[];
}

/**
 * Reads a file for each input.
 * @param place names the sample in messages
 * @throws {PannierError} `options` if a file is missing or does not fit
 */
export async function readGiven(
  { image, inputs: given = {} }: SampleFiles,
  place: string,
  inputs: Readonly<Record<string, InputSpec>>,
): Promise<Given> {
  const files = { ...(image !== undefined && { [onlyPicture(place, inputs, given)]: image }), ...given };
  const stranger = Object.keys(files).find((name) => !Object.hasOwn(inputs, name));
  if (stranger !== undefined)
    throw badOption(`Option ${place}.inputs names "${stranger}"; the model takes ${listed(Object.keys(inputs))}.`);
  const pictures: GivenPicture[] = [];
  const arrays: (GivenArray | GivenRows)[] = [];
  for (const [name, spec] of Object.entries(inputs)) {
    const file = files[name];
    if (file === undefined) throw badOption(`Option ${place} has nothing for input "${name}"; say which file in ${place}.inputs.`);
    const what = `${place}'s ${file}`;
    const { columns } = spec;
    if (/\.npy$/i.test(file)) arrays.push({ name, spec, feed: arrayFeed(name, spec, await readArray(file, what), what) });
    else if (columns !== undefined && /\.json$/i.test(file)) arrays.push(await readRows(name, { ...spec, columns }, file, what));
    else if (spec.image !== undefined)
      pictures.push({ name, spec: { ...spec, image: spec.image }, pixels: await readPhotograph(file, what) });
    else {
      const others = columns === undefined ? ', since input' : ', or a .json file of rows, since input';
      throw badOption(`${what} should be an .npy file${others} "${name}" takes no picture.`);
    }
  }
  fitting(place, () => padTogether(arrays));
  return { pictures, arrays };
}

/** @throws {PannierError} `options` for what is no .npy file */
export async function readArray(file: string, what: string): Promise<NpyArray> {
  return readNpy(await readOptionFile(file, what, LIMITS.npyBytes), what);
}

function arrayFeed(name: string, spec: InputSpec, { shape, values }: NpyArray, what: string): TensorFeed {
  if (!values.every((value) => holds(spec.dtype, value)))
    throw badOption(`${what} holds values that are no ${spec.dtype}, for input "${name}".`);
  const data = DTYPES[spec.dtype].from(values);
  return fitting(what, () => tensorFeed(name, spec, { data, shape }));
}

async function readRows(name: string, spec: TabularSpec, file: string, what: string): Promise<GivenRows> {
  const text = (await readOptionFile(file, what, LIMITS.jsonBytes)).toString();
  return fitting(what, () => {
    const rows: unknown = JSON.parse(text);
    return { name, spec, feed: rowsFeed(name, spec, rows), rows };
  });
}

/** Turns an `input` error into one that names the option. */
function fitting<T>(what: string, step: () => T): T {
  try {
    return step();
  } catch (thrown) {
    throw badOption(`${what} does not fit: ${messageOf(thrown)}`);
  }
}

function onlyPicture(place: string, inputs: Readonly<Record<string, InputSpec>>, given: Readonly<Record<string, string>>): string {
  const free = Object.keys(inputs).filter((name) => inputs[name]?.image !== undefined && !Object.hasOwn(given, name));
  const [only] = free;
  if (only === undefined || free.length > 1)
    throw badOption(`Option ${place}.image is for the only input that takes a picture, but there are ${free.length}; use ${place}.inputs.`);
  return only;
}

/** Names for a message. */
export const listed = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
