/** TF.js by itself, on wasm: its SIMD build with one thread, which is all that it takes on two cores. */
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { loadGraphModelSync } from '@tensorflow/tfjs-converter';
import { env, ready, setBackend, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { DTYPES } from '../../../src/base/dtype.js';
import { faceTypeOf } from '../../../src/graph/element-type.js';
import { fetched } from '../fetched-data.js';
import type { Open } from './library.js';

// The threaded build starts eight workers on an isolated page, and gives one core of two no more than this one.
env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
setWasmPaths('/tfjs/');
await setBackend('wasm');
await ready();

export const open: Open = async ({ folder, about, inputs }) => {
  const { modelTopology, weightsManifest, nodes } = await (await fetch(`${folder}/tfjs.json`)).json();
  const weightData = await fetched(`${folder}/tfjs.bin`);
  const model = loadGraphModelSync({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData });
  const names = inputs.map(({ name }) => nodes.inputs[name] as string);
  const typed = inputs.map(({ shape, dataType, data }) => {
    const dtype = faceTypeOf(dataType);
    return { shape, dtype, data: new DTYPES[dtype](data) };
  });
  const outputs = (about.outputs.tfjs as readonly string[]).map((output) => nodes.outputs[output] as string);
  return {
    async run() {
      const given = Object.fromEntries(
        typed.map(({ shape, dtype, data }, index) => [names[index] as string, tensor(data, [...shape], dtype as never)]),
      );
      const answers = model.execute(given, outputs) as Tensor | Tensor[];
      const all = Array.isArray(answers) ? answers : [answers];
      const values = all.map((each) => ({ shape: each.shape, data: each.dataSync() }));
      for (const each of [...Object.values(given), ...all]) each.dispose();
      return values;
    },
    close: () => model.dispose(),
  };
};
