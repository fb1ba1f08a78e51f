/** No platform types at all, as on a server: bytes in, arrays out; nothing may decay to `any`. */
import { type ImageSource, type LoadOptions, loadModel, type Pixels, type PredictOptions } from 'pannier';
import { boxes, topK } from 'pannier/read';
import detector, { type DetectorInputs } from '../models/detector.js';
import pets, { type PetsInputs } from '../models/pets.js';
import type { IsAny, Same } from '../same.js';

export async function classify(photo: Pixels): Promise<number> {
  using model = await loadModel(pets, { backend: 'cpu' });
  const { outputs } = await model.predict({ photo });
  const found = await (await loadModel(detector)).predict({ images: new Float32Array(3 * 640 * 640) });
  const labels: ('cat' | 'dog')[] = boxes(found.outputs.output0).map(({ label }) => label);
  return topK(outputs.scores).length + labels.length;
}

export const photo: IsAny<PetsInputs['photo']> = false;
export const image: IsAny<DetectorInputs['images']> = false;
export const source: Same<ImageSource, Pixels> = true;
export const signal: IsAny<LoadOptions['signal'] | PredictOptions['signal']> = false;
export const device: IsAny<LoadOptions['device']> = false;
