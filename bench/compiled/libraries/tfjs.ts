/** TF.js by itself, on wasm: its SIMD build with one thread, which is all that it takes on two cores. */
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { type GraphModel, loadGraphModel, loadGraphModelSync } from '@tensorflow/tfjs-converter';
import { env, type io, ready, setBackend, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { DTYPES } from '../../../src/base/dtype.js';
import { faceTypeOf } from '../../../src/graph/element-type.js';
import { fetched } from '../fetched-data.js';
import type { Open, Opening } from './library.js';

// The threaded build starts eight workers on an isolated page, and gives one core of two no more than this one.
env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
setWasmPaths('/tfjs/');
await setBackend('wasm');
await ready();

/** A model that takes the inputs and gives the outputs in Pannier's order. */
interface OrderedModel {
  execute(inputs: readonly Tensor[]): Tensor | Tensor[];
  dispose(): void;
}

/** @param file what somebody published, or null for the graph that Pannier writes */
const opened = ({ file, ...opening }: Opening): Promise<OrderedModel> => (file === null ? ours(opening) : published(file));

async function ours({ folder, about, inputs }: Omit<Opening, 'file'>): Promise<OrderedModel> {
  const { modelTopology, weightsManifest, nodes } = await (await fetch(`${folder}/tfjs.json`)).json();
  const weightData = await fetched(`${folder}/tfjs.bin`);
  const model = loadGraphModelSync({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData });
  return ordered(
    model,
    inputs.map(({ name }) => nodes.inputs[name]),
    (about.outputs.tfjs as readonly string[]).map((output) => nodes.outputs[output]),
  );
}

async function published(file: string): Promise<OrderedModel> {
  const { format } = await (await fetch(file)).json();
  if (format === 'layers-model') {
    const model = await loadLayersModel(file);
    return { execute: ([input]) => model.predict(input as Tensor) as Tensor, dispose: () => void model.dispose() };
  }
  const model = await loadGraphModel(file);
  const names = (infos: readonly { readonly name: string }[]) => infos.map(({ name }) => name);
  return ordered(model, names(model.inputs), names(model.outputs));
}

const ordered = (
  model: GraphModel | GraphModel<io.IOHandlerSync>,
  inputs: readonly string[],
  outputs: readonly string[],
): OrderedModel => ({
  execute: (given) =>
    model.execute(Object.fromEntries(given.map((each, index) => [inputs[index] as string, each])), [...outputs]) as Tensor | Tensor[],
  dispose: () => model.dispose(),
});

export const open: Open = async (opening) => {
  const model = await opened(opening);
  const typed = opening.inputs.map(({ shape, dataType, data }) => {
    const dtype = faceTypeOf(dataType);
    return { shape, dtype, data: new DTYPES[dtype](data) };
  });
  return {
    async run() {
      const given = typed.map(({ shape, dtype, data }) => tensor(data, [...shape], dtype as never));
      const answers = model.execute(given);
      const all = Array.isArray(answers) ? answers : [answers];
      const values = all.map((each) => ({ shape: each.shape, data: each.dataSync() }));
      for (const each of [...given, ...all]) each.dispose();
      return values;
    },
    close: () => model.dispose(),
  };
};
