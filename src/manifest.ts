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
 * Checks that an unknown value is a manifest.
 * @throws {PannierError} `manifest`, naming the field.
 */
export function readManifest(source: unknown): Manifest {
  const manifest = object(source, 'the model source');
  if (manifest['format'] !== MANIFEST_FORMAT) {
    throw broken('format', `${MANIFEST_FORMAT}`, describe(manifest['format']), 'Pack the model again with this version of pannier.');
  }
  for (const field of ['name', 'version', 'hash']) text(manifest[field], field);
  const signature = object(manifest['signature'], 'signature');
  for (const side of ['inputs', 'outputs'] as const) {
    for (const [name, value] of Object.entries(object(signature[side], `signature.${side}`))) spec(value, `signature.${side}.${name}`);
  }
  asset(manifest['graph'], 'graph');
  const { weights } = manifest;
  if (!Array.isArray(weights)) throw broken('weights', 'an array of assets', describe(weights));
  for (const [index, value] of weights.entries()) asset(value, `weights[${index}]`);
  const golden = object(manifest['golden'], 'golden');
  asset(golden['asset'], 'golden.asset');
  object(golden['inputs'], 'golden.inputs');
  object(golden['outputs'], 'golden.outputs');
  object(manifest['missingKernels'], 'missingKernels');
  return source as Manifest;
}

type Fields = Record<string, unknown>;

function object(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw broken(field, 'an object', describe(value));
  return value as Fields;
}

function text(value: unknown, field: string): void {
  if (typeof value !== 'string' || value === '') throw broken(field, 'a text', describe(value));
}

function spec(value: unknown, field: string): void {
  const { node, dtype, shape } = object(value, field);
  text(node, `${field}.node`);
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype))
    throw broken(`${field}.dtype`, Object.keys(DTYPES).join(', '), describe(dtype));
  const isDim = (dim: unknown) => dim === null || (Number.isSafeInteger(dim) && (dim as number) >= 0);
  if (shape !== null && !(Array.isArray(shape) && shape.every(isDim)))
    throw broken(`${field}.shape`, 'sizes, null where open', describe(shape));
}

function asset(value: unknown, field: string): void {
  const { name, bytes, sha256, url } = object(value, field);
  text(name, `${field}.name`);
  if (!Number.isSafeInteger(bytes) || (bytes as number) < 0) throw broken(`${field}.bytes`, 'a length in bytes', describe(bytes));
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) throw broken(`${field}.sha256`, '64 hex digits', describe(sha256));
  if (typeof url !== 'function') throw broken(`${field}.url`, 'a function', describe(url), "Import the packed folder's model.js itself.");
}

function broken(field: string, wanted: string, got: string, next = 'Import the default export of a packed model.js.'): PannierError {
  return new PannierError('manifest', `The model source's ${field} should be ${wanted}, but is ${got}. ${next}`, { field, wanted, got });
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  if (Array.isArray(value)) return 'an array';
  // Not every object can become a text: a module's namespace cannot.
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
