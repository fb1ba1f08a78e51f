/** The rival of `bench frames`: core, converter and the wasm backend alone, on the page's thread, as their README says. */
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { browser, cast, expandDims, image, setBackend, tidy } from '@tensorflow/tfjs-core';

const SIDE = 512;
const NODES = ['tower_0/wh:0', 'tower_0/keypoints:0', 'tower_0/detections:0'];

export async function open() {
  setWasmPaths('/dist/');
  await setBackend('wasm');
  const model = await loadGraphModel('/model/model.json');
  const predict = async (photo) => {
    const outputs = tidy(() => {
      const picture = image.resizeBilinear(browser.fromPixels(photo), [SIDE, SIDE], false, true);
      return model.execute(cast(expandDims(picture), 'float32'), NODES);
    });
    const [, , detections] = await Promise.all(outputs.map((output) => output.data()));
    for (const output of outputs) output.dispose();
    return detections[0];
  };
  return { predict };
}
