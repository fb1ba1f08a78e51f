/** Transformers that the tests build, in sizes that are used, and a small perceptron. Weights are random, which no engine's time depends on. */
import { mulberry32 } from '../../src/base/random.js';
import { type OnnxNode, type OnnxTensor, onnxModel } from '../../test/fixtures/onnx.js';
import { bertTiny, vitTiny } from '../../test/fixtures/torch/transformers.js';

/** Fewer words than texts need: a table of them is not computed with. */
const WORDS = 1000;

/** Files of ONNX by name. */
export const madeModels = (): Readonly<Record<string, Uint8Array>> => ({
  mlp: perceptron([32, 64, 64, 3]),
  'bert-tiny': bertTiny({ width: 128, heads: 2, layers: 2, inner: 512, words: WORDS, tokens: 512 }),
  'vit-tiny': vitTiny({ width: 192, heads: 3, layers: 12, inner: 768, size: 224, patch: 16 }),
});

/** Products with weights, a bias and, between two of them, a relu. @param widths of the input and of each layer */
function perceptron(widths: readonly number[]): Uint8Array {
  const random = mulberry32(1);
  const nodes: OnnxNode[] = [];
  const initializers: Record<string, OnnxTensor> = {};
  const tensor = (...dims: number[]): OnnxTensor => ({
    dims,
    values: Array.from({ length: dims.reduce((product, size) => product * size, 1) }, () => (random() - 0.5) / 2),
  });
  let x = 'input';
  for (const [index, made] of widths.slice(1).entries()) {
    const isLast = index === widths.length - 2;
    initializers[`weight${index}`] = tensor(widths[index] as number, made);
    initializers[`bias${index}`] = tensor(made);
    const sums = isLast ? 'output' : `sums${index}`;
    nodes.push({ op: 'Gemm', inputs: [x, `weight${index}`, `bias${index}`], outputs: [sums] });
    if (!isLast) nodes.push({ op: 'Relu', inputs: [sums], outputs: [`layer${index}`] });
    x = `layer${index}`;
  }
  return onnxModel({
    ...{ nodes, initializers },
    inputs: [{ name: 'input', shape: [1, widths[0] as number] }],
    outputs: [{ name: 'output', shape: [1, widths.at(-1) as number] }],
  });
}
