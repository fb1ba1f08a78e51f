/** Seeded random inputs for a packed model, by the golden sample's generator, on which backends can be compared. */
import type { DType, OwnedArray } from '../../base/dtype.js';
import { goldenFeeds, uniform } from '../../golden/feeds.js';
import type { ImageSpec, InputSpec, Manifest } from '../../manifest/manifest.js';
import type { PictureDType, TensorFeed } from '../../preprocess/feed.js';
import { IDENTITY } from '../../preprocess/mapping.js';
import { toTensor } from '../../preprocess/resize.js';

/** Values of one input, as `predict` takes them. */
export interface RandomInput {
  /** Name of the input. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: OwnedArray;
}

/** Numbers and rows as in the golden sample; for a picture, the values of random pixels. */
export function randomInputs({ signature, golden }: Pick<Manifest, 'signature' | 'golden'>, seed: number): RandomInput[] {
  return Object.entries(golden.samples[0].inputs).map(([name, input], index) => {
    const spec = signature.inputs[name] as InputSpec;
    const { dtype, image } = spec;
    const { shape } = input;
    if (input.kind === 'picture') {
      return { name, dtype, shape, data: pixelValues(image as ImageSpec, dtype as PictureDType, seed + index) };
    }
    const [feed] = goldenFeeds({ [name]: spec }, { inputs: { [name]: { ...input, seed: seed + index } } }, new ArrayBuffer(0));
    return { name, dtype, shape, data: (feed as TensorFeed).data };
  });
}

function pixelValues(image: ImageSpec, dtype: PictureDType, seed: number): OwnedArray {
  const { width, height } = image;
  const random = uniform('int32', { kind: 'uniform', seed, low: 0, high: 256, shape: [height, width, 4] });
  const data = Uint8Array.from(random, (value, index) => (index % 4 === 3 ? 255 : value));
  return toTensor({ data, width, height }, { ...image, filter: 'nearest' }, dtype, IDENTITY);
}
