/** The options of packing. */
import { messageOf, PannierError } from '../base/errors.js';
import type { BoxLayoutName } from '../manifest/box-layouts.js';
import type { ImageSpec } from '../manifest/manifest.js';
import type { Cell, ValueKind } from '../manifest/signature.js';

/** How a picture becomes an input tensor. */
export interface ImageOptions {
  /** In pixels, as `height`. Default: the size in the graph; both are required if the graph leaves it open. */
  readonly width?: number;
  readonly height?: number;
  /** Default `stretch`. */
  readonly fit?: ImageSpec['fit'];
  /** The resize filter that training used; default `bilinear`. */
  readonly filter?: ImageSpec['filter'];
  /** Default `rgb`, or `gray` if the input has one channel. */
  readonly channels?: ImageSpec['channels'];
  /** Default: the one in which the input's shape is that of a picture; `nhwc` if both are. */
  readonly layout?: ImageSpec['layout'];
  /** The grey of the bars of `contain`, and of what a crop takes from outside of the picture, 0…255; default 0, which is black. */
  readonly background?: number;
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
      /** The categories in the order that training used. */
      readonly categories: readonly Cell[];
      /** Default `one-hot`, which gives a value for each category; `index` gives one value, which an embedding takes. */
      readonly encode?: 'one-hot' | 'index';
    };

/** Limits an open length to a few sizes, so that an engine compiles for few shapes: shorter inputs are padded, outputs are cut back. */
export interface PadOptions {
  /** The lengths, for example `[16, 32, 64, 128]`. All padded inputs of a model have the same lengths, and are equally long in a call. */
  readonly to: readonly number[];
  /** The open axis; default 1. */
  readonly axis?: number;
  /** The value that fills a shorter input; default 0. */
  readonly value?: number;
}

/** Options of one input. */
export interface InputOptions {
  /** The name that apps use; default the signature's key in camelCase. */
  readonly name?: string;
  /**
   * Sizes of the golden sample, which warms the model up and counts FLOPs; required if the graph leaves sizes open. Where an `.onnx`
   * file cannot be read with open sizes, such as a recurrent layer over a length, the packed model takes these sizes alone.
   */
  readonly shape?: readonly number[];
  /**
   * The only shapes that the input takes, for example `[[null, 3, 48, 160], [null, 3, 48, 320]]`, where the graph leaves sizes open; `null`
   * leaves a batch open. The model is compiled for each of them, and a call with another shape is refused. The first shapes of all inputs
   * that have some go together, then the second ones. The golden samples have the first ones, unless `shape` or `image` say another.
   */
  readonly shapes?: readonly (readonly (number | null)[])[];
  /**
   * The value in every call, one number for all elements or a number for each: a sampling rate, a mode. The input vanishes from the
   * packed model, and the branches that the value does not choose, too. For `.onnx` files.
   */
  readonly constant?: number | readonly number[];
  /** Default: an input of a picture's shape takes pictures. `false`: it takes arrays alone, such as a spectrogram. */
  readonly image?: ImageOptions | false;
  /** Apps give rows, which are objects with a value for each column. The columns fill the last axis in this order. */
  readonly columns?: readonly ColumnOptions[];
  readonly pad?: PadOptions;
}

/** Options of one output. */
export interface OutputOptions {
  readonly name?: string;
  /** Names of the classes along the last axis, or of the classes of boxes. */
  readonly labels?: readonly string[];
  /** The kind of the output's values; required with `labels`, but for boxes. */
  readonly values?: ValueKind;
  /**
   * How a detector's boxes lie in the output, so that `boxes` of `pannier/read` needs no columns. Default: as the file says, else as the
   * shape tells where it can be no other; `false` for an output without boxes.
   */
  readonly layout?: BoxLayoutName | false;
  /** Points of each box and values of each point, such as `[17, 3]`, for a detector of poses. */
  readonly points?: readonly [count: number, values: number];
}

/**
 * The kinds that take half the bytes of float32, or a quarter: uint8 has one scale for a weight, int8 one for each output channel of a
 * convolution's filter or a matrix.
 */
export const QUANTIZED = ['float16', 'uint8', 'int8'] as const;

/** How a weight is stored; `none` leaves it unchanged. */
export type WeightKind = (typeof QUANTIZED)[number] | 'none';

/** One kind for every weight, or a kind for each pattern of weight names. `*` matches any text; the first pattern that matches decides. */
export type QuantizeOption = Exclude<WeightKind, 'none'> | Readonly<Record<string, WeightKind>>;

/** The inputs of one call, as files. */
export interface SampleFiles {
  /** A PNG or JPEG for the only input that takes a picture. */
  readonly image?: string;
  /** Files by the input's name: .npy, a picture if the input takes one, .json rows if it has columns. */
  readonly inputs?: Readonly<Record<string, string>>;
}

/** How sure the model is of samples like those that it will see, to be compared with how sure it is in use. Nothing of them is shipped. */
export interface DriftOptions {
  /** Whose top scores are counted, the highest of each row; default the only output. */
  readonly output?: string;
  /** For 200 answers or more; each is run when the model is packed. A batch of rows has an answer each. */
  readonly samples: readonly SampleFiles[];
}

/** Inputs and the training framework's answers to them. Packing fails if the graph answers otherwise; the files are not shipped. */
export interface GoldenCheck extends SampleFiles {
  /** An .npy file for the only output, or one by name for each output that matters. */
  readonly expect: string | Readonly<Record<string, string>>;
  /** Largest root mean square error of an output, as a share of the expected values' standard deviation; default 0.03. */
  readonly tolerance?: number;
}

/** Limits beyond which packing fails with `budget`. */
export interface BudgetOptions {
  /** Bytes of all files that an app ships, which our own graph is not. */
  readonly bytes?: number;
  /** Millions of floating-point operations of one predict. */
  readonly mflop?: number;
  /**
   * Largest change of any value of the golden sample's outputs by quantised weights, as a share of the output's spread. Default:
   * what a backend may be off.
   */
  readonly goldenError?: number;
}

/** Options of one model. */
export interface PackOptions {
  /**
   * Path of an `.onnx` file (opset 7 to 24, weights inside or in files beside it), of a `.tflite` file, of a `.keras` or `.h5`
   * file that Keras saved, of the zip that Teachable Machine downloads, of a folder with one of these, or of a TF.js
   * `model.json`: a graph model or a Layers model (from `tf.LayersModel.save`, from a Keras file by tensorflowjs_converter). An
   * op of ONNX or TensorFlow Lite that is not read fails with `model-format`, naming its node. A Layers model or a file of Keras
   * is lowered to a graph that answers what Keras answers, also where `tf.LayersModel.predict` differs (a bilinear
   * `UpSampling2D`, the `hard_sigmoid` of Keras 3). Packing fails with `model-format` and the layer's name for a layer without a
   * rule, for masks and for a recurrent layer with an open time axis. Teachable Machine's `metadata.json` in the same folder
   * gives the labels of the only output and the preprocessing of pictures, unless `inputs` and `outputs` do.
   */
  readonly model: string;
  /** Folder of the packed model, made if it is missing; it must not be the folder of `model`. */
  readonly out: string;
  /** Default: the name of the model file without its ending, such as `.onnx`, or of its folder if that is `model`. */
  readonly name?: string;
  /** The signature to pack, of a `.tflite` file that has several. */
  readonly signature?: string;
  /** Default `0`. */
  readonly version?: string;
  readonly license?: string;
  readonly source?: string;
  /** ISO date; a time needs its zone. The packer reads no clock, so that the same input gives the same bytes. */
  readonly packedAt?: string;
  /** Days after `packedAt` from which on `ageOf` of `pannier/drift` calls the model stale. */
  readonly staleAfterDays?: number;
  /** By the graph's node, the signature's key or the default name. */
  readonly inputs?: Readonly<Record<string, InputOptions>>;
  readonly outputs?: Readonly<Record<string, OutputOptions>>;
  /** Stores weights in fewer bytes. Packing fails with `budget` if that changes the golden sample's answers too much. */
  readonly quantize?: QuantizeOption;
  /** Packing fails with `budget` if the model costs more. */
  readonly budget?: BudgetOptions;
  /** Answers of the training framework; packing fails with `golden-mismatch` if the graph answers otherwise. */
  readonly golden?: readonly GoldenCheck[];
  /**
   * Runs the model file itself on the golden samples, too: an `.onnx` in the `onnxruntime-node` or `onnxruntime-web` of the app, a
   * `.tflite` in its `@litertjs/core`, in an installed Chromium through its `playwright-core`. Packing fails with
   * `golden-mismatch` if an output is off by more than a thousandth of its largest value (a hundredth in float16, a fiftieth in a quantised file), and with `options`
   * if the package is not installed.
   */
  readonly verify?: boolean;
  /** Samples whose scores `watchDrift` of `pannier/drift` compares those in use with. */
  readonly drift?: DriftOptions;
  /** A PNG of at most 96×96 pixels for the golden sample, instead of the photograph that ships with Pannier. */
  readonly goldenPicture?: string;
  /** Writes nothing and runs no model; throws `output-stale` if an option, a source file or a packed file has changed. */
  readonly check?: boolean;
}

/** The default export of `pannier.config.mjs`. Keys are the models' default names, paths are relative to the file. */
export interface PannierConfig {
  readonly models: Readonly<Record<string, PackOptions>>;
}

/** Gives the default export of `pannier.config.mjs` its type, and returns it. */
export const defineConfig = (config: PannierConfig): PannierConfig => config;

/** The error for an option with a wrong value. */
export const badOption = (message: string): PannierError => new PannierError('options', message);

/**
 * Copies options, so that no getter or proxy of an app can change them while they are used.
 * @param what begins the message of the error
 * @throws {PannierError} `options` if a value cannot be copied
 */
export function plainCopy<T>(value: T, what: string): T {
  try {
    return structuredClone(value);
  } catch (thrown) {
    throw badOption(`${what} cannot be read (${messageOf(thrown)}); plain objects, arrays, texts and numbers are wanted.`);
  }
}
