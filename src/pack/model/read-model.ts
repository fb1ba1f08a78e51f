/** A model file as the packer reads it, whatever its format is. */
import type { Ends } from '../../formats/tfjs/ends.js';
import type { Inexpressible } from '../../formats/tfjs/read/read.js';
import type { Graph } from '../../graph/graph.js';
import type { Hints } from './hints.js';

/** A model file's graph, and what the file says of its inputs and outputs. */
export interface ReadModel {
  /** Base name of the model file. */
  readonly file: string;
  readonly graph: Graph;
  /** The inputs and outputs of the graph, in its order. */
  readonly ends: Ends;
  /** The nodes for which the graph has an opaque part. */
  readonly inexpressible: readonly Inexpressible[];
  /** Hints from the file's metadata, or from files beside the model. Options take precedence. */
  readonly hints?: Hints;
  /** Keys of the option `inputs` whose inputs became constants, so that the graph has them no more. */
  readonly constants?: readonly string[];
  /** Lines on what was taken of several things that were there. */
  readonly taken?: readonly string[];
  /** States by the key of their input: the key of the output that is fed to it in the next call, and each of its numbers in the first. */
  readonly states?: ReadonlyMap<string, { readonly output: string; readonly initial: number }>;
  /** Sentences about what was decided while the file was read. */
  readonly warnings?: readonly string[];
  /** The model file, if ONNX Runtime can run it. */
  readonly onnx?: OnnxFile;
  /** The model file, if it is a .tflite. */
  readonly tflite?: TfliteFile;
}

/** A .tflite file, which LiteRT.js can be asked to run. */
export interface TfliteFile {
  readonly bytes: Uint8Array;
  /** The signature that was read; undefined where the file has none. */
  readonly signature: string | undefined;
}

/** An .onnx file on the disk. */
export interface OnnxFile {
  readonly path: string;
  /** The files with weights, as the model names them: relative to its folder. */
  readonly weightFiles: readonly string[];
  /** The values of inputs that became constants, by their names in the file. */
  readonly constants: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>;
}
