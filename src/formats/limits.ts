/** How large the parts of a model file may be. A larger file is refused before it takes memory. */
import { MAX_ROWS, MAX_VALUES } from '../manifest/sizes.js';

export const LIMITS = {
  jsonBytes: 64 * 2 ** 20,
  jsonDepth: 64,
  nodes: 100_000,
  /** Values that the nodes of a read graph make, which may be more than a file has: loops and recurrent layers are unrolled. */
  graphValues: 200_000,
  layers: 20_000,
  /** Values of one layer's output for one example; as float32 they take 512 MiB. */
  layerElements: 2 ** 27,
  /** Time steps of an unrolled recurrent layer. */
  timeSteps: 1_000,
  tensors: 50_000,
  /** Inputs and outputs of the operators of all graphs that a .tflite file calls, each call and each step of a loop counted. */
  tensorReferences: 1_000_000,
  rank: 8,
  elements: 2 ** 31,
  nameBytes: 512,
  stringBytes: 64 * 2 ** 10,
  labels: 100_000,
  labelBytes: 2 ** 10,
  weightFiles: 2_048,
  weightBytes: 2 ** 31,
  /** Constants of a .tflite file may be copied into other forms: bytes for each byte of the file, and bytes that any file may have. */
  copiesOfFile: 8,
  copyBytes: 2 ** 28,
  /** The most bytes that what a compressed file holds may have: this many times its own, and some more, since zeros compress well. */
  expansion: 4,
  expansionBytes: 2 ** 27,
  pictureBytes: 64 * 2 ** 20,
  pixels: 2 ** 26,
  npyBytes: 2 ** 28,
  goldenChecks: 100,
  driftSamples: 10_000,
  /** Shapes of an input, for each of which a model is compiled. */
  shapes: 64,
  models: 1_000,
  feedElements: MAX_VALUES,
  goldenRows: MAX_ROWS,
} as const;
