/** What the API page's programs leave out, in a page, under plain `strict`; the other projects are stricter. */
import {
  type ExpectedScores,
  type Fallback,
  type LoadOptions,
  loadModel,
  type Model,
  type ModelInfo,
  type ModelSource,
  PannierError,
  type Tensor,
} from 'pannier';
import { ageOf, type DriftStats, type ModelAge, watchDrift } from 'pannier/drift';
import { keypoints, topK } from 'pannier/read';
import { openInference } from 'pannier/remote';
import detectorSource from '../models/detector.js';
import petsSource, { type PetsInputs, type PetsOutputs } from '../models/pets.js';
import poseSource from '../models/pose.js';
import pricesSource, { type PricesFeaturesRow, type PricesInputs, type PricesOutputs } from '../models/prices.js';
import textSource from '../models/text.js';
import type { IsAny, Same } from '../same.js';

const COCO = ['nose', 'left eye', 'right eye'] as const;

export async function classLabels(file: File): Promise<'cat' | 'dog' | 'rabbit' | undefined> {
  using classifier = await loadModel(petsSource);
  const { outputs } = await classifier.predict({ photo: file });
  const [best] = topK(outputs.scores, { k: 1 });
  return best?.label;
}

export async function loadDetector(): Promise<void> {
  await loadModel(detectorSource, { backend: ['webgpu', 'wasm'], onProgress: ({ fraction }) => console.log(fraction) });
}

export async function framesOfPoses(video: HTMLVideoElement, signal: AbortSignal): Promise<void> {
  const pose = await loadModel(poseSource, { signal });
  for await (const { outputs, images, frame } of pose.predictEach(video, { signal, keepFrame: true })) {
    const points = keypoints(outputs.keypoints, { columns: ['y', 'x', 'score'], normalized: true, image: images.image, names: COCO });
    const name: 'nose' | 'left eye' | 'right eye' | undefined = points[0]?.name;
    console.log(name, frame?.width);
    frame?.close();
  }
}

export async function oneOfTwoOutputs(): Promise<number | undefined> {
  const prices = await loadModel(pricesSource);
  const onlyBand = await prices.predict({ features: { data: new Float32Array(5), shape: [1, 5] } }, { outputs: ['band'] });
  const band: Int32Array<ArrayBuffer> = onlyBand.outputs.band.data;
  return band[0];
}

export async function rows(houses: readonly PricesFeaturesRow[]): Promise<void> {
  const prices = await loadModel(pricesSource);
  await prices.predict({ features: { rooms: 3, area: 120, city: 'Bern' } });
  await prices.predict({ features: houses });
  await prices.predict({ features: houses.map((house) => ({ ...house, area: house.area + 1 })) });
  await prices.predict({ features: { data: Float32Array.of(3, 120, 1, 0, 0), shape: [1, 5] } });
  for await (const { outputs } of prices.predictEach(houses.map((features) => ({ features })))) console.log(outputs.price.data);
  const unknown: Model = prices;
  await unknown.predict({ features: [{ rooms: 3, garden: true }] });
}

export async function everythingElse(device: GPUDevice, track: MediaStreamTrack): Promise<void> {
  const model = await loadModel(petsSource, { device, fetch: globalThis.fetch, cache: null, assetUrl: (name) => `/app/${name}` });
  for await (const { timing } of model.predictEach(track)) console.log(timing.totalMs);
  for await (const { outputs } of model.predictEach([{ photo: await createImageBitmap(track as never) }]))
    console.log(outputs.scores.values);
  const shared = new Float32Array(new SharedArrayBuffer(4 * 224 * 224 * 3));
  const { outputs } = await model.predict({ photo: shared });
  // Owned by the caller: it may go to a worker without a cast.
  postMessage(outputs.scores.data, '*', [outputs.scores.data.buffer]);
  model.addEventListener('note', ({ detail }) => console.log(detail.code, detail.message));
  try {
    const { outputs: answer } = await (await loadModel(textSource)).predict({ tokens: { data: new Int32Array(6), shape: [2, 3] } });
    const spam: Uint8Array<ArrayBuffer> = answer.spam.data;
    await (await loadModel(textSource)).predict({ tokens: { data: BigInt64Array.of(1n, 2n), shape: [1, 2] } });
    console.log(spam);
  } catch (error) {
    if (error instanceof PannierError && error.code === 'out-of-memory' && !error.retryable) console.log(error.detail);
  }
  const any: Model[] = [model];
  const unknown: ModelSource = petsSource;
  for (const each of any) console.log((await each.predict({})).outputs['scores']?.labels);
  console.log(await loadModel(unknown));
}

export async function age(): Promise<string> {
  const model = await loadModel(petsSource);
  const { info } = model;
  const age = ageOf(model);
  const known: Same<[typeof info, typeof age], [ModelInfo, ModelAge]> = true;
  const stale: boolean = age.stale;
  // @ts-expect-error: undefined where it is not known
  const days: number = age.days;
  return `${info.version} of ${info.packedAt?.slice(0, 10) ?? 'some day'}: ${age.days} ${stale} ${known} ${days}`;
}

export async function drift(): Promise<readonly number[]> {
  const model = await loadModel(petsSource);
  const expected: ExpectedScores | undefined = model.info.drift;
  if (expected === undefined) return [];
  using watch = watchDrift(model);
  const drift = watch.read();
  const known: Same<typeof drift, DriftStats> = true;
  const index: number | undefined = drift.index;
  model.addEventListener('prediction', ({ detail }) => console.log(detail.outputs['scores']?.data.length, detail.timing.totalMs));
  return known && index !== undefined ? drift.counts : [];
}

export async function fallbacks(url: string, server: Fallback<PricesInputs, PricesOutputs>, settings: LoadOptions): Promise<void> {
  const prices = await loadModel(pricesSource, {
    fallback: async ({ features }, { signal, outputs, tensors }) => {
      const given: PricesInputs['features'] = features;
      const { features: rows } = await tensors();
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify([given, rows?.data, outputs]), signal });
      return (await answer.json()) as { price: number[]; band: number[] };
    },
  });
  const price: Float32Array<ArrayBuffer> = (await prices.predict({ features: [] })).outputs.price.data;
  const triton = openInference(url, { outputs: { price: 'OUTPUT__0' } });
  await loadModel(petsSource, { fallback: openInference(url) });
  const ready = await loadModel(pricesSource, { fallback: triton, memoryBudgetBytes: 1e9 });
  const band: Int32Array<ArrayBuffer> = (await ready.predict({ features: [] })).outputs.band.data;
  const [own, other] = [await loadModel(pricesSource, { fallback: server }), await loadModel(pricesSource, settings)];
  const same: Same<typeof own, typeof other> = true;
  // A model that answers as the other does.
  const small = await loadModel(pricesSource, {
    fallback: async (inputs, { signal }) => (await other.predict(inputs, { signal })).outputs,
  });
  if (small.backend === 'fallback') console.log(price, band, same);
}

export const options: Same<Parameters<typeof loadPrices>[0], LoadOptions<PricesInputs, PricesOutputs>> = true;
const loadPrices = (given: LoadOptions<PricesInputs, PricesOutputs>) => loadModel(pricesSource, given);
export const untyped: Same<Awaited<ReturnType<typeof loadPrices>>, Model<PricesInputs, PricesOutputs>> = true;

export const model: Same<Awaited<ReturnType<typeof load>>, Model<PetsInputs, PetsOutputs>> = true;
export const shape: Same<PetsOutputs['scores']['shape'], readonly [number, 3]> = true;
type TensorData = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer> | Int8Array<ArrayBuffer>;
export const tensor: Same<Tensor['data'], TensorData> = true;
export const photo: IsAny<PetsInputs['photo']> = false;
const load = () => loadModel(petsSource);
