/** TF.js by itself, on wasm: its SIMD build with one thread, which is all that it takes on two cores. */
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { type GraphModel, loadGraphModel, loadGraphModelSync } from '@tensorflow/tfjs-converter';
import { env, type io, ready, setBackend, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { DTYPES } from '../../../src/base/dtype.js';
import { faceTypeOf } from '../../../src/graph/element-type.js';
import { fetched } from '../fetched-data.js';
import type { Open, Opening } from './library.js';

// The threaded build starts eight workers on an isolated page, and gives one core of two no more than this one.
env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
setWasmPaths('/tfjs/');
await setBackend('wasm');
await ready();

/** A model, and the names that its graph has for the inputs and outputs. */
interface NamedModel {
  readonly model: GraphModel | GraphModel<io.IOHandlerSync>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** @param file what somebody published, or null for the graph that Pannier writes */
const opened = ({ file, ...opening }: Opening): Promise<NamedModel> => (file === null ? ours(opening) : published(file));

async function ours({ folder, about, inputs }: Omit<Opening, 'file'>): Promise<NamedModel> {
  const { modelTopology, weightsManifest, nodes } = await (await fetch(`${folder}/tfjs.json`)).json();
  const weightData = await fetched(`${folder}/tfjs.bin`);
  return {
    model: loadGraphModelSync({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData }),
    inputs: inputs.map(({ name }) => nodes.inputs[name]),
    outputs: (about.outputs.tfjs as readonly string[]).map((output) => nodes.outputs[output]),
  };
}

async function published(file: string): Promise<NamedModel> {
  const model = await loadGraphModel(file);
  const names = (infos: readonly { readonly name: string }[]) => infos.map(({ name }) => name);
  return { model, inputs: names(model.inputs), outputs: names(model.outputs) };
}

export const open: Open = async (opening) => {
  const { model, inputs, outputs } = await opened(opening);
  const typed = opening.inputs.map(({ shape, dataType, data }) => {
    const dtype = faceTypeOf(dataType);
    return { shape, dtype, data: new DTYPES[dtype](data) };
  });
  return {
    async run() {
      const given = Object.fromEntries(
        typed.map(({ shape, dtype, data }, index) => [inputs[index] as string, tensor(data, [...shape], dtype as never)]),
      );
      const answers = model.execute(given, [...outputs]) as Tensor | Tensor[];
      const all = Array.isArray(answers) ? answers : [answers];
      const values = all.map((each) => ({ shape: each.shape, data: each.dataSync() }));
      for (const each of [...Object.values(given), ...all]) each.dispose();
      return values;
    },
    close: () => model.dispose(),
  };
};
