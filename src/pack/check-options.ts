/** The check that the packer was told something sensible: a config file is JavaScript, and anything may stand there. */
import { ISO_DATE, isDate } from '../base/date.js';
import { isReserved, show } from './fields.js';
import { LIMITS } from './limits.js';
import { nearest } from './nearest.js';
import {
  type BudgetOptions,
  badOption,
  type DriftOptions,
  type GoldenCheck,
  type InputOptions,
  type OutputOptions,
  type PackOptions,
  QUANTIZED,
  type QuantizeOption,
  type SampleFiles,
} from './options.js';

const KNOWN = {
  pack: [
    ...['model', 'out', 'name', 'version', 'license', 'source', 'packedAt', 'staleAfterDays', 'inputs', 'outputs'],
    ...['quantize', 'budget', 'golden', 'drift', 'goldenPicture', 'check'],
  ],
  golden: ['image', 'inputs', 'expect', 'tolerance'],
  drift: ['output', 'samples'],
  sample: ['image', 'inputs'],
  budget: ['bytes', 'mflop', 'goldenError'],
  input: ['name', 'shape', 'image', 'columns', 'pad'],
  output: ['name', 'labels', 'values'],
  image: ['width', 'height', 'fit', 'filter', 'channels', 'layout', 'scale', 'offset'],
};

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  fit: ['stretch', 'contain', 'cover'],
  filter: ['bilinear', 'area', 'nearest', 'browser'],
  channels: ['rgb', 'bgr', 'gray'],
  layout: ['nhwc', 'nchw'],
  values: ['logits', 'probabilities'],
};

/**
 * Checks options that may come from a JavaScript config file.
 * @throws {PannierError} `options`, naming the option
 */
export function checkOptions(options: PackOptions): void {
  checkKnown(options, KNOWN.pack, 'pack');
  for (const key of ['model', 'out'] as const) checkText(options[key], key);
  for (const key of ['name', 'version', 'license', 'source', 'packedAt', 'goldenPicture'] as const) {
    if (options[key] !== undefined) checkText(options[key], key);
  }
  checkAge(options);
  // Not `??`: null is nothing that an option takes.
  if (options.check !== undefined && typeof options.check !== 'boolean')
    throw badOption(`Option check is ${show(options.check)}; true or false is wanted.`);
  if (options.quantize !== undefined) checkQuantize(options.quantize);
  if (options.budget !== undefined) checkBudget(options.budget);
  if (options.golden !== undefined) checkGolden(options.golden);
  if (options.drift !== undefined) checkDrift(options.drift);
  for (const key of ['inputs', 'outputs'] as const) {
    if (options[key] !== undefined && !isObject(options[key]))
      throw badOption(`Option ${key} is ${show(options[key])}; an object is wanted, by node or name.`);
  }
  for (const [key, input] of Object.entries(options.inputs ?? {})) checkInput(input, `inputs[${show(key)}]`);
  for (const [key, output] of Object.entries(options.outputs ?? {})) checkOutput(output, `outputs[${show(key)}]`);
}

function checkAge({ packedAt, staleAfterDays }: PackOptions): void {
  if (packedAt !== undefined && !isDate(packedAt)) throw badOption(`Option packedAt is ${show(packedAt)}; ${ISO_DATE} is wanted.`);
  if (staleAfterDays === undefined) return;
  if (typeof staleAfterDays !== 'number' || !(staleAfterDays > 0) || staleAfterDays === Number.POSITIVE_INFINITY)
    throw badOption(`Option staleAfterDays is ${show(staleAfterDays)}; a number of days above 0 is wanted.`);
  if (packedAt === undefined)
    throw badOption('Option staleAfterDays counts from packedAt, which is not given; say when the model was packed, too.');
}

function checkQuantize(option: QuantizeOption): void {
  const isRight = typeof option === 'string' ? QUANTIZED.includes(option) : isObject(option);
  if (!isRight) {
    throw badOption(`Option quantize is ${show(option)}; 'float16', 'uint8' or { 'pattern*': 'float16' | 'uint8' | 'none' } is wanted.`);
  }
  if (typeof option === 'string') return;
  for (const [pattern, kind] of Object.entries(option)) {
    if (![...QUANTIZED, 'none'].includes(kind))
      throw badOption(`Option quantize[${show(pattern)}] is ${show(kind)}; ${QUANTIZED.join(', ')}, none are known.`);
  }
}

function checkBudget(budget: BudgetOptions): void {
  checkKnown(budget, KNOWN.budget, 'budget');
  for (const [key, limit] of Object.entries(budget)) {
    if (typeof limit !== 'number' || !(limit >= 0) || limit === Number.POSITIVE_INFINITY)
      throw badOption(`Option budget.${key} is ${show(limit)}; a number from 0 up is wanted.`);
  }
}

function checkGolden(checks: readonly GoldenCheck[]): void {
  if (!Array.isArray(checks) || checks.length > LIMITS.goldenChecks) {
    const got = Array.isArray(checks) ? `${checks.length} checks` : show(checks);
    throw badOption(`Option golden is ${got}; an array of { image, expect } is wanted, at most ${LIMITS.goldenChecks} of them.`);
  }
  for (const [index, check] of checks.entries()) {
    const place = `golden[${index}]`;
    checkKnown(check, KNOWN.golden, place);
    const { expect, tolerance } = check;
    checkSample(check, place);
    if (typeof expect === 'string') checkText(expect, `${place}.expect`);
    else checkFiles(expect, `${place}.expect`);
    if (tolerance !== undefined && !(typeof tolerance === 'number' && tolerance > 0 && tolerance <= 1))
      throw badOption(`Option ${place}.tolerance is ${show(tolerance)}; a share above 0, up to 1, is wanted.`);
  }
}

function checkDrift(drift: DriftOptions): void {
  checkKnown(drift, KNOWN.drift, 'drift');
  const { output, samples } = drift;
  if (output !== undefined) checkText(output, 'drift.output');
  if (!Array.isArray(samples) || samples.length === 0 || samples.length > LIMITS.driftSamples) {
    const got = Array.isArray(samples) ? `${samples.length} samples` : show(samples);
    throw badOption(`Option drift.samples is ${got}; an array of { image } or { inputs } is wanted, of 1 to ${LIMITS.driftSamples}.`);
  }
  for (const [index, sample] of samples.entries()) {
    const place = `drift.samples[${index}]`;
    checkKnown(sample, KNOWN.sample, place);
    checkSample(sample, place);
  }
}

function checkSample({ image, inputs }: SampleFiles, place: string): void {
  if (image !== undefined) checkText(image, `${place}.image`);
  if (inputs !== undefined) checkFiles(inputs, `${place}.inputs`);
}

function checkFiles(files: unknown, place: string): void {
  if (!isObject(files) || Object.keys(files).length === 0) throw badOption(`Option ${place} is ${show(files)}; files by name are wanted.`);
  for (const [name, file] of Object.entries(files)) checkText(file, `${place}[${show(name)}]`);
}

function checkInput(input: InputOptions, place: string): void {
  checkKnown(input, KNOWN.input, place);
  checkName(input.name, place);
  const { shape, image } = input;
  if (shape !== undefined && !(Array.isArray(shape) && shape.length <= LIMITS.rank && [...shape].every(isSize))) {
    throw badOption(`Option ${place}.shape is ${show(shape)}; an array of whole sizes is wanted, such as [1, 256, 256, 3].`);
  }
  if (image === undefined) return;
  checkKnown(image, KNOWN.image, `${place}.image`);
  for (const key of ['width', 'height'] as const) {
    if (image[key] !== undefined && !(isSize(image[key]) && image[key] > 0))
      throw badOption(`Option ${place}.image.${key} is ${show(image[key])}; a size in pixels is wanted.`);
  }
  for (const key of ['fit', 'filter', 'channels', 'layout'] as const) checkChoice(image[key], key, `${place}.image`);
  for (const key of ['scale', 'offset'] as const) {
    const given: unknown = image[key] === undefined ? 0 : image[key];
    // Spread, since `every` and `flat` leave out holes.
    const numbers: unknown[] = Array.isArray(given) ? [...given] : [given];
    if (!numbers.every((value) => typeof value === 'number' && Number.isFinite(value))) {
      throw badOption(`Option ${place}.image.${key} is ${show(image[key])}; a number or one per channel is wanted.`);
    }
  }
}

function checkOutput(output: OutputOptions, place: string): void {
  checkKnown(output, KNOWN.output, place);
  checkName(output.name, place);
  checkChoice(output.values, 'values', place);
  const { labels } = output;
  if (labels === undefined) return;
  if (!Array.isArray(labels) || labels.length === 0 || ![...labels].every((label) => typeof label === 'string')) {
    throw badOption(`Option ${place}.labels is ${show(labels)}; an array of texts is wanted.`);
  }
  if (labels.length > LIMITS.labels) throw badOption(`Option ${place}.labels has ${labels.length} labels; the limit is ${LIMITS.labels}.`);
  const long = labels.find((label) => new TextEncoder().encode(label).length > LIMITS.labelBytes);
  if (long !== undefined) throw badOption(`Option ${place}.labels has a label of more than ${LIMITS.labelBytes} bytes: ${show(long)}.`);
  if (output.values === undefined)
    throw badOption(`Option ${place} has labels: say also whether its values are 'logits' or 'probabilities'.`);
}

/** A size that a tensor could have. */
export const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < LIMITS.elements;

/** No array, `Map` or anything else that has a name of its own. */
const isObject = (value: unknown): value is object => Object.prototype.toString.call(value) === '[object Object]';

/** A sentence, where there is a word to guess. */
function meant(typed: string, words: readonly string[]): string {
  const word = nearest(typed, words);
  return word === undefined ? '' : ` Is ${word} meant?`;
}

/** @throws {PannierError} `options` for what is no object, or for a key that is not `known` */
export function checkKnown(options: object, known: readonly string[], place: string): void {
  if (!isObject(options)) throw badOption(`Option ${place} is ${show(options)}; an object is wanted.`);
  const stranger = Object.keys(options).find((key) => !known.includes(key));
  if (stranger !== undefined)
    throw badOption(`${place} has no option ${show(stranger)}; it takes ${known.join(', ')}.${meant(stranger, known)}`);
}

function checkText(value: unknown, key: string): void {
  if (typeof value !== 'string' || value === '' || value.length > LIMITS.stringBytes || value.includes('\0'))
    throw badOption(`Option ${key} is ${show(value)}; a text is wanted, of at most ${LIMITS.stringBytes} characters and without NUL.`);
}

function checkName(name: unknown, place: string): void {
  if (name === undefined) return;
  if (typeof name !== 'string' || !/^[\x20-\x7e]{1,128}$/.test(name) || isReserved(name)) {
    throw badOption(`Option ${place}.name is ${show(name)}; a short printable name is wanted, none that every JavaScript object has.`);
  }
}

function checkChoice(value: unknown, key: string, place: string): void {
  const choices = CHOICES[key] as readonly string[];
  if (value !== undefined && !choices.includes(value as string))
    throw badOption(`Option ${place}.${key} is ${show(value)}; ${choices.join(', ')} are known.`);
}
