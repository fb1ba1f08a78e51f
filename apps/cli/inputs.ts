/** Files on the command line to what a model's inputs take, typed by its signature. */

import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { bytesPerElement, DTYPES, type DType, holds, shapeText, sizeOf } from '../../src/base/dtype.js';
import { messageOf, PannierError } from '../../src/base/errors.js';
import type { Dim } from '../../src/manifest/signature.js';

import { badOption } from '../../src/pack/options.js';

/** One input, as the page reports it. */
export interface InputNeed {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[] | null;
  readonly isPicture: boolean;
  /** Names of the columns of an input that takes rows. */
  readonly columns: readonly string[] | undefined;
}

/** The feed of one input: a file's bytes (a picture, or the JSON of rows), or values. */
export type Feed = { readonly name: string; readonly bytes: Uint8Array } & (
  | { readonly kind: 'picture' | 'rows' }
  | { readonly kind: 'values'; readonly dtype: DType; readonly shape: readonly number[] | undefined }
);

export interface Asked {
  /** `--image FILE`, for the only input that takes a picture. */
  readonly image: string | undefined;
  /** `--input NAME=FILE`. */
  readonly inputs: readonly string[];
}

/**
 * Reads a file for each input.
 * @throws {PannierError} `options` for a flag or a file, `input` where one is missing or does not fit
 */
export async function readFeeds({ image, inputs }: Asked, needs: readonly InputNeed[]): Promise<Feed[]> {
  const files = new Map<string, string>();
  for (const pair of inputs) {
    const at = pair.indexOf('=');
    if (at < 1) throw badOption(`--input is ${JSON.stringify(pair)}; NAME=FILE is wanted.`);
    const name = pair.slice(0, at);
    if (!needs.some((need) => need.name === name))
      throw unfit(`The model has no input "${name}". It takes ${needs.map(told).join(', ')}.`, name);
    if (files.has(name)) throw badOption(`--input gives "${name}" twice.`);
    files.set(name, pair.slice(at + 1));
  }
  if (image !== undefined) {
    const pictures = needs.filter(({ isPicture, name }) => isPicture && !files.has(name));
    const [only] = pictures;
    if (only === undefined) throw unfit(`--image has no input to go to. The model takes ${needs.map(told).join(', ')}.`);
    if (pictures.length > 1) throw unfit(`--image could go to ${pictures.map(told).join(' or ')}; say which with --input NAME=FILE.`);
    files.set(only.name, image);
  }
  const lacking = needs.filter(({ name }) => !files.has(name));
  if (lacking.length > 0) {
    const flags = lacking.map(({ name, isPicture }) => (isPicture && lacking.length === 1 ? '--image FILE' : `--input ${name}=FILE`));
    throw unfit(`Nothing is given for ${lacking.map(told).join(', ')}. Add ${flags.join(' ')}.`, lacking[0]?.name);
  }
  return Promise.all(
    needs.map((need) => {
      const file = files.get(need.name) as string;
      // A file given by `--image` is a picture, whatever its name.
      return readFeed(need, file, file === image ? '' : extname(file).toLowerCase());
    }),
  );
}

async function readFeed(need: InputNeed, file: string, kind: string): Promise<Feed> {
  const { name, dtype, isPicture } = need;
  const bytes = await readBytes(file);
  if (kind === '.json') {
    const json = parseJson(bytes, need, file);
    // Which columns a row has, the library itself says better.
    if (need.columns !== undefined && isRows(json)) return { kind: 'rows', name, bytes };
    const { values, shape } = readNumbers(json, need, file);
    return { kind: 'values', name, dtype, shape: shape.length > 1 ? shape : undefined, bytes: new Uint8Array(values.buffer) };
  }
  if (kind === '.bin') {
    const size = bytesPerElement(dtype);
    if (bytes.length % size !== 0)
      throw unfit(`${file} has ${bytes.length} bytes, no whole number of ${dtype} values of ${size} bytes for input ${told(need)}.`, name);
    return { kind: 'values', name, dtype, shape: undefined, bytes };
  }
  if (isPicture) return { kind: 'picture', name, bytes };
  throw unfit(`Input ${told(need)} takes numbers: a .json file of them, or a .bin file of little-endian values; ${file} is neither.`, name);
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    if (!(await stat(file)).isFile()) throw new Error('it is not a regular file');
    return await readFile(file);
  } catch (thrown) {
    throw new PannierError('options', `${file} cannot be read: ${messageOf(thrown)}.`, { file }, { cause: thrown });
  }
}

function parseJson(bytes: Uint8Array, need: InputNeed, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw unfit(`${file} is no JSON: ${messageOf(thrown)}.`, need.name);
  }
}

/** An object, or an array that begins with one. */
function isRows(json: unknown): boolean {
  const first: unknown = Array.isArray(json) ? json[0] : json;
  return typeof first === 'object' && first !== null && !Array.isArray(first);
}

function readNumbers(json: unknown, need: InputNeed, file: string): { values: InstanceType<(typeof DTYPES)[DType]>; shape: number[] } {
  const shape: number[] = [];
  for (let inner = json; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  const values = new DTYPES[need.dtype](sizeOf(shape));
  let count = 0;
  // Level by level, each array as long as the first one of its level.
  const walk = (value: unknown, level: number, path: string): void => {
    if (level === shape.length) {
      values[count++] = numberOf(value, need, `${file}${path}`);
      return;
    }
    const length = shape[level] as number;
    if (!Array.isArray(value) || value.length !== length)
      throw unfit(`${file}${path} should be an array of ${length}, as the first one on its level is.`, need.name);
    for (const [index, each] of value.entries()) walk(each, level + 1, `${path}[${index}]`);
  };
  walk(json, 0, '');
  return { values, shape };
}

function numberOf(value: unknown, need: InputNeed, place: string): number {
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (typeof number !== 'number' || !holds(need.dtype, number))
    throw unfit(`${place} is ${JSON.stringify(value).slice(0, 60)}, which is no ${need.dtype} for input ${told(need)}.`, need.name);
  return number;
}

const told = ({ name, dtype, shape, isPicture, columns }: InputNeed): string => {
  const others = isPicture ? ', or a picture' : columns === undefined ? '' : `, or rows of ${columns.join(', ')}`;
  return `"${name}" (${dtype} ${shapeText(shape)}${others})`;
};

const unfit = (message: string, input?: string): PannierError => new PannierError('input', message, input === undefined ? {} : { input });
