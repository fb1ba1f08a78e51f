/** A public model in two forms, in Node: the compiler's modules, and the graph as TF.js opens it. */
import { compile } from '../../src/engines/compiled/compile.js';
import type { Build } from '../../src/engines/compiled/kernels/kernel.js';
import { bindSizes } from '../../src/graph/bind-sizes.js';
import { tensorOf } from '../../src/graph/constant.js';
import { isFloat } from '../../src/graph/element-type.js';
import { isOpen } from '../../src/graph/size.js';
import type { TensorType } from '../../src/graph/tensor.js';
import { planModel } from '../../src/pack/planned-model.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { modelOf } from '../../test/kernels/run.js';

const BUILDS: readonly Build[] = ['simd', 'relaxed'];

/** Reads and compiles a model, with a batch of one. @returns files by their names, and what the page needs to know */
export async function prepare(model: string, inputs?: object) {
  const { read } = await planModel({ model, ...inputs });
  const sizes = new Map(
    read.graph.inputs.flatMap(({ type }) => (type as TensorType).shape.flatMap((size) => (isOpen(size) ? [[size.text, 1] as const] : []))),
  );
  const graph = runPasses(bindSizes(read.graph, sizes), PORTABLE_PASSES).graph;
  const compiled = BUILDS.map((build) => [build, compile(graph, build)] as const);
  const tensors = graph.constants.map((each) => ({ name: each.value.name, ...tensorOf(each) }));
  const tfjs = modelOf(graph);
  const [tfjsWeights = new ArrayBuffer()] = [...(tfjs.weights as Iterable<ArrayBuffer>)];
  return {
    files: {
      ...Object.fromEntries(compiled.map(([build, { bytes }]) => [`${build}.wasm`, bytes])),
      'tfjs.json': new Uint8Array(tfjs.graph),
      'tfjs.bin': new Uint8Array(tfjsWeights),
      'weights.bin': Buffer.concat(tensors.map(({ data }) => new Uint8Array(Float64Array.from(data).buffer))),
    },
    about: {
      constants: tensors.map(({ name, dataType, shape, data }) => ({ name, dataType, shape, length: data.length })),
      inputs: graph.inputs.map(({ name, type }) => {
        const { dataType, shape } = type as TensorType;
        return { name, dataType, shape, isFloat: isFloat(dataType) };
      }),
      outputs: { compiled: graph.outputs.map(({ name }) => name), tfjs: tfjs.outputs },
    },
  };
}
