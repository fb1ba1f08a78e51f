/** The manifest: what a packed model says about itself, and the check that an unknown value is one. */
import {
  boolean,
  check,
  type Field,
  type Fields,
  fields,
  isNumber,
  isWhole,
  list,
  type Origin,
  record,
  refusal,
  text,
  texts,
} from '../base/fields.js';
import type { AnyInputs, AnyOutputs, Cell, TensorSpec, ValueKind } from './signature.js';

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

/** How one column of a row becomes values of an input tensor: `(value − mean) / std`, or a place among categories. */
export type ColumnSpec =
  | { readonly name: string; readonly mean: number; readonly std: number }
  | {
      readonly name: string;
      readonly categories: readonly Cell[];
      /** `one-hot`: as many values as categories, one of them 1; `index`: one value, from 0. */
      readonly encode: 'one-hot' | 'index';
    };

/** An open length in a few sizes, so that an engine compiles for few shapes. */
export interface PadSpec {
  /** Lengths that reach the graph, ascending; the same for all padded inputs of a model, which are equally long. */
  readonly to: readonly number[];
  readonly axis: number;
  /** What stands behind the end. */
  readonly value: number;
}

/** One input: friendly name outside, the graph's node inside. */
export interface InputSpec extends TensorSpec {
  /** Placeholder in the graph, without the `:0`. */
  readonly node: string;
  readonly image?: ImageSpec;
  /** Of a row, in the order of the tensor's last axis, which they fill. */
  readonly columns?: readonly ColumnSpec[];
  readonly pad?: PadSpec;
}

/** One output. */
export interface OutputSpec extends TensorSpec {
  /** Tensor in the graph, for example `Identity:0` or `TopK:1`. */
  readonly node: string;
  readonly labels?: readonly string[];
  readonly values?: ValueKind;
  /** Axes that are as long as the padded inputs: cut back to the length that was given. */
  readonly lengthAxes?: readonly number[];
}

/**
 * The golden sample's input: an 8-bit RGB picture in the golden file, enlarged by our own bilinear,
 * or values from a named generator, or rows of such values that the columns encode.
 */
export type GoldenInput =
  | {
      readonly kind: 'picture';
      readonly offset: number;
      readonly width: number;
      readonly height: number;
      readonly shape: readonly number[];
    }
  | { readonly kind: 'uniform'; readonly seed: number; readonly low: number; readonly high: number; readonly shape: readonly number[] }
  | { readonly kind: 'rows'; readonly seed: number; readonly shape: readonly number[] };

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
  /** Days after `packedAt` from which on the model is stale. */
  readonly staleAfterDays?: number;
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
  /** Most bytes of inputs, outputs and values between them that are alive at once in one predict of the golden sample's shape. */
  readonly intermediateBytes: number;
  /** How sure the model was of the samples that it was packed with. */
  readonly drift?: {
    /** The output whose top scores are counted. */
    readonly output: string;
    /** Where one bin ends and the next begins, ascending. */
    readonly edges: readonly number[];
    /** Top scores in each bin: one more than there are edges. */
    readonly counts: readonly number[];
    /** How many answers these are of: rows of one are alike, and say little more than one of them. */
    readonly answers: number;
  };
  /** What the packer stored in fewer bytes, and what that cost. */
  readonly quantized?: {
    /** Bytes of all weights as the model file had them. */
    readonly originalBytes: number;
    /** By kind: the weights that the packer made of it, and their bytes now. */
    readonly kinds: Readonly<Record<string, { readonly weights: number; readonly bytes: number }>>;
    /** Largest change of any value of the golden sample's outputs, as a share of its output's spread. */
    readonly maxError: number;
  };
}

/** The default export of a packed model: a manifest that also remembers its types, for the compiler only. */
export interface ModelSource<I = AnyInputs, O = AnyOutputs> extends Manifest {
  /** Never present at run time. */
  readonly '~types'?: { readonly inputs: I; readonly outputs: O };
}

/** All files of a packed model, the weights in the order in which the graph takes them. */
export const assetsOf = (manifest: Manifest): readonly Asset[] => [manifest.graph, ...manifest.weights, manifest.golden.asset];

const MODEL_SOURCE: Origin = {
  code: 'manifest',
  whole: 'The model source',
  part: "The model source's ",
  next: 'Import the default export of a packed model.js.',
};

/** The field that holds a whole manifest, for `checkDetails` too. */
export const sourceField = (value: unknown): Field => ({ origin: MODEL_SOURCE, value, path: '' });

const MAX_ASSET_BYTES = 2 ** 31;

const fromZero = check((value) => isNumber(value, 0), 'a number from 0 up');

const asset = fields({
  name: text,
  bytes: check((bytes) => isWhole(bytes) && bytes <= MAX_ASSET_BYTES, 'a length in bytes'),
  sha256: check((hash) => typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash), '64 hex digits'),
  url: check((url) => typeof url === 'function', 'a function', "Import the packed folder's model.js itself."),
});

const manifest = fields({
  format: check((format) => format === MANIFEST_FORMAT, `${MANIFEST_FORMAT}`, 'Pack the model again with this version of pannier.'),
  ...{ name: text, version: text, hash: text },
  graph: asset,
  weights: list(asset),
  golden: fields({ asset }),
  controlFlow: boolean,
  ...{ flops: fromZero, largestWeightBytes: fromZero, residentBytes: fromZero, intermediateBytes: fromZero },
  missingKernels: record(texts),
});

/**
 * Checks that an unknown value is a manifest, as far as a load computes with it before the lazy chunk is there;
 * `checkDetails` does the rest.
 * @throws {PannierError} `manifest`, naming the field
 */
export function readManifest(source: unknown): Manifest {
  const field = sourceField(source);
  const { then, format, default: model } = Object(source) as Fields;
  // An `import()` is a promise, and once awaited a module.
  if (then !== undefined) throw refusal(field, 'a packed model', 'Await it, and pass its default export.');
  if (format === undefined && model !== undefined) throw refusal(field, 'a packed model', 'Pass its default export.');
  manifest(field);
  return source as Manifest;
}
