/** Networks as PyTorch exports them answer as onnxruntime does: as they are read, after passes, and packed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { parseModel } from '../../src/formats/onnx/proto.js';
import { readOnnx } from '../../src/formats/onnx/read/read.js';
import type { Graph } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { verify } from '../../src/graph/verify.js';
import { loadModel, type Shaped } from '../../src/index.js';
import { pack } from '../../src/pack/index.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { scratch } from '../fixtures/models.js';
import { onnxAnswers, shareOff } from '../fixtures/onnxruntime.js';
import { NETWORKS, type Network } from '../fixtures/torch/networks.js';
import { countBoth } from '../fixtures/transposes.js';

/** How far an output may be off, as a share of its largest value. */
const TOLERANCE = 1e-4;

const folder = scratch();
const wasmUrl = new URL(`../../node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`, import.meta.url).href;
const assetUrl = (name: string, url: string) => (name === WASM_BINARY.name ? wasmUrl : url);

/** Nodes and transposes before and after the passes, and the transposes that stay inside. */
const COUNTS: Readonly<Record<keyof typeof NETWORKS, ReturnType<typeof countBoth>>> = {
  YOLOv8: { nodes: [349, 220], transposes: [131, 2], inner: 0 },
  // Attention over the places of a picture, in an order of axes that convolutions do not have.
  YOLO11: { nodes: [470, 301], transposes: [177, 8], inner: 6 },
  MobileNetV3: { nodes: [65, 38], transposes: [28, 1], inner: 0 },
  ResNet: { nodes: [69, 38], transposes: [32, 1], inner: 0 },
  ResNeXt: { nodes: [69, 38], transposes: [32, 1], inner: 0 },
  // Attention brings its heads in front, transposes its keys, and brings the heads back.
  'ViT-tiny': { nodes: [90, 64], transposes: [9, 7], inner: 6 },
  'BERT-tiny': { nodes: [109, 84], transposes: [8, 8], inner: 8 },
};

describe.each(Object.entries<Network>(NETWORKS))('%s', (name, { file, feeds, options }) => {
  const bytes = file();
  const { graph } = readOnnx(parseModel(bytes, `${name}.onnx`), new Map(), `${name}.onnx`);
  const expectRight = async (answer: (given: ReadonlyMap<string, Tensor>) => Promise<ReadonlyMap<string, Tensor>>) => {
    for (const given of feeds) {
      const [got, wanted] = [await answer(given), await onnxAnswers(bytes, given)];
      expect([...got.keys()].toSorted()).toEqual([...wanted.keys()].toSorted());
      for (const [output, tensor] of wanted) expect(shareOff(got.get(output), tensor), output).toBeLessThanOrEqual(TOLERANCE);
    }
  };
  const onReference = (of: Graph) => async (given: ReadonlyMap<string, Tensor>) => openReference(of).run(given);

  it('is read right', async () => {
    verify(graph);
    await expectRight(onReference(graph));
  });

  it('answers the same after passes, which leave few transposes', async () => {
    const { graph: simplified } = runPasses(graph, PORTABLE_PASSES);
    await expectRight(onReference(simplified));
    expect(countBoth(graph, simplified)).toEqual(COUNTS[name as keyof typeof NETWORKS]);
  });

  it('is packed, and answers the same on cpu and wasm', async () => {
    const model = join(folder, `${name}.onnx`);
    writeFileSync(model, bytes);
    const { manifest, warnings } = await pack({ ...options, model, out: join(folder, name) });
    expect(warnings.filter((each) => !each.includes('guess'))).toEqual([]);
    for (const backend of ['cpu', 'wasm'] as const) {
      const loaded = await loadModel(manifest, { backend, assetUrl, cache: null });
      await expectRight(async (given) => {
        const inputs = Object.entries(manifest.signature.inputs).map(([input], index) => [input, fed([...given.values()][index]!)]);
        const { outputs } = await loaded.predict(Object.fromEntries(inputs));
        // Names become identifiers, in the order of the file.
        const answers = Object.values(outputs).map(({ dtype, shape, data }) => ({ dataType: dtype, shape, data }) as Tensor);
        return new Map(graph.outputs.map((value, index) => [value.name, answers[index] as Tensor]));
      });
      loaded.dispose();
    }
  });
});

const fed = ({ dataType, shape, data }: Tensor): Shaped => ({
  data: dataType === 'int64' ? Int32Array.from(data) : Float32Array.from(data),
  shape,
});
