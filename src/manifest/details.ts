/** The checks that `readManifest` leaves to the lazy chunk: how inputs are made, and what the golden sample holds. */
import { ISO_DATE, isDate } from '../base/date.js';
import { DTYPES, sizeOf } from '../base/dtype.js';
import {
  at,
  type Check,
  check,
  choice,
  type Field,
  fields,
  isNumber,
  isWhole,
  list,
  object,
  optional,
  refusal,
  text,
} from '../base/fields.js';
import { finite, isListOf, record, texts } from '../base/lazy-checks.js';
import { type ColumnSpec, type InputSpec, type Manifest, type OutputSpec, sourceField } from './manifest.js';
import { MAX_ROWS, MAX_VALUES, rowsOf, widthOf } from './sizes.js';

/**
 * Checks the rest of a manifest, down to every field that anything here computes with.
 * @param manifest as `readManifest` gave it
 * @throws {PannierError} `manifest`, naming the field
 */
export function checkDetails(manifest: Manifest): void {
  fields({ signature: fields({ inputs: record(input), outputs: record(output) }) })(sourceField(manifest));
  const { inputs, outputs } = manifest.signature;
  const { bytes } = manifest.golden.asset;
  const sample = fields({
    inputs: record((field, name) => goldenInput(field, own(inputs, name), bytes)),
    outputs: record((field, name) => goldenOutput(field, own(outputs, name), bytes)),
  });
  fields({
    packedAt: optional(check(isDate, ISO_DATE)),
    staleAfterDays: optional(check((days) => isNumber(days, 0), 'a number from 0 up')),
    drift: optional(drift(Object.keys(outputs))),
    graph: fields({ name: text, sha256: text }),
    targets: fields({ compiled: optional(fields({ refused: record(text) })), tfjs: fields({ refused: record(text) }) }),
    golden: fields({ truth: choice('reference', 'tfjs-cpu'), samples: two(sample), batch: optional(sample) }),
  })(sourceField(manifest));
}

const own = <T>(specs: Readonly<Record<string, T>>, name: string): T | undefined => (Object.hasOwn(specs, name) ? specs[name] : undefined);

const two =
  (each: Check): Check =>
  (field) => {
    check((value) => Array.isArray(value) && value.length === 2, 'an array of two')(field);
    list(each)(field);
  };

const whole = check((value) => isWhole(value), 'a whole number');
const pixels = check((value) => isWhole(value, 1), 'a size in pixels');
const above0 = check((value) => isNumber(value) && value > 0, 'a number above 0');

const isDim = (size: unknown): boolean => size === null || isWhole(size);
const dims = check((shape) => isListOf(shape, isDim), 'sizes, null where open');

const sizes: Check = (field) => {
  check((value) => isListOf(value, (size) => isWhole(size)), 'sizes')(field);
  limited(field);
};

/** The sizes of a golden output. */
const limitedDims: Check = (field) => {
  dims(field);
  limited(field);
};

function limited(field: Field): void {
  const count = sizeOf((field.value as (number | null)[]).map((size) => size ?? 1));
  check((value) => (value as number) <= MAX_VALUES, `sizes of at most ${MAX_VALUES} values`)({ ...field, value: count });
}

const drift =
  (outputs: readonly string[]): Check =>
  (field) => {
    const { edges } = Object(field.value) as { readonly edges: readonly number[] };
    fields({
      output: choice(...outputs),
      edges: check(
        (value) => isListOf<number>(value, (edge, before) => isNumber(edge) && (before === undefined || edge > before)),
        'ascending numbers',
      ),
      counts: check(
        (value) => isListOf(value, (count) => isWhole(count)) && value.length === edges.length + 1,
        'a whole number for each bin, one more than there are edges',
      ),
      answers: whole,
    })(field);
  };

const spec = fields({
  dtype: choice(...Object.keys(DTYPES)),
  shape: (field) => field.value === null || dims(field),
  quantization: optional(fields({ scale: above0, zeroPoint: finite })),
});

function input(field: Field): void {
  spec(field);
  const { shape } = field.value as InputSpec;
  fields({
    image: optional(image),
    columns: optional((columns) => checkColumns(columns, shape)),
    pad: optional((pad) => checkPad(pad, shape)),
    state: optional((state) => checkState(state, shape)),
    shapes: optional(check((shapes) => isListOf(shapes, (each) => isListOf(each, isDim)) && shapes.length > 0, 'an array of shapes')),
  })(field);
}

/** Checks a state but for its output: the first call that asks for one which the signature lacks is refused. */
function checkState(field: Field, shape: InputSpec['shape']): void {
  fields({ output: text, initial: finite })(field);
  if (shape?.every((size) => size !== null) !== true) throw refusal(field, 'of an input whose sizes are known');
}

function checkPad(field: Field, shape: InputSpec['shape']): void {
  const isLength = (size: unknown, before = 0): size is number => isWhole(size, before + 1);
  fields({
    to: check((value) => isListOf<number>(value, isLength) && value.length > 0, 'ascending lengths'),
    axis: check((axis) => isWhole(axis) && shape?.[axis] === null, 'an open axis of the input'),
    value: finite,
  })(field);
}

function checkColumns(field: Field, shape: InputSpec['shape']): void {
  check(Array.isArray, 'an array of columns')(field);
  list(column)(field);
  const width = (field.value as readonly ColumnSpec[]).reduce((sum, each) => sum + widthOf(each), 0);
  const isFilled = (shape?.length === 1 || shape?.length === 2) && shape.at(-1) === width;
  if (!isFilled) throw refusal({ ...field, value: width }, `columns that fill the ${shape?.at(-1)} values of a row`);
}

const numeric = fields({ name: text, mean: finite, std: above0 });
const categorical = fields({
  name: text,
  categories: check((value) => Array.isArray(value) && value.length > 0, 'an array of categories'),
  encode: choice('one-hot', 'index'),
});

function column(field: Field): void {
  object(field);
  const { categories } = field.value as { readonly categories?: unknown };
  (categories === undefined ? numeric : categorical)(field);
}

const grey = check((value) => isNumber(value, 0) && value <= 255, 'a number from 0 to 255');

function image(field: Field): void {
  fields({
    width: pixels,
    height: pixels,
    fit: choice('stretch', 'contain', 'cover'),
    filter: choice('bilinear', 'area', 'nearest', 'browser'),
    channels: choice('rgb', 'bgr', 'gray'),
    layout: choice('nhwc', 'nchw'),
    background: optional(grey),
  })(field);
  const { width, height, channels } = field.value as NonNullable<InputSpec['image']>;
  const count = channels === 'gray' ? 1 : 3;
  const values = width * height * count;
  if (values > MAX_VALUES) throw refusal({ ...field, value: values }, `a picture of at most ${MAX_VALUES} values`);
  const perChannel = check(
    (numbers) => isListOf(numbers, (number) => isNumber(number)) && numbers.length === count,
    `${count} finite numbers, one per channel`,
  );
  fields({ scale: perChannel, offset: perChannel })(field);
}

function output(field: Field): void {
  spec(field);
  const values = optional(choice('logits', 'probabilities'));
  fields({ labels: optional(texts), values, lengthAxes: optional(sizes), layout: optional(layout) })(field);
}

const count = check((value) => isWhole(value, 1), 'a number from 1 up');

/** Only what `boxes` computes with is checked: it holds the numbers against the tensor's shape. */
const layout = fields({
  columns: check((value) => isListOf(value, (column) => column === null || typeof column === 'string'), 'an array of columns'),
  ...{ classes: optional(count), coefficients: optional(count), labels: optional(texts), pointNames: optional(texts) },
  points: optional(check((value) => isListOf(value, (size) => isWhole(size, 1)) && value.length === 2, 'two numbers from 1 up')),
});

function goldenInput(field: Field, taken: InputSpec | undefined, bytes: number): void {
  if (taken === undefined) throw refusal(field, 'of an input in the signature');
  const kinds = [...(taken.image === undefined ? [] : ['picture']), ...(taken.columns === undefined ? [] : ['rows']), 'uniform'];
  fields({ shape: sizes, kind: choice(...kinds) })(field);
  const { kind, shape, offset, width, height, seed, low, high } = field.value as Readonly<Record<string, unknown>>;
  if (kind === 'picture') {
    const isInside = isWhole(width, 1) && isWhole(height, 1) && isWithin(offset, width * height * 3, bytes);
    if (!isInside) throw refusal(field, `a picture within the ${bytes} bytes of its asset`);
    checkPictures(at(field, 'shape'), taken.image as NonNullable<InputSpec['image']>);
    whole(at(field, 'variant'));
  } else if (kind === 'uniform') {
    if (![seed, low, high].every((number) => isNumber(number))) throw refusal(field, 'a seed, low and high');
  } else {
    finite(at(field, 'seed'));
    const rows = rowsOf(shape as number[]);
    if (rows > MAX_ROWS) throw refusal({ ...at(field, 'shape'), value: rows }, `at most ${MAX_ROWS} rows`);
  }
}

/** The first size counts the pictures; the others are those of one. */
function checkPictures(field: Field, { width, height, channels }: NonNullable<InputSpec['image']>): void {
  const [, ...one] = field.value as readonly number[];
  const values = width * height * (channels === 'gray' ? 1 : 3);
  if (one.length !== 3 || sizeOf(one) !== values) throw refusal(field, `the sizes of pictures of ${values} values`);
}

function goldenOutput(field: Field, given: OutputSpec | undefined, bytes: number): void {
  if (given === undefined) throw refusal(field, 'of an output in the signature');
  fields({ shape: limitedDims, values: optional((values) => goldenValues(values, bytes)) })(field);
}

function goldenValues(field: Field, bytes: number): void {
  object(field);
  const { offset, count } = field.value as Readonly<Record<string, unknown>>;
  const isInside = isWhole(count, 1) && isWithin(offset, count * 4, bytes) && offset % 4 === 0;
  if (!isInside) throw refusal(field, `float32 values within the ${bytes} bytes of its asset`);
  fields({ min: finite, max: finite, step: optional(above0) })(field);
}

const isWithin = (offset: unknown, length: number, bytes: number): offset is number => isWhole(offset) && offset + length <= bytes;
