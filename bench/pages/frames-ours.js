/** `bench frames`' own side: an app that imports the package. */
import { loadModel } from 'pannier';
import centernet from '/packed/model.js';

export async function open() {
  const model = await loadModel(centernet);
  return {
    predict: async (photo) => (await model.predict({ tower0Images: photo })).outputs.tower0Detections.data[0],
    trial: () => model.finishedSelection(),
  };
}
