/** The manifest, which describes a packed model, and the check that an unknown value is a manifest. */
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
  object,
  optional,
  refusal,
  text,
} from '../base/fields.js';
import type { Asset, FileDigest, Targets } from './assets.js';
import type { AnyInputs, AnyOutputs, BoxLayout, Cell, Dim, TensorSpec, ValueKind } from './signature.js';

/**
 * The format that this version reads and writes. From 2 on, a folder that was packed by an older minor version loads in every later
 * one: a version may add fields without a new number, which it does not require when it reads, and may neither change nor remove one.
 */
export const MANIFEST_FORMAT = 2;

/** How a picture becomes an input tensor. Per channel, `value = pixel × scale + offset` with pixels from 0 to 255. */
export interface ImageSpec {
  /** The tensor's width in pixels. */
  readonly width: number;
  readonly height: number;
  /** `stretch` ignores the aspect ratio; `contain` adds bars; `cover` cuts off what does not fit. */
  readonly fit: 'stretch' | 'contain' | 'cover';
  /** How the picture is resized. `browser` leaves it to the canvas, which is faster but differs between browsers. */
  readonly filter: 'bilinear' | 'area' | 'nearest' | 'browser';
  readonly channels: 'rgb' | 'bgr' | 'gray';
  readonly layout: 'nhwc' | 'nchw';
  /** The grey of every channel outside of the picture, 0…255; absent for black. */
  readonly background?: number;
  /** One number per channel, in the order of `channels`. */
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** How one column of a row becomes values of an input tensor: a number as `(value − mean) / std`, a category by its index. */
export type ColumnSpec =
  | { readonly name: string; readonly mean: number; readonly std: number }
  | {
      readonly name: string;
      readonly categories: readonly Cell[];
      /** `one-hot` gives one value per category, of which one is 1 and the others are 0; `index` gives one value, from 0. */
      readonly encode: 'one-hot' | 'index';
    };

/** Limits an open length to a few sizes, so that an engine compiles for few shapes: shorter inputs are padded. */
export interface PadSpec {
  /** The sizes, ascending. All padded inputs of a model have the same sizes, and are equally long in a call. */
  readonly to: readonly number[];
  /** The open axis that is padded. */
  readonly axis: number;
  /** The value that fills a shorter input. */
  readonly value: number;
}

/** One input. Its key in the signature is the name that apps use. */
export interface InputSpec extends TensorSpec {
  /** Apps may give a picture. */
  readonly image?: ImageSpec;
  /** Apps may give rows: the columns in the order in which they fill the tensor's last axis. */
  readonly columns?: readonly ColumnSpec[];
  readonly pad?: PadSpec;
  /** The handle gives this input, the state of a model: at first this number everywhere, then the output of that name of the call before. */
  readonly state?: { readonly output: string; readonly initial: number };
  /** The only shapes that the input takes; `null` is an open batch. The first ones of all inputs go together, then the second ones. */
  readonly shapes?: readonly (readonly Dim[])[];
}

/** One output. Its key in the signature is the name that apps use. */
export interface OutputSpec extends TensorSpec {
  /** Names of the classes along the last axis. */
  readonly labels?: readonly string[];
  readonly values?: ValueKind;
  /** How boxes lie in the output, if it is that of a detector. */
  readonly layout?: BoxLayout;
  /** Axes that are as long as the padded inputs; they are cut back to the length that the app gave. */
  readonly lengthAxes?: readonly number[];
}

/**
 * One input of a golden sample: a picture, or values of a seeded generator from `low` to below `high`, or rows of such values, which
 * the columns encode. A picture is an 8-bit RGB picture in the golden file, resized to the input's size: as it is (variant 0),
 * mirrored (1) or as a negative (2). In a batch of pictures, each takes the next variant.
 */
export type GoldenInput =
  | {
      readonly kind: 'picture';
      readonly offset: number;
      readonly width: number;
      readonly height: number;
      readonly variant: number;
      readonly shape: readonly number[];
    }
  | { readonly kind: 'uniform'; readonly seed: number; readonly low: number; readonly high: number; readonly shape: readonly number[] }
  | { readonly kind: 'rows'; readonly seed: number; readonly shape: readonly number[] };

/** What is known of one output of a golden sample. */
export interface GoldenOutput {
  /** `null` is a size that changes with a tiny change of the input. */
  readonly shape: readonly Dim[];
  /** Absent if the values cannot be compared. */
  readonly values?: GoldenValues;
}

/** Expected values: `count` evenly spaced ones of an output, stored as float32 at byte `offset` of the golden file. */
export interface GoldenValues {
  readonly offset: number;
  readonly count: number;
  /** The smallest and the largest of all values of the output, from which a tolerance follows. */
  readonly min: number;
  readonly max: number;
  /** How far apart values lie that a quantised network rounds: they may be two steps off. Absent where nothing is rounded. */
  readonly step?: number;
}

/** One stored input of the whole model, and the outputs that the original graph gave for it. */
export interface GoldenSample {
  readonly inputs: Readonly<Record<string, GoldenInput>>;
  readonly outputs: Readonly<Record<string, GoldenOutput>>;
}

/** The golden samples: what a target must answer before it is trusted. */
export interface GoldenSpec {
  readonly asset: Asset;
  /** What made the expected outputs: our reference, or TF.js on the cpu backend. */
  readonly truth: 'reference' | 'tfjs-cpu';
  /** Two that differ. The first runs before the model answers, the second in idle time. */
  readonly samples: readonly [first: GoldenSample, second: GoldenSample];
  /** A batch of three that differ, which runs before the first call with more rows than the samples have; absent if no batch is open. */
  readonly batch?: GoldenSample;
  /** Outputs whose values are compared in neither sample, with the reason, such as that a tiny change of the input moves them. */
  readonly skipped: Readonly<Record<string, string>>;
}

/** The description of a packed model. */
export interface Manifest {
  readonly format: typeof MANIFEST_FORMAT;
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly source?: string;
  /** An ISO date, which the options of packing gave. */
  readonly packedAt?: string;
  /** Days after `packedAt` from which on the model is stale. */
  readonly staleAfterDays?: number;
  /** SHA-256 over all other fields: packed models with the same hash are the same model. */
  readonly hash: string;
  readonly signature: {
    readonly inputs: Readonly<Record<string, InputSpec>>;
    readonly outputs: Readonly<Record<string, OutputSpec>>;
  };
  /** Our graph, whose constants lie in the weights. It has no address, so that it stays with the packed folder: no page takes it. */
  readonly graph: FileDigest;
  /** The shards of the weights, which all engines share. */
  readonly weights: readonly Asset[];
  readonly targets: Targets;
  readonly golden: GoldenSpec;
  /** Whether the graph has control flow or outputs whose size depends on the data, so that it runs asynchronously. */
  readonly controlFlow: boolean;
  /** How often the graph has each operation, sorted by name. */
  readonly ops: Readonly<Record<string, number>>;
  /** Floating-point operations of one predict of the golden samples' shape. */
  readonly flops: number;
  /** Bytes of the largest weight as a backend holds it, expanded from its stored form. */
  readonly largestWeightBytes: number;
  /** Bytes of all weights as a backend holds them. */
  readonly residentBytes: number;
  /** The most bytes of inputs, outputs and intermediate values that one predict of the golden samples' shape holds at once. */
  readonly intermediateBytes: number;
  /** How sure the model was of its answers to the samples that it was packed with. */
  readonly drift?: {
    /** The output whose top scores are counted. */
    readonly output: string;
    /** Scores at which one bin ends and the next begins, ascending. */
    readonly edges: readonly number[];
    /** Top scores in each bin, one bin more than there are edges. */
    readonly counts: readonly number[];
    /** How many answers the scores come from. Rows of one answer are alike, and count little more than one row. */
    readonly answers: number;
  };
  /** Which weights the packer stored in fewer bytes, and how much that changes the outputs. */
  readonly quantized?: {
    /** Bytes of all weights as the model file had them. */
    readonly originalBytes: number;
    /** By kind: the weights that the packer made of it, and their bytes now. */
    readonly kinds: Readonly<Record<string, { readonly weights: number; readonly bytes: number }>>;
    /** Largest change of any value of the first golden sample's outputs, as a share of its output's spread. */
    readonly maxError: number;
  };
  /** The outcome of `pack --verify`: the file was run by its own runtime, too. No page reads it. */
  readonly verified?: {
    /** The package and its version, such as `onnxruntime-node 1.30.0`. */
    readonly runtime: string;
    /** A power of ten by output, at or above the largest difference of a value, as a share of the output's largest magnitude. */
    readonly differences: Readonly<Record<string, number>>;
  };
}

/** The default export of a packed model: a manifest that also carries the types of inputs and outputs for the compiler. */
export interface ModelSource<I = AnyInputs, O = AnyOutputs> extends Manifest {
  /** Exists in the type alone, never at run time. */
  readonly '~types'?: { readonly inputs: I; readonly outputs: O };
}

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
  format: check((format) => format === MANIFEST_FORMAT, `${MANIFEST_FORMAT}`, 'Pack the model again with this Pannier.'),
  ...{ name: text, version: text, hash: text },
  targets: fields({
    compiled: optional(fields({ simd: optional(asset), relaxed: optional(asset), refused: object })),
    tfjs: fields({ graph: asset, refused: object }),
  }),
  weights: list(asset),
  golden: fields({ asset }),
  controlFlow: boolean,
  ...{ flops: fromZero, largestWeightBytes: fromZero, residentBytes: fromZero, intermediateBytes: fromZero },
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
