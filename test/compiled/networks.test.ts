/** Networks as PyTorch exports them, compiled: they answer as the reference, and attention leaves no copy that brings heads in front. */
import { expect, it } from 'vitest';
import { compileModel } from '../../src/engines/compiled/compile-model.js';
import { parseModel } from '../../src/formats/onnx/proto.js';
import { readOnnx } from '../../src/formats/onnx/read/read.js';
import { bindSizes } from '../../src/graph/bind-sizes.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { shareOff } from '../fixtures/onnxruntime.js';
import { NETWORKS, type Network } from '../fixtures/torch/networks.js';
import { expectedOf } from '../kernels/run.js';
import { compiledAnswers, packed, sizesOf } from './compiled.js';

/** How far an output may be off, as a share of its largest value. */
const TOLERANCE = 1e-5;

/** Transposes that are copies. */
const TRANSPOSES: Readonly<Record<keyof typeof NETWORKS, number>> = {
  YOLOv8: 2,
  YOLO11: 8,
  MobileNetV3: 1,
  ResNet: 1,
  ResNeXt: 1,
  // Pictures come in NCHW.
  'ViT-tiny': 1,
  'BERT-tiny': 0,
};

it.each(Object.entries<Network>(NETWORKS))('%s', async (name, { file, feeds }) => {
  const { graph } = runPasses(readOnnx(parseModel(file(), `${name}.onnx`), new Map(), `${name}.onnx`).graph, PORTABLE_PASSES);
  for (const given of feeds) {
    const wanted = expectedOf(graph, Object.fromEntries(given));
    const got = await compiledAnswers(graph, given, 'simd');
    for (const [index, tensor] of wanted.entries()) expect(shareOff(got[index], tensor)).toBeLessThanOrEqual(TOLERANCE);
  }
  const { steps } = compileModel(packed(bindSizes(graph, sizesOf(graph, feeds[0]))), 'simd');
  expect(steps.filter(({ node }) => node.op === 'transpose')).toHaveLength(TRANSPOSES[name as keyof typeof NETWORKS]);
});
