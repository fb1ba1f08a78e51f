/** A public model in two forms, in Node: the compiler's modules, and the graph as TF.js opens it. */
import { compileModel } from '../../src/engines/compiled/compile-model.js';
import type { Build } from '../../src/engines/compiled/kernels/kernel.js';
import { modelOf } from '../../test/kernels/run.js';
import { dataOf } from './data-of.js';
import { graphOf } from './graph-of.js';

const BUILDS: readonly Build[] = ['simd', 'relaxed'];

/** Reads and compiles a model, with a batch of one. @returns files by their names, and what the page needs to know */
export async function prepare(file: string, inputs?: object) {
  const graph = await graphOf(file, inputs);
  const { model, weights, about } = dataOf(graph);
  const compiled = BUILDS.map((build) => [build, compileModel(model, build)] as const);
  const tfjs = modelOf(graph);
  const [tfjsWeights = new ArrayBuffer()] = [...(tfjs.weights as Iterable<ArrayBuffer>)];
  return {
    files: {
      ...Object.fromEntries(compiled.map(([build, { bytes }]) => [`${build}.wasm`, bytes])),
      'tfjs.json': new Uint8Array(tfjs.graph),
      'tfjs.bin': new Uint8Array(tfjsWeights),
      'weights.bin': weights,
    },
    about: { ...about, outputs: { compiled: model.outputs, tfjs: tfjs.outputs } },
  };
}
