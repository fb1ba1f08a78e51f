/** Transformers that the tests build, in sizes that are used. Weights are random, which no engine's time depends on. */
import { bertTiny, vitTiny } from '../../test/fixtures/torch/transformers.js';

/** Fewer words than texts need: a table of them is not computed with. */
const WORDS = 1000;

/** Files of ONNX by name. */
export const madeModels = (): Readonly<Record<string, Uint8Array>> => ({
  'bert-tiny': bertTiny({ width: 128, heads: 2, layers: 2, inner: 512, words: WORDS, tokens: 512 }),
  'vit-tiny': vitTiny({ width: 192, heads: 3, layers: 12, inner: 768, size: 224, patch: 16 }),
});
