/** A public model in two forms, in Node: the compiler's modules, and the graph as TF.js opens it. */
import { PannierError } from '../../src/base/errors.js';
import { compileModel } from '../../src/engines/compiled/compile-model.js';
import type { Build } from '../../src/engines/compiled/kernels/kernel.js';
import type { Graph, Value } from '../../src/graph/graph.js';
import { isClosed } from '../../src/graph/tensor.js';
import { flopsOfNode } from '../../src/pack/model/cost.js';
import { modelOf } from '../../test/kernels/run.js';
import { dataOf } from './data-of.js';
import { graphOf } from './graph-of.js';
import type { About } from './libraries/library.js';
import { onnxOf } from './onnx-of.js';

export { pack } from '../../src/pack/pack.js';

const BUILDS: readonly Build[] = ['simd', 'relaxed'];

/** Reads and compiles a model, given as `graphOf` takes it. @returns files by their names, and the description that is one of them */
export async function prepare(...given: Parameters<typeof graphOf>) {
  const graph = await graphOf(...given);
  const { model, weights } = dataOf(graph);
  const compiled = BUILDS.map((build) => [build, compileModel(model, build)] as const);
  const tfjs = tfjsModelOf(graph);
  const about: About = {
    inputs: graph.inputs.map(({ name, type }) => ({ name, ...type }) as About['inputs'][number]),
    outputs: { compiled: model.outputs, tfjs: tfjs?.outputs ?? null },
    flops: flopsOf(graph),
  };
  // A model that came as a file of ONNX is its own.
  const onnx = graph.nodes.some(({ origin }) => origin.format === 'onnx') ? undefined : onnxOf(graph);
  const files = {
    ...Object.fromEntries(compiled.map(([build, { bytes }]) => [`${build}.wasm`, bytes])),
    ...tfjs?.files,
    ...(onnx && { 'exported.onnx': onnx }),
    'weights.bin': weights,
    'about.json': JSON.stringify(about),
  };
  return { files, about };
}

/** The graph's files for TF.js, or undefined where the writer says that TF.js cannot compute it. */
function tfjsModelOf(graph: Graph) {
  try {
    const { graph: json, weights, outputs } = modelOf(graph);
    const [bytes = new ArrayBuffer()] = [...(weights as Iterable<ArrayBuffer>)];
    return { outputs, files: { 'tfjs.json': new Uint8Array(json), 'tfjs.bin': new Uint8Array(bytes) } };
  } catch (thrown) {
    if (thrown instanceof PannierError && thrown.code === 'model-format') return undefined;
    throw thrown;
  }
}

/** Operations of one run. Those behind sizes that depend on values are left out. */
function flopsOf(graph: Graph): number {
  const values: readonly Value[] = [
    ...graph.inputs,
    ...graph.constants.map(({ value }) => value),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ];
  const shapes = new Map<string, { readonly shape: readonly number[] }>();
  for (const { name, type } of values) if (type !== null && isClosed(type.shape)) shapes.set(name, { shape: type.shape });
  return graph.nodes.reduce((sum, node) => sum + flopsOfNode(node, shapes), 0);
}
