/** What the packer can be told, and the check that it was told something sensible. */
import { PannierError } from '../errors.js';
import type { ImageSpec } from '../manifest.js';
import type { Cell, ValueKind } from '../signature.js';
import type { BudgetOptions } from './budget.js';
import { isReserved, show } from './fields.js';
import { LIMITS } from './limits.js';

/** How a picture becomes an input tensor; what is left out has the default of {@link ImageSpec}'s kind. */
export interface ImageOptions {
  /** Needed where the graph leaves the size open. */
  readonly width?: number;
  readonly height?: number;
  /** Default `stretch`. */
  readonly fit?: ImageSpec['fit'];
  /** What training used; default `bilinear`. */
  readonly filter?: ImageSpec['filter'];
  /** Default `rgb`, or `gray` where the input has one channel. */
  readonly channels?: ImageSpec['channels'];
  /** Default `nhwc`. */
  readonly layout?: ImageSpec['layout'];
  /** `value = pixel × scale + offset`, pixel 0…255; one number, or one per channel. */
  readonly scale?: number | readonly number[];
  readonly offset?: number | readonly number[];
}

/** One column of a tabular input: a number, or one of some categories. */
export type ColumnOptions =
  | {
      readonly name: string;
      /** `value = (cell − mean) / std`; defaults 0 and 1. */
      readonly mean?: number;
      readonly std?: number;
    }
  | {
      readonly name: string;
      /** In the order of training. */
      readonly categories: readonly Cell[];
      /** Default `one-hot`: as many values as categories; `index`: one, as an embedding takes it. */
      readonly encode?: 'one-hot' | 'index';
    };

/** About one input. */
export interface InputOptions {
  /** What apps call it; default the signature's key in camelCase. */
  readonly name?: string;
  /** Sizes for the golden sample, warm-up and FLOPs where the graph leaves them open. */
  readonly shape?: readonly number[];
  readonly image?: ImageOptions;
  /** Apps give rows, objects with a value for each column; together they fill the last axis, in this order. */
  readonly columns?: readonly ColumnOptions[];
}

/** About one output. */
export interface OutputOptions {
  readonly name?: string;
  /** Names along the last axis. */
  readonly labels?: readonly string[];
  /** Wanted with `labels`. */
  readonly values?: ValueKind;
}

/** Half the bytes of float32, or a quarter. */
export const QUANTIZED = ['float16', 'uint8'] as const;

/** How a weight is stored; `none` leaves it as it is. */
export type WeightKind = (typeof QUANTIZED)[number] | 'none';

/** Every weight as one kind, or by patterns of names with `*` for anything: the first that matches decides. */
export type QuantizeOption = Exclude<WeightKind, 'none'> | Readonly<Record<string, WeightKind>>;

/** What the training framework answered, to be held against the graph when it is packed; nothing of it is shipped. */
export interface GoldenCheck {
  /** A PNG or JPEG for the only input that takes a picture. */
  readonly image?: string;
  /** By name: .npy files, or pictures for inputs that take one. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** An .npy file for the only output, or one for each that matters, by name. */
  readonly expect: string | Readonly<Record<string, string>>;
  /** How far an output may be off (root mean square), as a share of the expected values' standard deviation; default 0.03. */
  readonly tolerance?: number;
}

/** One model to pack. */
export interface PackOptions {
  /**
   * Path of a TF.js model's model.json: of a graph model, or of a Layers model (`tf.LayersModel.save`, a
   * Keras file through tensorflowjs_converter, Teachable Machine), which is lowered to a graph by a rule for
   * each class of layer. A layer without a rule, masks and an open time axis of a recurrent layer are
   * refused, `model-format`, by the layer's name. Teachable Machine's `metadata.json` in the same folder
   * gives the labels of the only output and the preprocessing of pictures, where `inputs` and `outputs` do
   * not say otherwise.
   */
  readonly model: string;
  /** Folder of the packed model; made when missing. */
  readonly out: string;
  /** Default: the model file's name without `.json`; of `model.json`, its folder's. */
  readonly name?: string;
  /** Default `0`. */
  readonly version?: string;
  readonly license?: string;
  readonly source?: string;
  /** ISO date; the packer has no clock. */
  readonly packedAt?: string;
  /** By node, by signature key or by default name. */
  readonly inputs?: Readonly<Record<string, InputOptions>>;
  readonly outputs?: Readonly<Record<string, OutputOptions>>;
  /** Stores weights in fewer bytes; refused where that moves the golden sample's answers too far. */
  readonly quantize?: QuantizeOption;
  /** Refuses a packed model that costs more. */
  readonly budget?: BudgetOptions;
  /** Answers of the training framework that the graph must give too. */
  readonly golden?: readonly GoldenCheck[];
  /** A PNG of at most 96×96 to take the golden sample with, in place of the shipped photograph. */
  readonly goldenPicture?: string;
  /** Writes nothing; throws `output-stale` when the folder is not what packing would write. */
  readonly check?: boolean;
}

/** What `pannier.config.mjs` exports. Keys are default model names, paths are relative to the file. */
export interface PannierConfig {
  readonly models: Readonly<Record<string, PackOptions>>;
}

/** Types the default export of `pannier.config.mjs`; returns what it is given. */
export const defineConfig = (config: PannierConfig): PannierConfig => config;

/** An option that is not what it takes. */
export const badOption = (message: string): PannierError => new PannierError('options', message);

const KNOWN = {
  pack: [
    ...['model', 'out', 'name', 'version', 'license', 'source', 'packedAt', 'inputs', 'outputs'],
    ...['quantize', 'budget', 'golden', 'goldenPicture', 'check'],
  ],
  golden: ['image', 'inputs', 'expect', 'tolerance'],
  budget: ['bytes', 'mflop', 'goldenError'],
  input: ['name', 'shape', 'image', 'columns'],
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
  if (typeof (options.check ?? false) !== 'boolean') throw badOption(`Option check is ${show(options.check)}; true or false is wanted.`);
  if (options.quantize !== undefined) checkQuantize(options.quantize);
  if (options.budget !== undefined) checkBudget(options.budget);
  if (options.golden !== undefined) checkGolden(options.golden);
  for (const key of ['inputs', 'outputs'] as const) {
    if (options[key] !== undefined && !isObject(options[key]))
      throw badOption(`Option ${key} is ${show(options[key])}; an object is wanted, by node or name.`);
  }
  for (const [key, input] of Object.entries(options.inputs ?? {})) checkInput(input, `inputs[${show(key)}]`);
  for (const [key, output] of Object.entries(options.outputs ?? {})) checkOutput(output, `outputs[${show(key)}]`);
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
    const { image, inputs, expect, tolerance } = check;
    if (image !== undefined) checkText(image, `${place}.image`);
    if (inputs !== undefined) checkFiles(inputs, `${place}.inputs`);
    if (typeof expect === 'string') checkText(expect, `${place}.expect`);
    else checkFiles(expect, `${place}.expect`);
    if (tolerance !== undefined && !(typeof tolerance === 'number' && tolerance > 0 && tolerance <= 1))
      throw badOption(`Option ${place}.tolerance is ${show(tolerance)}; a share above 0, up to 1, is wanted.`);
  }
}

function checkFiles(files: unknown, place: string): void {
  if (!isObject(files) || Object.keys(files).length === 0) throw badOption(`Option ${place} is ${show(files)}; files by name are wanted.`);
  for (const [name, file] of Object.entries(files)) checkText(file, `${place}[${show(name)}]`);
}

function checkInput(input: InputOptions, place: string): void {
  checkKnown(input, KNOWN.input, place);
  checkName(input.name, place);
  const { shape, image } = input;
  if (shape !== undefined && !(Array.isArray(shape) && shape.length <= LIMITS.rank && shape.every(isSize))) {
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
    const numbers = [image[key] ?? 0].flat();
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
  if (!Array.isArray(labels) || labels.length === 0 || !labels.every((label) => typeof label === 'string')) {
    throw badOption(`Option ${place}.labels is ${show(labels)}; an array of texts is wanted.`);
  }
  if (labels.length > LIMITS.labels) throw badOption(`Option ${place}.labels has ${labels.length} labels; the limit is ${LIMITS.labels}.`);
  const long = labels.find((label) => new TextEncoder().encode(label).length > LIMITS.labelBytes);
  if (long !== undefined) throw badOption(`Option ${place}.labels has a label of more than ${LIMITS.labelBytes} bytes: ${show(long)}.`);
  if (output.values === undefined)
    throw badOption(`Option ${place} has labels: say also whether its values are 'logits' or 'probabilities'.`);
}

const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < LIMITS.elements;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws {PannierError} `options` for what is no object, or for a key that is not `known` */
export function checkKnown(options: object, known: readonly string[], place: string): void {
  if (!isObject(options)) throw badOption(`Option ${place} is ${show(options)}; an object is wanted.`);
  const stranger = Object.keys(options).find((key) => !known.includes(key));
  if (stranger !== undefined) throw badOption(`${place} has no option ${show(stranger)}; it takes ${known.join(', ')}.`);
}

function checkText(value: unknown, key: string): void {
  if (typeof value !== 'string' || value === '' || value.length > LIMITS.stringBytes)
    throw badOption(`Option ${key} is ${show(value)}; a text is wanted.`);
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
