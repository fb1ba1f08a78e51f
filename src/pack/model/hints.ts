/** Statements of a model's files beside the graph, as the options that they stand for. An app's own options take precedence. */
import type { BoxLayoutName } from '../../manifest/box-layouts.js';
import type { InputOptions, OutputOptions } from '../options.js';

/** A file's statements about the detector whose boxes an output holds. */
export interface DetectorHint {
  readonly task: 'detect' | 'segment' | 'pose' | 'obb';
  /** Layouts that the file's producer writes for the task, the likeliest first. */
  readonly layouts: readonly BoxLayoutName[];
  readonly labels?: readonly string[];
  readonly points?: readonly [count: number, values: number];
  readonly pointNames?: readonly string[];
  /** Whether coordinates are shares of the picture, 0…1, whatever the layout. */
  readonly normalized?: boolean;
}

/** The options of an output, or that it holds the boxes of a detector. */
export interface OutputHint extends OutputOptions {
  readonly detector?: DetectorHint;
}

export interface Hints {
  /** Entries by the signature's key. */
  readonly inputs: Readonly<Record<string, InputOptions>>;
  readonly outputs: Readonly<Record<string, OutputHint>>;
  readonly license?: string;
  /** A description of the model. */
  readonly about?: string;
  /** The place of all this, such as `the metadata of best.onnx`. */
  readonly source: string;
  /** Sentences on what cannot be read. */
  readonly warnings: readonly string[];
}
