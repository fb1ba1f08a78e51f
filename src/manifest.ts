/** The manifest: what a packed model says about itself, and the check that an unknown value is one. */
import { DTYPES } from './dtype.js';
import { PannierError } from './errors.js';
import type { AnyInputs, AnyOutputs, TensorSpec, ValueKind } from './signature.js';

/** The only manifest format there is. Fields may be added under the same number; none may change. */
export const MANIFEST_FORMAT = 1;

/** One file of a packed model. */
export interface Asset {
  /** File name, with the first 16 hex digits of the hash in it. */
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 of the whole file, 64 lower-case hex digits. */
  readonly sha256: string;
  /** Where it is, relative to the packed model. Called by `loadModel`, so that importing does nothing. */
  readonly url: () => string;
}

/** How a picture becomes an input tensor. `value = pixel × scale + offset`, per channel, pixel 0…255. */
export interface ImageSpec {
  readonly width: number;
  readonly height: number;
  /** `stretch` ignores the aspect; `contain` fits all in, over black; `cover` fills and cuts the rest. */
  readonly fit: 'stretch' | 'contain' | 'cover';
  /** `browser` leaves resizing to the canvas: quicker, but not the same in every browser. */
  readonly filter: 'bilinear' | 'area' | 'nearest' | 'browser';
  readonly channels: 'rgb' | 'bgr' | 'gray';
  readonly layout: 'nhwc' | 'nchw';
  /** One number per channel, in the order of `channels`. */
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** One input: friendly name outside, the graph's node inside. */
export interface InputSpec extends TensorSpec {
  /** Placeholder in the graph, without the `:0`. */
  readonly node: string;
  readonly image?: ImageSpec;
}

/** One output. */
export interface OutputSpec extends TensorSpec {
  /** Tensor in the graph, for example `Identity:0` or `TopK:1`. */
  readonly node: string;
  readonly labels?: readonly string[];
  readonly values?: ValueKind;
}

/**
 * The golden sample's input: an 8-bit RGB picture in the golden file, enlarged by our own bilinear,
 * or values from a named generator.
 */
export type GoldenInput =
  | {
      readonly kind: 'picture';
      readonly offset: number;
      readonly width: number;
      readonly height: number;
      readonly shape: readonly number[];
    }
  | { readonly kind: 'uniform'; readonly seed: number; readonly low: number; readonly high: number; readonly shape: readonly number[] };

/** What one output should be: `count` evenly spaced values, stored as float32 at `offset` of the golden file. */
export interface GoldenOutput {
  readonly shape: readonly number[];
  readonly offset: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
}

/** Stored input and expected output, computed from the original graph on the cpu backend. */
export interface GoldenSpec {
  readonly asset: Asset;
  readonly inputs: Readonly<Record<string, GoldenInput>>;
  readonly outputs: Readonly<Record<string, GoldenOutput>>;
  /** Outputs left out, with the reason: they move when the input hardly does, or they carry nothing. */
  readonly skipped: Readonly<Record<string, string>>;
}

/** What a packed model says about itself. */
export interface Manifest {
  readonly format: typeof MANIFEST_FORMAT;
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly source?: string;
  /** ISO date, given by whoever packed; there is no clock in the packer. */
  readonly packedAt?: string;
  /** SHA-256 over everything else: two packed models with the same hash are the same model. */
  readonly hash: string;
  readonly signature: {
    readonly inputs: Readonly<Record<string, InputSpec>>;
    readonly outputs: Readonly<Record<string, OutputSpec>>;
  };
  readonly graph: Asset;
  readonly weights: readonly Asset[];
  readonly golden: GoldenSpec;
  /** The graph has control flow or outputs of data-dependent size, and runs asynchronously. */
  readonly controlFlow: boolean;
  /** Operation names of the graph with their counts, sorted. */
  readonly ops: Readonly<Record<string, number>>;
  /** Floating-point operations of one predict of the golden sample's shape. */
  readonly flops: number;
  /** Kernels that the graph calls and a backend lacks; a backend with none missing is not named. */
  readonly missingKernels: Readonly<Record<string, readonly string[]>>;
  /** Bytes of the largest single weight once it is expanded. */
  readonly largestWeightBytes: number;
  /** Bytes of all weights once they are expanded. */
  readonly residentBytes: number;
  /** What the packer quantised, and the largest change of any golden value, as a share of its output's spread. */
  readonly quantized?: { readonly dtype: 'float16'; readonly maxError: number };
}

/** The default export of a packed model: a manifest that also remembers its types, for the compiler only. */
export interface ModelSource<I = AnyInputs, O = AnyOutputs> extends Manifest {
  /** Never present at run time. */
  readonly '~types'?: { readonly inputs: I; readonly outputs: O };
}

/** All files of a packed model, the weights in the order in which the graph takes them. */
export const assetsOf = (manifest: Manifest): readonly Asset[] => [manifest.graph, ...manifest.weights, manifest.golden.asset];

/**
 * Checks that an unknown value is a manifest, down to every field that anything here computes with.
 * @throws {PannierError} `manifest`, naming the field.
 */
export function readManifest(source: unknown): Manifest {
  const manifest = object(source, '');
  const { format, weights, controlFlow } = manifest;
  need(format === MANIFEST_FORMAT, 'format', `${MANIFEST_FORMAT}`, format, 'Pack the model again with this version of pannier.');
  for (const field of ['name', 'version', 'hash']) text(manifest[field], field);
  const { inputs, outputs } = object(manifest['signature'], 'signature');
  const takes = each(inputs, 'signature.inputs', input);
  const gives = each(outputs, 'signature.outputs', output);
  asset(manifest['graph'], 'graph');
  need(Array.isArray(weights), 'weights', 'an array of assets', weights);
  for (const [index, value] of (weights as unknown[]).entries()) asset(value, `weights[${index}]`);
  const golden = object(manifest['golden'], 'golden');
  const bytes = asset(golden['asset'], 'golden.asset');
  each(golden['inputs'], 'golden.inputs', (value, field, name) => goldenInput(value, field, takes.get(name), bytes));
  each(golden['outputs'], 'golden.outputs', (value, field, name) => goldenOutput(value, field, gives.get(name), bytes));
  need(typeof controlFlow === 'boolean', 'controlFlow', 'true or false', controlFlow);
  for (const field of ['flops', 'largestWeightBytes', 'residentBytes'])
    need(isNumber(manifest[field], 0), field, 'a number from 0 up', manifest[field]);
  each(manifest['missingKernels'], 'missingKernels', texts);
  return source as Manifest;
}

type Fields = Record<string, unknown>;

function need(
  isRight: boolean,
  field: string,
  wanted: string,
  value: unknown,
  next = 'Import the default export of a packed model.js.',
): void {
  if (isRight) return;
  const got = describe(value);
  const subject = field === '' ? 'The model source' : `The model source's ${field}`;
  throw new PannierError('manifest', `${subject} should be ${wanted}, but is ${got}. ${next}`, { field, wanted, got });
}

function object(value: unknown, field: string): Fields {
  need(typeof value === 'object' && value !== null && !Array.isArray(value), field, 'an object', value);
  return value as Fields;
}

/** Checks every entry; what its check gives, by name. */
function each<T>(value: unknown, field: string, check: (value: unknown, field: string, name: string) => T): ReadonlyMap<string, T> {
  return new Map(Object.entries(object(value, field)).map(([name, inner]) => [name, check(inner, `${field}.${name}`, name)]));
}

const isNumber = (value: unknown, least = Number.NEGATIVE_INFINITY): value is number =>
  Number.isFinite(value) && (value as number) >= least;
const isWhole = (value: unknown, least = 0): value is number => Number.isSafeInteger(value) && (value as number) >= least;

function text(value: unknown, field: string): void {
  need(typeof value === 'string' && value !== '', field, 'a text', value);
}

function texts(value: unknown, field: string): void {
  need(Array.isArray(value) && value.every((item) => typeof item === 'string'), field, 'an array of texts', value);
}

function choice(value: unknown, field: string, ...choices: string[]): void {
  need(choices.includes(value as string), field, choices.join(', '), value);
}

function spec(value: unknown, field: string): Fields {
  const fields = object(value, field);
  const { node, dtype, shape } = fields;
  text(node, `${field}.node`);
  choice(dtype, `${field}.dtype`, ...Object.keys(DTYPES));
  const isRight = shape === null || (Array.isArray(shape) && shape.every((dim) => dim === null || isWhole(dim)));
  need(isRight, `${field}.shape`, 'sizes, null where open', shape);
  return fields;
}

function input(value: unknown, field: string): Fields {
  const fields = spec(value, field);
  if (fields['image'] !== undefined) image(fields['image'], `${field}.image`);
  return fields;
}

function image(value: unknown, field: string): void {
  const { width, height, fit, filter, channels, layout, scale, offset } = object(value, field);
  for (const [key, size] of Object.entries({ width, height })) need(isWhole(size, 1), `${field}.${key}`, 'a size in pixels', size);
  choice(fit, `${field}.fit`, 'stretch', 'contain', 'cover');
  choice(filter, `${field}.filter`, 'bilinear', 'area', 'nearest', 'browser');
  choice(channels, `${field}.channels`, 'rgb', 'bgr', 'gray');
  choice(layout, `${field}.layout`, 'nhwc', 'nchw');
  const count = channels === 'gray' ? 1 : 3;
  for (const [key, values] of Object.entries({ scale, offset })) {
    const isRight = Array.isArray(values) && values.length === count && values.every((item) => isNumber(item));
    need(isRight, `${field}.${key}`, `${count} finite numbers, one per channel`, values);
  }
}

function output(value: unknown, field: string): Fields {
  const fields = spec(value, field);
  if (fields['labels'] !== undefined) texts(fields['labels'], `${field}.labels`);
  if (fields['values'] !== undefined) choice(fields['values'], `${field}.values`, 'logits', 'probabilities');
  return fields;
}

function goldenInput(value: unknown, field: string, taken: Fields | undefined, bytes: number): void {
  const { kind, shape, offset, width, height, seed, low, high } = object(value, field);
  need(taken !== undefined, field, 'of an input in the signature', value);
  sizes(shape, `${field}.shape`);
  choice(kind, `${field}.kind`, ...(taken?.['image'] === undefined ? [] : ['picture']), 'uniform');
  const isRight =
    kind === 'picture'
      ? isWhole(width, 1) && isWhole(height, 1) && isWithin(offset, width * height * 3, bytes)
      : [seed, low, high].every((number) => isNumber(number));
  need(isRight, field, kind === 'picture' ? `a picture within the ${bytes} bytes of its asset` : 'a seed, low and high', value);
}

function goldenOutput(value: unknown, field: string, given: Fields | undefined, bytes: number): void {
  const { shape, offset, count, min, max } = object(value, field);
  need(given !== undefined, field, 'of an output in the signature', value);
  sizes(shape, `${field}.shape`);
  const isRight = isWhole(count, 1) && isWithin(offset, count * 4, bytes) && offset % 4 === 0;
  need(isRight, field, `float32 values within the ${bytes} bytes of its asset`, value);
  for (const [key, number] of Object.entries({ min, max })) need(isNumber(number), `${field}.${key}`, 'a finite number', number);
}

const isWithin = (offset: unknown, length: number, bytes: number): offset is number => isWhole(offset) && offset + length <= bytes;

function sizes(value: unknown, field: string): void {
  need(Array.isArray(value) && value.every((size) => isWhole(size)), field, 'sizes', value);
}

function asset(value: unknown, field: string): number {
  const { name, bytes, sha256, url } = object(value, field);
  text(name, `${field}.name`);
  need(isWhole(bytes), `${field}.bytes`, 'a length in bytes', bytes);
  need(typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256), `${field}.sha256`, '64 hex digits', sha256);
  need(typeof url === 'function', `${field}.url`, 'a function', url, "Import the packed folder's model.js itself.");
  return bytes as number;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  if (Array.isArray(value)) return 'an array';
  // Not every object can become a text: a module's namespace cannot.
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
