/** Files that options name: arrays of NumPy, pictures, and what Teachable Machine writes beside a model. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import encodeJpeg, { init as startEncoder } from '@jsquash/jpeg/encode.js';
import fc from 'fast-check';
import { readNpy } from '../../../src/pack/files/npy.js';
import { decodePng, readPhotograph } from '../../../src/pack/files/photograph.js';
import { readMetadata } from '../../../src/pack/model/teachable-machine.js';
import { npy } from '../../fixtures/npy.js';
import { folderOf } from '../folder.js';
import { changed, jsonPoison, stained } from '../mutation.js';
import { refusable, surface } from '../surface.js';

const folder = folderOf('files');

const ARRAYS = [
  npy([2, 3], Float32Array.from({ length: 6 }, Math.sqrt)),
  npy([3, 2], new Float64Array(6), { fortran: true }),
  npy([], Int32Array.of(7), { version: 2 }),
  npy([4], new BigInt64Array(4), { version: 3 }),
];

export const arrays = surface({
  name: 'npy',
  share: 40,
  inputs: stained(fc.constantFrom(...ARRAYS), (bytes) => bytes),
  feed: ({ bytes }) => refusable(() => readNpy(bytes, 'y.npy')),
});

const png = readFileSync('src/pack/golden/golden.png');

export const pngs = surface({
  name: 'png',
  share: 10,
  inputs: stained(fc.constant(png), (bytes) => new Uint8Array(bytes)),
  feed: ({ bytes }) => refusable(() => decodePng(Buffer.from(bytes), 'golden.png')),
});

let jpeg: Promise<Uint8Array> | undefined;

async function makeJpeg(): Promise<Uint8Array> {
  const { resolve } = createRequire(join(process.cwd(), 'package.json'));
  await startEncoder(new WebAssembly.Module(readFileSync(resolve('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'))) as never);
  const { data, width, height } = decodePng(png, 'golden.png');
  return new Uint8Array(await encodeJpeg({ data: new Uint8ClampedArray(data), width, height } as ImageData, { quality: 60 }));
}

export const photographs = surface({
  name: 'photograph',
  share: 15,
  inputs: fc.record({ isJpeg: fc.boolean(), seed: fc.nat() }),
  async feed({ isJpeg, seed }) {
    jpeg ??= makeJpeg();
    const whole = isJpeg ? await jpeg : new Uint8Array(png);
    const [sample] = fc.sample(
      stained(fc.constant(whole), (good) => good),
      { seed, numRuns: 1 },
    );
    const { bytes } = sample!;
    const path = join(folder, 'photograph');
    writeFileSync(path, bytes);
    return refusable(() => readPhotograph(path, 'photograph'));
  },
});

const METADATA = {
  tfjsVersion: '1.3.1',
  tmVersion: '2.4.10',
  packageName: '@teachablemachine/image',
  labels: ['a', 'b'],
  imageSize: 224,
  userMetadata: {},
};
const end = (key: string, shape: unknown) => ({ key, shape });

export const metadata = surface({
  name: 'metadata',
  share: 15,
  inputs: changed(fc.constant(METADATA), jsonPoison).filter(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  ),
  feed: (given) =>
    refusable(() => readMetadata(given as never, { inputs: [end('x', [null, 4, 4, 3])], outputs: [end('y', [null, 2])] } as never)),
});
