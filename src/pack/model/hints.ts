/** What a model's files say beside the graph, as the options that it stands for. An app's own options take precedence. */
import type { BoxLayoutName } from '../../manifest/box-layouts.js';
import type { InputOptions, OutputOptions } from '../options.js';

/** What a file says of the detector whose boxes an output holds. */
export interface DetectorHint {
  readonly task: 'detect' | 'segment' | 'pose' | 'obb';
  /** Layouts that the file's producer writes for the task, the likeliest first. */
  readonly layouts: readonly BoxLayoutName[];
  readonly labels?: readonly string[];
  readonly points?: readonly [count: number, values: number];
  readonly pointNames?: readonly string[];
}

/** The options of an output, or that it holds the boxes of a detector. */
export interface OutputHint extends OutputOptions {
  readonly detector?: DetectorHint;
}

export interface Hints {
  /** By the signature's key. */
  readonly inputs: Readonly<Record<string, InputOptions>>;
  readonly outputs: Readonly<Record<string, OutputHint>>;
  readonly license?: string;
  /** A description of the model. */
  readonly about?: string;
  /** Where all this stands, such as `the metadata of best.onnx`. */
  readonly source: string;
  /** Sentences on what cannot be read. */
  readonly warnings: readonly string[];
}
