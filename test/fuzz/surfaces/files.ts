/** Files that options name: arrays of NumPy, pictures, and what Teachable Machine writes beside a model. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import encodeJpeg, { init as startEncoder } from '@jsquash/jpeg/encode.js';
import fc from 'fast-check';
import { PannierError } from '../../../src/base/errors.js';
import { readUltralytics } from '../../../src/formats/onnx/ultralytics.js';
import { readNpy } from '../../../src/pack/files/npy.js';
import { decodePng, readPhotograph } from '../../../src/pack/files/photograph.js';
import { readMetadata } from '../../../src/pack/model/teachable-machine.js';
import { hintsOf } from '../../../src/pack/model/ultralytics.js';
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

const ULTRALYTICS = {
  ...{ author: 'Ultralytics', description: 'Ultralytics YOLO11n-pose model', version: '8.4.83', license: 'AGPL-3.0', stride: '32' },
  ...{ task: 'pose', imgsz: '[64, 64]', names: "{0: 'a', 1: 'b\\'s'}", kpt_shape: '(2, 3)', kpt_names: '{0: [\'p\', "q"]}' },
};
const LITERALS = ['{', '}', '[', ']', "'", '"', ':', ',', '\\', '\\x4', 'None', '0', '-1', '1e9', '[[[[', '{0: ', ' '];

export const ultralytics = surface({
  name: 'ultralytics',
  share: 15,
  inputs: fc.record({
    said: changed(fc.constant(ULTRALYTICS), fc.oneof(fc.constantFrom(...LITERALS), fc.string())),
    stains: fc.array(fc.record({ key: fc.constantFrom(...Object.keys(ULTRALYTICS)), at: fc.nat(), text: fc.constantFrom(...LITERALS) }), {
      maxLength: 3,
    }),
    shape: fc.constantFrom([null, 3, null, null], [1, 3, 64, 64], [1, 5]),
  }),
  feed: ({ said, stains, shape }) =>
    refusable(() => {
      const texts = new Map(Object.entries(said as object).map(([key, text]) => [key, String(text)]));
      for (const { key, at, text } of stains) {
        const old = texts.get(key) ?? '';
        const place = at % (old.length + 1);
        texts.set(key, old.slice(0, place) + text + old.slice(place + 1));
      }
      const read = readUltralytics(texts);
      // A statement that is passed over is told, and counts as refused.
      if (read === undefined || read.problems.length > 0)
        throw new PannierError('model-format', read?.problems.join() ?? 'Another producer.');
      hintsOf(read, { inputs: [end('x', shape)], outputs: [end('y', [1, 12, 84])] } as never, 'best.onnx');
    }),
});
