/** Transformers that the tests build, in sizes that are used, and a small perceptron. Weights are random, which no engine's time depends on. */
import { mulberry32 } from '../../src/base/random.js';
import { type OnnxNode, type OnnxTensor, onnxModel } from '../../test/fixtures/onnx.js';
import { bertTiny, vitTiny } from '../../test/fixtures/torch/transformers.js';

/** Fewer words than texts need: a table of them is not computed with. */
const WORDS = 1000;

/** Files by name. */
export const madeModels = (): Readonly<Record<string, Uint8Array | string>> => {
  const layers = perceptron([32, 64, 64, 3]);
  return {
    'mlp.onnx': perceptronInOnnx(layers),
    'mlp.json': JSON.stringify(perceptronInKeras(layers, 'mlp.bin')),
    'mlp.bin': new Uint8Array(Float32Array.from(layers.flatMap(({ weight, bias }) => [...weight, ...bias])).buffer),
    'bert-tiny.onnx': bertTiny({ width: 128, heads: 2, layers: 2, inner: 512, words: WORDS, tokens: 512 }),
    'vit-tiny.onnx': vitTiny({ width: 192, heads: 3, layers: 12, inner: 768, size: 224, patch: 16 }),
  };
};

/** A layer of a perceptron: products of [taken, made] weights, and a bias. A relu follows each layer but the last. */
interface Layer {
  readonly taken: number;
  readonly made: number;
  readonly weight: readonly number[];
  readonly bias: readonly number[];
}

/** @param widths of the input and of each layer */
function perceptron(widths: readonly number[]): readonly Layer[] {
  const random = mulberry32(1);
  const values = (length: number) => Array.from({ length }, () => (random() - 0.5) / 2);
  return widths.slice(1).map((made, index) => {
    const taken = widths[index] as number;
    return { taken, made, weight: values(taken * made), bias: values(made) };
  });
}

function perceptronInOnnx(layers: readonly Layer[]): Uint8Array {
  const nodes: OnnxNode[] = [];
  const initializers: Record<string, OnnxTensor> = {};
  let x = 'input';
  for (const [index, { taken, made, weight, bias }] of layers.entries()) {
    const isLast = index === layers.length - 1;
    initializers[`weight${index}`] = { dims: [taken, made], values: weight };
    initializers[`bias${index}`] = { dims: [made], values: bias };
    const sums = isLast ? 'output' : `sums${index}`;
    nodes.push({ op: 'Gemm', inputs: [x, `weight${index}`, `bias${index}`], outputs: [sums] });
    if (!isLast) nodes.push({ op: 'Relu', inputs: [sums], outputs: [`layer${index}`] });
    x = `layer${index}`;
  }
  return onnxModel({
    ...{ nodes, initializers },
    inputs: [{ name: 'input', shape: [1, layers[0]?.taken as number] }],
    outputs: [{ name: 'output', shape: [1, layers.at(-1)?.made as number] }],
  });
}

/** The file that `model.save` of TF.js writes. @param file with the weights, layer by layer */
function perceptronInKeras(layers: readonly Layer[], file: string) {
  const dense = layers.map(({ taken, made }, index) => ({
    class_name: 'Dense',
    config: {
      name: `dense${index}`,
      units: made,
      activation: index === layers.length - 1 ? 'linear' : 'relu',
      ...(index === 0 && { batch_input_shape: [null, taken] }),
    },
  }));
  const weights = layers.flatMap(({ taken, made }, index) => [
    { name: `dense${index}/kernel`, shape: [taken, made], dtype: 'float32' },
    { name: `dense${index}/bias`, shape: [made], dtype: 'float32' },
  ]);
  return {
    format: 'layers-model',
    modelTopology: { class_name: 'Sequential', config: { name: 'perceptron', layers: dense } },
    weightsManifest: [{ paths: [file], weights }],
  };
}
