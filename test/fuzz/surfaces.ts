/** All that is fuzzed. */
import type { Surface } from './surface.js';
import { detectors } from './surfaces/boxes.js';
import { arrays, metadata, photographs, pngs, ultralytics } from './surfaces/files.js';
import { graphFileBytes, graphFileJson } from './surfaces/graph-files.js';
import { keras } from './surfaces/keras.js';
import { layers } from './surfaces/layers.js';
import { loadOptions } from './surfaces/load-options.js';
import { manifest } from './surfaces/manifest.js';
import { fromWorker, toWorker } from './surfaces/messages.js';
import { graphBytes, graphJson, packing } from './surfaces/models.js';
import { onnx } from './surfaces/onnx.js';
import { onnxFiles } from './surfaces/onnx-files.js';
import { configFile, options } from './surfaces/options.js';
import { keptRecords } from './surfaces/records.js';
import { hdf5, kerasFiles, teachableZips } from './surfaces/saved-files.js';
import { server } from './surfaces/server.js';
import { staleness } from './surfaces/staleness.js';
import { tflite } from './surfaces/tflite.js';

export const SURFACES: readonly Surface[] = [
  ...[manifest, staleness, loadOptions, options, configFile],
  ...[graphJson, graphBytes, layers, keras, hdf5, kerasFiles, teachableZips, onnx, onnxFiles, tflite, packing],
  ...[graphFileJson, graphFileBytes],
  ...[arrays, pngs, photographs, metadata, ultralytics],
  ...[keptRecords, fromWorker, toWorker, server, detectors],
];
