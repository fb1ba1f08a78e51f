/** Checks what the packer is told: a config file is JavaScript, and any value may stand there. */
import { ISO_DATE, isDate } from '../base/date.js';
import { describe } from '../base/describe.js';
import {
  at,
  boolean,
  type Check,
  type Checks,
  check,
  choice,
  type Field,
  isNumber,
  isObject,
  isWhole,
  list,
  type Origin,
  options,
  refusal,
} from '../base/fields.js';
import { anything, finite, record } from '../base/lazy-checks.js';
import { isReserved } from '../formats/file-fields.js';
import { LIMITS } from '../formats/limits.js';
import { BOX_LAYOUTS } from '../manifest/box-layouts.js';
import {
  type BudgetOptions,
  badOption,
  type ColumnOptions,
  type DriftOptions,
  type GoldenCheck,
  type ImageOptions,
  type InputOptions,
  type OutputOptions,
  type PackOptions,
  type PadOptions,
  QUANTIZED,
  type SampleFiles,
} from './options.js';

const PACK: Origin = { code: 'options', whole: 'pack', part: 'Option ' };

/** A size that a tensor could have. */
export const isSize = (value: unknown): value is number => isWhole(value) && value < LIMITS.elements;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** An array of so many items, each checked. */
function listOf(item: Check, min: number, max: number, items: string): Check {
  const isLong = check(
    (value) => Array.isArray(value) && value.length >= min && value.length <= max,
    `an array of ${min} to ${max} ${items}`,
  );
  return (field) => {
    isLong(field);
    list(item)(field);
  };
}

const text = check(
  (value) => typeof value === 'string' && value !== '' && value.length <= LIMITS.stringBytes && !value.includes('\0'),
  `a text of at most ${LIMITS.stringBytes} characters and without NUL`,
);
const name = check(
  (value) => typeof value === 'string' && /^[\x20-\x7e]{1,128}$/.test(value) && !isReserved(value),
  'a short printable name, none that every JavaScript object has',
);
const fromZero = check((value) => isNumber(value, 0), 'a number from 0 up');

const quantize: Check = (field) => {
  if (QUANTIZED.includes(field.value as never)) return;
  if (!isObject(field.value)) throw refusal(field, "'float16', 'uint8', 'int8' or { 'pattern*': 'float16' | 'uint8' | 'int8' | 'none' }");
  record(choice(...QUANTIZED, 'none'))(field);
};

const filesByName: Check = (field) => {
  if (!isObject(field.value) || Object.keys(field.value).length === 0) throw refusal(field, 'an object of files by name');
  record(text)(field);
};

const SAMPLE: Checks<SampleFiles> = { image: text, inputs: filesByName };

const goldenCheck: Check = (field) => {
  options<GoldenCheck>({
    ...SAMPLE,
    expect: anything,
    tolerance: check((value) => isNumber(value) && value > 0 && value <= 1, 'a share above 0, up to 1'),
  })(field);
  const expect = at(field, 'expect');
  (typeof expect.value === 'string' ? text : filesByName)(expect);
};

const drift: Check = (field) => {
  const samples = listOf(options(SAMPLE), 1, LIMITS.driftSamples, 'samples, { image } or { inputs }');
  options<DriftOptions>({ output: text, samples: anything })(field);
  samples(at(field, 'samples'));
};

const pixels = check((value) => isSize(value) && value > 0, 'a size in pixels');
const perChannel = check(
  (value) => (Array.isArray(value) ? [...value] : [value]).every((each) => isNumber(each)),
  'a number or an array of one per channel',
);

const IMAGE: Checks<ImageOptions> = {
  ...{ width: pixels, height: pixels, scale: perChannel, offset: perChannel },
  fit: choice('stretch', 'contain', 'cover'),
  filter: choice('bilinear', 'area', 'nearest', 'browser'),
  channels: choice('rgb', 'bgr', 'gray'),
  layout: choice('nhwc', 'nchw'),
  background: check((value) => isNumber(value, 0) && value <= 255, 'a number from 0 to 255'),
};

const columnName = check(
  (value) => typeof value === 'string' && value !== '' && value.length <= LIMITS.nameBytes && !isReserved(value),
  'a text, none that every JavaScript object has',
);
const cell = check(
  (value) => (typeof value === 'string' ? bytesOf(value) <= LIMITS.labelBytes : typeof value === 'boolean' || isNumber(value)),
  `a number, a boolean or a text of at most ${LIMITS.labelBytes} bytes`,
);

const column: Check = (field) => {
  const isCategorical = isObject(field.value) && 'categories' in field.value;
  const categories: Check = (all) => {
    listOf(cell, 1, LIMITS.labels, 'texts, numbers or booleans')(all);
    const double = firstDouble(all.value as readonly unknown[]);
    if (double !== undefined) throw badOption(`Option ${all.path} has ${describe(double)} twice.`);
  };
  options<Record<string, unknown>>(
    isCategorical
      ? { name: columnName, categories, encode: choice('one-hot', 'index') }
      : { name: columnName, mean: finite, std: check((value) => isNumber(value) && value > 0, 'a number above 0') },
  )(field);
  columnName(at(field, 'name'));
};

const columns: Check = (field) => {
  listOf(column, 1, LIMITS.labels, 'columns, { name, mean, std } or { name, categories }')(field);
  const double = firstDouble((field.value as readonly ColumnOptions[]).map((each) => each.name));
  if (double !== undefined) throw badOption(`Option ${field.path} has two columns of the name ${describe(double)}.`);
};

function firstDouble(items: readonly unknown[]): unknown {
  const seen = new Set<unknown>();
  return items.find((item) => seen.size === seen.add(item).size);
}

const pad: Check = (field) => {
  // With a length of 1 alone, no axis could be seen to follow it.
  const isAscending = (value: unknown) =>
    Array.isArray(value) && [...value].every((size, at) => isSize(size) && size > (value[at - 1] ?? 0)) && value.at(-1) > 1;
  const to = check(isAscending, 'ascending lengths, such as [16, 32, 64, 128]');
  options<PadOptions>({ to, axis: check(isSize, 'the number of an axis, from 0'), value: finite })(field);
  to(at(field, 'to'));
};

const input = options<InputOptions>({
  name,
  shape: check(
    (value) => Array.isArray(value) && value.length <= LIMITS.rank && [...value].every(isSize),
    'an array of whole sizes, such as [1, 256, 256, 3]',
  ),
  shapes: listOf(
    check(
      (value) => Array.isArray(value) && value.length <= LIMITS.rank && [...value].every((size) => size === null || isSize(size)),
      'an array of sizes, such as [null, 3, 48, 320]',
    ),
    ...([1, LIMITS.shapes, 'shapes'] as const),
  ),
  constant: (field) => (Array.isArray(field.value) ? listOf(finite, 1, LIMITS.labels, 'numbers') : finite)(field),
  image: (field) => (field.value === false ? undefined : options(IMAGE)(field)),
  columns,
  pad,
});

const label = check(
  (value) => typeof value === 'string' && bytesOf(value) <= LIMITS.labelBytes,
  `a text of at most ${LIMITS.labelBytes} bytes`,
);

const isPoints = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && isSize(value[0]) && value[0] > 0 && (value[1] === 2 || value[1] === 3);

const output: Check = (field) => {
  const labels = listOf(label, 1, LIMITS.labels, 'texts');
  const named = choice(...Object.keys(BOX_LAYOUTS));
  options<OutputOptions>({
    name,
    labels,
    values: choice('logits', 'probabilities'),
    layout: (layout) => (layout.value === false ? undefined : named(layout)),
    points: check(isPoints, 'the number of points and of their values, 2 or 3, such as [17, 3]'),
  })(field);
};

const OPTIONS: Checks<PackOptions> = {
  ...{ model: text, out: text, name: text, signature: text, version: text, license: text, source: text },
  packedAt: check(isDate, ISO_DATE),
  staleAfterDays: check((value) => isNumber(value) && value > 0, 'a number of days above 0'),
  ...{ inputs: record(input), outputs: record(output), quantize },
  budget: options<BudgetOptions>({ bytes: fromZero, mflop: fromZero, goldenError: fromZero }),
  golden: listOf(goldenCheck, 0, LIMITS.goldenChecks, 'checks, { image, expect }'),
  ...{ drift, goldenPicture: text, verify: boolean, check: boolean },
};

/**
 * Checks options that may come from a JavaScript config file.
 * @throws {PannierError} `options`, naming the option
 */
export function checkOptions(given: PackOptions): void {
  const whole: Field = { origin: PACK, value: given, path: '' };
  options(OPTIONS)(whole);
  for (const needed of ['model', 'out']) text(at(whole, needed));
  if (given.staleAfterDays !== undefined && given.packedAt === undefined)
    throw badOption('Option staleAfterDays counts from packedAt, which is not given; say when the model was packed, too.');
}
