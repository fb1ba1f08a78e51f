/** How large a model file's parts may be. Beyond them the file is refused before memory is spent on it. */
import { MOST_ROWS, MOST_VALUES } from '../manifest/details.js';

export const LIMITS = {
  jsonBytes: 64 * 2 ** 20,
  jsonDepth: 64,
  nodes: 100_000,
  layers: 20_000,
  /** Values that one layer makes of one example: 512 MiB. */
  layerElements: 2 ** 27,
  /** Steps that a recurrent layer is unrolled over. */
  timeSteps: 1_000,
  tensors: 50_000,
  rank: 8,
  elements: 2 ** 31,
  nameBytes: 512,
  stringBytes: 64 * 2 ** 10,
  labels: 100_000,
  labelBytes: 2 ** 10,
  weightFiles: 2_048,
  weightBytes: 2 ** 31,
  pictureBytes: 64 * 2 ** 20,
  pixels: 2 ** 26,
  npyBytes: 2 ** 28,
  goldenChecks: 100,
  driftSamples: 10_000,
  models: 1_000,
  feedElements: MOST_VALUES,
  goldenRows: MOST_ROWS,
} as const;
