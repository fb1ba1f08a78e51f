/** Golden checks with their files read. */
import { rangeOf } from '../../golden/compare.js';
import type { InputSpec } from '../../manifest/manifest.js';
import type { NpyArray } from '../files/npy.js';
import { badOption, type GoldenCheck } from '../options.js';
import { type Given, listed, readArray, readGiven } from '../samples/given.js';

/** Largest distance between answers and expected values by default, as a share of the expected values' deviation. The measurements are in docs/decisions. */
const TOLERANCE = 0.03;

/** One check with its files read. */
export interface ReadCheck extends Given {
  /** Names the check in messages. */
  readonly place: string;
  readonly expected: readonly { readonly name: string; readonly array: NpyArray }[];
  readonly tolerance: number;
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
  { expect, tolerance = TOLERANCE, ...files }: GoldenCheck,
  place: string,
  inputs: Readonly<Record<string, InputSpec>>,
  outputs: readonly string[],
): Promise<ReadCheck> {
  const given = await readGiven(files, place, inputs);
  const wanted = typeof expect === 'string' ? { [onlyOutput(place, outputs)]: expect } : expect;
  const expected: { name: string; array: NpyArray }[] = [];
  for (const [name, file] of Object.entries(wanted)) {
    if (!outputs.includes(name)) throw badOption(`Option ${place}.expect names "${name}"; the model gives ${listed(outputs)}.`);
    const array = await readArray(file, `${place}'s ${file}`);
    if (array.values.length === 0 || !rangeOf(array.values).finite)
      throw badOption(`${place}'s ${file} is empty or holds values that are not finite; nothing can be held against it.`);
    expected.push({ name, array });
  }
  return { place, ...given, expected, tolerance };
}

function onlyOutput(place: string, outputs: readonly string[]): string {
  const [only] = outputs;
  if (only === undefined || outputs.length > 1)
    throw badOption(
      `Option ${place}.expect names one file, but the model gives ${listed(outputs)}; say which: expect: { '${only}': 'file.npy' }.`,
    );
  return only;
}
