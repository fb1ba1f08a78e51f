/** An app's own worker: pictures without elements. */
import { type ImageSource, type LoadOptions, loadModel } from 'pannier';
import { maskImage, topK } from 'pannier/read';
import pets, { type PetsInputs } from '../models/pets.js';
import selfie from '../models/selfie.js';
import type { IsAny, Same } from '../same.js';

export async function classify(picture: ImageBitmap | OffscreenCanvas | ImageData | VideoFrame | Blob): Promise<void> {
  using model = await loadModel(pets, { thread: 'page' });
  const { outputs } = await model.predict({ photo: { source: picture, crop: { x: 0, y: 0, width: 10, height: 10, rotation: 1 } } });
  const label: 'cat' | 'dog' | 'rabbit' | undefined = topK(outputs.scores)[0]?.label;
  postMessage(label);
  const { data, width, height } = maskImage((await (await loadModel(selfie)).predict({ image: picture })).outputs.mask);
  postMessage(new ImageData(data, width, height), [data.buffer]);
}

export const photo: IsAny<PetsInputs['photo']> = false;
export const source: IsAny<ImageSource> = false;
export const device: Same<LoadOptions['device'], GPUDevice | undefined> = true;
