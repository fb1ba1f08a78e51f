/** The models of the comparison: where their files are, what has to be known to pack them, and which libraries run them. */
import { fileURLToPath } from 'node:url';
import { modelFile, OPTIONS } from '../../test/conformance/models.mjs';
import { shrunken } from '../../test/conformance/onnx-files/feeds.mjs';
import { FILES } from '../../test/conformance/onnx-files/files.mjs';
import { madeModels } from './made-models.mjs';

const PACKAGES = fileURLToPath(new URL('../../node_modules/', import.meta.url));
const mediapipe = (path) => `${PACKAGES}@mediapipe/${path}.tflite`;

/** A file for TF.js that computes more: it has a second head, and with it a sixth of its work. */
const OTHER_WORK = ['facemesh-detection-full'];

/** The address of a file of human-models, whose folder `libraries.mjs` has served. */
const original = (name) => (OTHER_WORK.includes(name) ? undefined : `/human-models/${name}.json`);

/** Files that MediaPipe publishes, by the names that their graphs have in human-models. */
const TFLITE = {
  selfie: mediapipe('selfie_segmentation/selfie_segmentation'),
  'facemesh-detection-full': mediapipe('face_detection/face_detection_full_range'),
  'facemesh-detection-short': mediapipe('face_detection/face_detection_short_range'),
  'handlandmark-full': mediapipe('hands/hand_landmark_full'),
  'handlandmark-lite': mediapipe('hands/hand_landmark_lite'),
  'blazepose-lite': mediapipe('pose/pose_landmark_lite'),
  'blazepose-full': mediapipe('pose/pose_landmark_full'),
};

/** Graphs of TF.js alone. */
const ALONE = ['movenet-lightning', 'centernet', 'efficientpose'];

/** Shapes of the inputs of ONNX files that leave sizes open: a page, a line of text upright or not, a line to read. */
const SHAPES = { 'pp-ocr-det': [[1, 3, 480, 640]], 'pp-ocr-cls': [[1, 3, 48, 192]], 'pp-ocr-rec': [[1, 3, 48, 320]] };

const MADE = await madeModels();

/**
 * A row for each model: `pack` has the packer's options, `files` the model in the formats of other libraries, `original` the address of
 * the file that somebody published for TF.js, `feed` a function for each input that is no constant, in the model's order, which makes
 * its values, `shapes` those of its inputs where sizes are open, `isPacked` whether an app's `predict` is timed,
 * too.
 */
export const MODELS = {
  ...Object.fromEntries(
    Object.entries(TFLITE).map(([name, file]) => [
      name,
      { pack: { model: file }, files: { litert: file }, original: original(name), feed: [picture] },
    ]),
  ),
  ...Object.fromEntries(ALONE.map((name) => [name, { pack: { model: modelFile(name), ...OPTIONS[name] }, files: {}, feed: [picture] }])),
  ...Object.fromEntries(
    Object.entries(FILES).map(([name, { file, inputs, feed }]) => [
      name,
      { pack: { model: file, inputs }, files: { onnxruntime: file }, feed, shapes: SHAPES[name] },
    ]),
  ),
  ...MADE,
};

/** Those that somebody published, over which means go. */
export const PUBLIC = Object.keys(MODELS).filter((name) => !Object.hasOwn(MADE, name));

/** A photograph of a face as the models of human-models take it: from 0 to 1, or bytes. */
function picture(_, { dataType, shape: [, height, width] }) {
  const bytes = shrunken(width, height);
  return { shape: [1, height, width, 3], data: dataType === 'float32' ? Float32Array.from(bytes, (byte) => byte / 255) : bytes };
}

/** The pairs over which the mean against LiteRT.js goes. */
export const PAIRS = Object.keys(TFLITE);
