/**
 * Golden checks: what the training framework answered for a picture, held against what the graph answers
 * here, behind the same preprocessing as an app's. So wrong preprocessing is caught where it is declared.
 */
import { sizeOf } from '../dtype.js';
import type { Feed, RawOutput, TensorFeed } from '../engine/engine.js';
import { rangeOf } from '../engine/golden.js';
import { messageOf, PannierError } from '../errors.js';
import { rowsFeed, type TabularSpec } from '../input/columns.js';
import { mapToSource } from '../input/mapping.js';
import { cutBack, type PaddedLength, padTogether } from '../input/pad.js';
import { tensorFeed } from '../input/tensor.js';
import type { ImageSpec, InputSpec } from '../manifest.js';
import type { Pixels } from '../signature.js';
import { findAgreeing } from './alternatives.js';
import { LIMITS } from './limits.js';
import { type NpyArray, readNpy } from './npy.js';
import { readOptionFile } from './option-file.js';
import { badOption, type GoldenCheck } from './options.js';
import { readPhotograph } from './photograph.js';
import type { Runner } from './run.js';

/** How far answers may lie from the expected ones by default, as a share of how far those scatter. ARCHITECTURE.md has what was measured. */
const TOLERANCE = 0.03;

/** A picture that an input is given. */
export interface GivenPicture {
  readonly spec: InputSpec & { readonly image: ImageSpec };
  readonly pixels: Pixels;
}

/** One check with its files read. */
export interface ReadCheck {
  /** For messages. */
  readonly place: string;
  readonly pictures: readonly GivenPicture[];
  readonly tensors: readonly TensorFeed[];
  /** Of inputs that are padded, as an app's would be. */
  readonly length: PaddedLength | undefined;
  readonly expected: readonly { readonly name: string; readonly array: NpyArray }[];
  readonly tolerance: number;
}

/** What a check finds. */
export interface CheckVerdict {
  readonly agrees: boolean;
  /** Of the output that is furthest off: root mean square of the differences, as a share of the expected values' own deviation. */
  readonly distance: number;
  readonly miss?: string;
}

/**
 * Reads the files of all checks.
 * @throws {PannierError} `options`, naming the check
 */
export async function readChecks(
  checks: readonly GoldenCheck[],
  inputs: Readonly<Record<string, InputSpec>>,
  outputs: readonly string[],
): Promise<ReadCheck[]> {
  const read: ReadCheck[] = [];
  for (const [index, check] of checks.entries()) read.push(await readCheck(check, `golden[${index}]`, inputs, outputs));
  return read;
}

async function readCheck(
  { image, inputs: given = {}, expect, tolerance = TOLERANCE }: GoldenCheck,
  place: string,
  inputs: Readonly<Record<string, InputSpec>>,
  outputs: readonly string[],
): Promise<ReadCheck> {
  const files = { ...(image !== undefined && { [onlyPicture(place, inputs, given)]: image }), ...given };
  const stranger = Object.keys(files).find((name) => !Object.hasOwn(inputs, name));
  if (stranger !== undefined)
    throw badOption(`Option ${place}.inputs names "${stranger}"; the model takes ${listed(Object.keys(inputs))}.`);
  const pictures: GivenPicture[] = [];
  const arrays: { name: string; spec: InputSpec; feed: TensorFeed }[] = [];
  for (const [name, spec] of Object.entries(inputs)) {
    const file = files[name];
    if (file === undefined) throw badOption(`Option ${place} has nothing for input "${name}"; say which file in ${place}.inputs.`);
    const what = `${place}'s ${file}`;
    const { columns } = spec;
    if (/\.npy$/i.test(file)) arrays.push({ name, spec, feed: arrayFeed(name, spec, await readArray(file, what), what) });
    else if (columns !== undefined && /\.json$/i.test(file))
      arrays.push({ name, spec, feed: await readRows(name, { ...spec, columns }, file, what) });
    else if (spec.image !== undefined) pictures.push({ spec: { ...spec, image: spec.image }, pixels: await readPhotograph(file, what) });
    else {
      const others = columns === undefined ? ', since input' : ', or a .json file of rows, since input';
      throw badOption(`${what} should be an .npy file${others} "${name}" takes no picture.`);
    }
  }
  const { feeds, length } = fitting(place, () => padTogether(arrays));
  const tensors = feeds.filter((feed) => feed !== undefined);
  const wanted = typeof expect === 'string' ? { [onlyOutput(place, outputs)]: expect } : expect;
  const expected: { name: string; array: NpyArray }[] = [];
  for (const [name, file] of Object.entries(wanted)) {
    if (!outputs.includes(name)) throw badOption(`Option ${place}.expect names "${name}"; the model gives ${listed(outputs)}.`);
    const array = await readArray(file, `${place}'s ${file}`);
    if (array.values.length === 0 || !rangeOf(array.values).finite)
      throw badOption(`${place}'s ${file} is empty or holds values that are not finite; nothing can be held against it.`);
    expected.push({ name, array });
  }
  return { place, pictures, tensors, length, expected, tolerance };
}

/**
 * Runs every check.
 * @param lengthAxes by output: axes that are cut back where inputs are padded
 * @returns warnings about what could not be checked
 * @throws {PannierError} `golden-mismatch` for the first check that fails, with a preprocessing that would agree where there is one
 */
export async function runChecks(
  runner: Runner,
  checks: readonly ReadCheck[],
  lengthAxes: Readonly<Record<string, readonly number[]>>,
): Promise<string[]> {
  const warnings: string[] = [];
  for (const check of checks) {
    const { agrees, distance, miss = '' } = await tryCheck(runner, check, lengthAxes);
    if (!agrees) {
      const cause = await findAgreeing((image) => tryCheck(runner, check, lengthAxes, image), check.pictures, distance);
      throw new PannierError('golden-mismatch', `${check.place}: ${miss}. ${cause}`, { check: check.place });
    }
    if (check.pictures.some(({ spec }) => spec.image.filter === 'browser'))
      warnings.push(`${check.place} was checked with filter 'bilinear': only browsers resize as filter 'browser' does.`);
  }
  return warnings;
}

/** One run, with the declared preprocessing or another one. */
async function tryCheck(
  runner: Runner,
  check: ReadCheck,
  lengthAxes: Readonly<Record<string, readonly number[]>>,
  change: (image: ImageSpec) => ImageSpec = (image) => image,
): Promise<CheckVerdict> {
  const { pictures, tensors, length, expected, tolerance } = check;
  const feeds = pictures.map(({ spec: { node, dtype, image: declared }, pixels }): Feed => {
    const image = change(declared);
    const { width, height, channels, layout } = image;
    const depth = channels === 'gray' ? 1 : 3;
    const shape = layout === 'nhwc' ? [1, height, width, depth] : [1, depth, height, width];
    return {
      kind: 'picture',
      node,
      dtype: dtype === 'int32' ? dtype : 'float32',
      shape,
      picture: pixels,
      image,
      map: mapToSource(image, pixels),
    };
  });
  const answers = await runner.run([...feeds, ...tensors]);
  const verdicts = expected.map(({ name, array }) => {
    const answer = answers[name] as RawOutput;
    return compare(name, array, length === undefined ? answer : cutBack(answer, lengthAxes[name] ?? [], length), tolerance);
  });
  return verdicts.reduce((worst, verdict) => (verdict.distance > worst.distance ? verdict : worst));
}

function compare(name: string, { shape, values }: NpyArray, got: RawOutput, tolerance: number): CheckVerdict {
  // Frameworks differ in sizes of 1, such as the batch's.
  const [wantedSizes, gotSizes] = [shape, got.shape].map((sizes) => sizes.filter((size) => size !== 1));
  if (`${wantedSizes}` !== `${gotSizes}`) {
    const miss = `output "${name}" has shape [${got.shape.join(', ')}], but the training framework gave [${shape.join(', ')}]`;
    return { agrees: false, distance: Number.POSITIVE_INFINITY, miss };
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let [squares, scatter, largest, at] = [0, 0, -1, 0];
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    const difference = Math.abs(value - (got.data[index] as number));
    squares += difference ** 2;
    scatter += (value - mean) ** 2;
    // NaN is the largest.
    if (!(difference <= largest)) [largest, at] = [difference, index];
  }
  // Values that are all the same scatter nowhere: then they are the measure.
  const size = Math.sqrt(scatter / values.length) || Math.abs(mean) || 1;
  const distance = Math.sqrt(squares / values.length) / size;
  if (distance <= tolerance) return { agrees: true, distance };
  const miss = `output "${name}" is not what the training framework gave: it is off by ${percent(distance)} of how far those values scatter (${percent(tolerance)} is allowed), most at ${placeOf(at, got.shape)}, ${short(got.data[at])} where ${short(values[at])} is expected`;
  return { agrees: false, distance: Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance, miss };
}

async function readArray(file: string, what: string): Promise<NpyArray> {
  return readNpy(await readOptionFile(file, what, LIMITS.npyBytes), what);
}

function arrayFeed(name: string, spec: InputSpec, { shape, values }: NpyArray, what: string): TensorFeed {
  const isWhole = values.every((value) => (value | 0) === value);
  if (spec.dtype !== 'float32' && !isWhole) throw badOption(`${what} holds values that are no ${spec.dtype}, for input "${name}".`);
  const data =
    spec.dtype === 'float32' ? Float32Array.from(values) : spec.dtype === 'int32' ? Int32Array.from(values) : Uint8Array.from(values);
  return fitting(what, () => tensorFeed(name, spec, { data, shape }));
}

async function readRows(name: string, spec: TabularSpec, file: string, what: string): Promise<TensorFeed> {
  const text = (await readOptionFile(file, what, LIMITS.jsonBytes)).toString();
  return fitting(what, () => rowsFeed(name, spec, JSON.parse(text)));
}

/** What does not fit an input, an option has named. */
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

function onlyOutput(place: string, outputs: readonly string[]): string {
  const [only] = outputs;
  if (only === undefined || outputs.length > 1)
    throw badOption(
      `Option ${place}.expect names one file, but the model gives ${listed(outputs)}; say which: expect: { '${only}': 'file.npy' }.`,
    );
  return only;
}

const listed = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

const percent = (share: number): string => `${Number((share * 100).toPrecision(2))} %`;

const short = (value: number | undefined): string => String(Number(value?.toPrecision(4)));

/** `[0, 3, 1]` */
function placeOf(index: number, shape: readonly number[]): string {
  const places = shape.map((size, axis) => Math.floor(index / sizeOf(shape.slice(axis + 1))) % size);
  return `[${places.join(', ')}]`;
}
