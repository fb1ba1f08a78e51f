/** What the packer can be told. */
import { messageOf, PannierError } from '../base/errors.js';
import type { ImageSpec } from '../manifest/manifest.js';
import type { Cell, ValueKind } from '../manifest/signature.js';

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

/** An open length that the graph sees in a few sizes only: shorter inputs are filled up, outputs are cut back. */
export interface PadOptions {
  /** The lengths, such as `[16, 32, 64, 128]`; all padded inputs of a model have the same ones, and are equally long. */
  readonly to: readonly number[];
  /** Default 1. */
  readonly axis?: number;
  /** What is put behind the end; default 0. */
  readonly value?: number;
}

/** About one input. */
export interface InputOptions {
  /** What apps call it; default the signature's key in camelCase. */
  readonly name?: string;
  /** Sizes for the golden sample, warm-up and FLOPs where the graph leaves them open. */
  readonly shape?: readonly number[];
  readonly image?: ImageOptions;
  /** Apps give rows, objects with a value for each column; together they fill the last axis, in this order. */
  readonly columns?: readonly ColumnOptions[];
  readonly pad?: PadOptions;
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

/** What a model is given, as files. */
export interface SampleFiles {
  /** A PNG or JPEG for the only input that takes a picture. */
  readonly image?: string;
  /** By name: .npy files, pictures for inputs that take one, .json rows for inputs with columns. */
  readonly inputs?: Readonly<Record<string, string>>;
}

/** How sure the model is of samples like those that it will see, to be compared with how sure it is in use. Nothing of them is shipped. */
export interface DriftOptions {
  /** Whose top scores are counted, the highest of each row; default the only output. */
  readonly output?: string;
  /** For 200 answers or more; each is run when the model is packed. A batch of rows has an answer each. */
  readonly samples: readonly SampleFiles[];
}

/** What the training framework answered, to be held against the graph when it is packed; nothing of it is shipped. */
export interface GoldenCheck extends SampleFiles {
  /** An .npy file for the only output, or one for each that matters, by name. */
  readonly expect: string | Readonly<Record<string, string>>;
  /** How far an output may be off (root mean square), as a share of the expected values' standard deviation; default 0.03. */
  readonly tolerance?: number;
}

/** What packing is refused beyond. */
export interface BudgetOptions {
  /** Of all files of the packed model. */
  readonly bytes?: number;
  /** Million floating-point operations of one predict. */
  readonly mflop?: number;
  /**
   * How far quantised weights may move any golden value, as a share of its output's spread. Without it,
   * quantised weights must agree with the original ones as closely as a backend must.
   */
  readonly goldenError?: number;
}

/** One model to pack. */
export interface PackOptions {
  /**
   * Path of a TF.js model's model.json: of a graph model, or of a Layers model (`tf.LayersModel.save`, a
   * Keras file through tensorflowjs_converter, Teachable Machine), which is lowered to a graph by a rule for
   * each class of layer and answers what `tf.LayersModel.predict` does. Where TF.js differs from Keras
   * (a bilinear `UpSampling2D`, the `hard_sigmoid` of Keras 3), only answers of the training framework tell:
   * see `golden`. A layer without a rule, masks and an open time axis of a recurrent layer are
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
  /** ISO date, a time in it with its zone; the packer has no clock. */
  readonly packedAt?: string;
  /** Days after `packedAt` from which on `ageOf` of `pannier/drift` calls the model stale. */
  readonly staleAfterDays?: number;
  /** By node, by signature key or by default name. */
  readonly inputs?: Readonly<Record<string, InputOptions>>;
  readonly outputs?: Readonly<Record<string, OutputOptions>>;
  /** Stores weights in fewer bytes; refused where that moves the golden sample's answers too far. */
  readonly quantize?: QuantizeOption;
  /** Refuses a packed model that costs more. */
  readonly budget?: BudgetOptions;
  /** Answers of the training framework that the graph must give too. */
  readonly golden?: readonly GoldenCheck[];
  /** Samples whose scores `watchDrift` of `pannier/drift` compares those in use with. */
  readonly drift?: DriftOptions;
  /** A PNG of at most 96×96 to take the golden sample with, in place of the shipped photograph. */
  readonly goldenPicture?: string;
  /** Writes nothing and runs no model; throws `output-stale` if an option, a source file or a packed file has changed. */
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

/**
 * A copy that is read once: without getters, proxies or functions, whatever made the options.
 * @throws {PannierError} `options` where a value cannot be copied
 */
export function plainCopy<T>(value: T, what: string): T {
  try {
    return structuredClone(value);
  } catch (thrown) {
    throw badOption(`${what} cannot be read (${messageOf(thrown)}); plain objects, arrays, texts and numbers are wanted.`);
  }
}
