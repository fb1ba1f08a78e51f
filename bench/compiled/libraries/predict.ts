/** A packed model on the page's own thread, as an app has it: `loadModel` once, then one `predict` for each run. */
import { DTYPES } from '../../../src/base/dtype.js';
import { faceTypeOf } from '../../../src/graph/element-type.js';
import { loadModel } from '../../../src/load.js';
import type { Open } from './library.js';

export const open: Open = async ({ folder, inputs }) => {
  const { default: packed } = await import(`${folder}/packed/model.js`);
  const model = await loadModel(packed, { backend: 'wasm', thread: 'page', cache: null });
  const engine = model.selection.find(({ state }) => state === 'chosen')?.engine;
  if (engine !== 'compiled' || model.thread !== 'page') throw new Error(`The model runs on ${engine}, on the thread "${model.thread}".`);
  // The packer names inputs for JavaScript, in the model's order.
  const names = Object.keys(model.signature.inputs);
  const given = Object.fromEntries(
    inputs.map(({ dataType, shape, data }, index) => [names[index], { shape, data: new DTYPES[faceTypeOf(dataType)](data) }]),
  );
  return {
    run: async () => Object.values((await model.predict(given as never)).outputs) as never,
    close: () => model.dispose(),
  };
};
