/** Golden checks: answers of a training framework, right and wrong preprocessing, and the files they come in. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import encodeJpeg, { init as startEncoder } from '@jsquash/jpeg/encode.js';
import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { browser, cast, expandDims, image as images, round, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { PNG } from 'pngjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { pack } from '../../src/pack/index.js';
import type { GoldenCheck, ImageOptions, PackOptions } from '../../src/pack/options.js';
import {
  addModel,
  constant,
  op,
  placeholder,
  realModel,
  scratch,
  tabularModel,
  tokensModel,
  twoInputModel,
  writeModel,
} from '../fixtures/models.js';
import { npy, writeNpy } from '../fixtures/npy.js';
import { longTest } from '../tier.js';

const folder = scratch();
let count = 0;

/** Eight by eight pixels of every colour, so that nothing has to be resized. */
const pixels = Uint8Array.from({ length: 8 * 8 * 4 }, (_, index) => (index % 4 === 3 ? 255 : (index * 37 + (index >> 3) * 11) % 256));
const png = (data: Uint8Array, width: number, height: number) =>
  PNG.sync.write(Object.assign(new PNG({ width, height }), { data: Buffer.from(data) }));

/** Writes a file of the tests. @returns its path */
function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, `${count++}-${name}`);
  writeFileSync(path, bytes);
  return path;
}

const array = (...given: Parameters<typeof npy>) => writeNpy(folder, ...given);

/** y = x + w over a picture of 8×8: whatever the preprocessing gives is what comes out. */
const pictureModel = () => writeModel(addModel([1, 8, 8, 3], Float32Array.of(0, 0, 0)), join(folder, `model-${count++}`));

/** What training would have fed for the pixels, channel by channel in the order of the tensor. */
function fed(value: (pixel: number, channel: number) => number, order = [0, 1, 2]): Float32Array {
  return Float32Array.from({ length: 8 * 8 * 3 }, (_, index) => {
    const channel = index % 3;
    return value(pixels[Math.floor(index / 3) * 4 + (order[channel] as number)] as number, channel);
  });
}

function options(golden: readonly GoldenCheck[], image: ImageOptions = {}, model = pictureModel()): PackOptions {
  return { model, out: join(folder, `out-${count++}`), golden, inputs: { x: { image: { scale: 1 / 255, offset: 0, ...image } } } };
}

async function refusal(given: PackOptions): Promise<{ code: string; message: string }> {
  const thrown = await pack(given).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(existsSync(given.out)).toBe(false);
  return thrown as never;
}

describe('preprocessing', () => {
  const [mean, std] = [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ] as const;
  const caffe = [103.939, 116.779, 123.68];
  const picture = file('picture.png', png(pixels, 8, 8));
  const check = (values: Float32Array): GoldenCheck => ({ image: picture, expect: array([8, 8, 3], values) });

  it('that training used agrees', async () => {
    const { warnings } = await pack(options([check(fed((pixel) => pixel / 255))]));
    expect(warnings).toEqual([]);
  });

  it.each<[string, ImageOptions, Float32Array, string]>([
    ['−1 to 1', {}, fed((pixel) => pixel / 127.5 - 1), 'scale: 1 / 127.5, offset: -1'],
    ['0 to 1', { scale: 1 / 127.5, offset: -1 }, fed((pixel) => pixel / 255), 'scale: 1 / 255, offset: 0'],
    ['0 to 255', {}, fed((pixel) => pixel), 'scale: 1, offset: 0'],
    [
      'mean and deviation of ImageNet',
      {},
      fed((pixel, channel) => (pixel / 255 - (mean[channel] as number)) / (std[channel] as number)),
      'scale: [0.0171248, 0.0175070, 0.0174292], offset: [-2.11790, -2.03571, -1.80444]'.replaceAll(/0(?=[,\]])/g, ''),
    ],
    ['blue first', {}, fed((pixel) => pixel / 255, [2, 1, 0]), "channels: 'bgr'"],
    ['red first', { channels: 'bgr' }, fed((pixel) => pixel / 255), "channels: 'rgb'"],
    ['blue first from −1 to 1', {}, fed((pixel) => pixel / 127.5 - 1, [2, 1, 0]), "channels: 'bgr', scale: 1 / 127.5, offset: -1"],
    [
      'as Caffe did',
      {},
      fed((pixel, channel) => pixel - (caffe[channel] as number), [2, 1, 0]),
      "channels: 'bgr', scale: [1, 1, 1], offset: [-103.939, -116.779, -123.68]",
    ],
  ])('%s is named where another is declared', async (_what, image, values, told) => {
    const { code, message } = await refusal(options([check(values)], image));
    expect(code).toBe('golden-mismatch');
    expect(message).toMatch(
      /^golden\[0\]: output "sumY" is not what the training framework gave: it is off by \S+ % of how far those values scatter \(3 % is allowed\), most at \[0, \d, \d, \d\], \S+ where \S+ is expected\. /,
    );
    expect(message).toContain(`With ${told} it agrees: if training did that, say inputs: { 'x': { image: { ${told} } } }.`);
    expect(message).not.toContain('\n');
  });

  it('names none where none agrees', async () => {
    const { message } = await refusal(options([check(fed((pixel) => Math.sin(pixel)))]));
    expect(message).toMatch(
      /No usual other scale, offset, order of channels, fit or filter agrees.*: are both files of one run of this very model\? \(/,
    );
  });
  it('fit and filter are named, too', async () => {
    const wide = Uint8Array.from({ length: 32 * 16 * 4 }, (_, index) => (index % 4 === 3 ? 255 : (index * 53) % 256));
    // Every second pixel of the middle: what cutting and the nearest pixel leave.
    const values = Float32Array.from({ length: 8 * 8 * 3 }, (_, index) => {
      const [y, x] = [Math.floor(index / 24), Math.floor(index / 3) % 8];
      return (wide[((2 * y + 1) * 32 + 8 + 2 * x + 1) * 4 + (index % 3)] as number) / 255;
    });
    const given = { image: file('wide.png', png(wide, 32, 16)), expect: array([1, 8, 8, 3], values) };
    const { message } = await refusal(options([given]));
    expect(message).toContain("With fit: 'cover', filter: 'nearest' it agrees");
    await pack(options([given], { fit: 'cover', filter: 'nearest' }));
  });
  it('takes a tolerance of its own', async () => {
    const values = fed((pixel) => pixel / 255 + (pixel % 2 === 0 ? 0.05 : 0));
    const strict = await refusal(options([check(values)]));
    expect(strict.code).toBe('golden-mismatch');
    await pack(options([{ ...check(values), tolerance: 0.15 }]));
  });
  it('says what it cannot check', async () => {
    const { warnings } = await pack(options([check(fed((pixel) => pixel / 255))], { filter: 'browser' }));
    expect(warnings).toEqual(["golden[0] was checked with filter 'bilinear': only browsers resize as filter 'browser' does."]);
  });
});

describe('inputs that are numbers', () => {
  const sums = (total: readonly number[]): PackOptions => ({
    model: writeModel(twoInputModel(), join(folder, `model-${count++}`)),
    out: join(folder, `out-${count++}`),
    golden: [
      {
        inputs: {
          first: array([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
          second: array([2, 3], Int32Array.of(1, 1, 1, 2, 2, 2)),
        },
        expect: { total: array([2, 3], Float32Array.from(total)) },
      },
    ],
  });
  it('agree, in batches too', async () => {
    await pack(sums([2, 3, 4, 6, 7, 8]));
  });
  it('are not blamed on preprocessing', async () => {
    const { code, message } = await refusal(sums([2, 3, 4, 6, 7, 9]));
    expect(code).toBe('golden-mismatch');
    expect(message).toMatch(
      /it is off by 17 % of how far those values scatter .*, most at \[1, 2\], 8 where 9 is expected\. Its inputs are numbers/,
    );
  });
  it('are measured by their own size where the expected ones scatter nowhere', async () => {
    const all = (value: number) => array([1, 4], new Float32Array(4).fill(value));
    const given = (value: number, tolerance: number): PackOptions => ({
      model: writeModel(addModel([1, 4], new Float32Array(4)), join(folder, `model-${count++}`)),
      out: join(folder, `out-${count++}`),
      golden: [{ inputs: { x: all(value) }, expect: all(-5), tolerance }],
    });
    await pack(given(-5, 0.01));
    await pack(given(-4, 0.21));
    expect(await refusal(given(-4, 0.19))).toMatchObject({
      code: 'golden-mismatch',
      message: expect.stringContaining('is off by 20 % of'),
    });
  });
  it.each<[string, GoldenCheck, RegExp]>([
    ['an input is missing', { inputs: { first: 'a.npy' }, expect: 'y.npy' }, /nothing for input "second"|cannot be read/],
    ['an input is unknown', { inputs: { third: 'a.npy' }, expect: 'y.npy' }, /names "third"; the model takes "first", "second"/],
    ['there is no picture', { image: 'a.png', expect: 'y.npy' }, /only input that takes a picture, but there are 0/],
  ])('%s', async (_what, check, message) => {
    expect(await refusal({ ...sums([]), golden: [check] })).toMatchObject({ code: 'options', message: expect.stringMatching(message) });
  });
});

describe('files', () => {
  const picture = file('p.png', png(pixels, 8, 8));
  const right = npy(
    [8, 8, 3],
    fed((pixel) => pixel / 255),
  );
  const given = (image: string, expect: Uint8Array) => options([{ image, expect: file('y.npy', expect) }]);
  const header = (text: string, data = 768) => npy([], new Float32Array(data / 4), { header: text });

  it.each<[string, Uint8Array, RegExp]>([
    ['no .npy', Uint8Array.of(1, 2, 3), /is no .npy file; write it with numpy.save/],
    ['a cut header', right.slice(0, 40), /has a header of \d+ bytes/],
    ['a cut file', right.slice(0, -4), /of <f4 \[8, 8, 3\] should have \d+ bytes, but has \d+/],
    ['a tail', Buffer.concat([right, Buffer.of(0)]), /should have \d+ bytes/],
    ['big-endian', npy([8, 8, 3], new Float32Array(192), { descr: '>f4' }), /elements of ">f4"; <f2, <f4/],
    ['Python objects', npy([8, 8, 3], new Float32Array(192), { descr: '|O' }), /elements of "\|O"/],
    ['a name that objects have', npy([8, 8, 3], new Float32Array(192), { descr: 'constructor' }), /elements of "constructor"/],
    ['version 9', npy([8, 8, 3], new Float32Array(192), { version: 9 }), /version 9; 1 to 3/],
    ['code in the header', header("__import__('os').system('true')"), /header that is not/],
    ['a field twice', header("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (192,), }"), /header that is not/],
    ['a size of text', header("{'descr': '<f4', 'fortran_order': False, 'shape': (1 9 2,), }"), /header that is not/],
    [
      'sizes beyond everything',
      header("{'descr': '<f4', 'fortran_order': False, 'shape': (999999999, 999999999), }"),
      /should have \S+ bytes/,
    ],
    ['nine dimensions', header(`{'descr': '<f4', 'fortran_order': False, 'shape': (${'1, '.repeat(9)}), }`), /9 dimensions/],
    ['NaN', npy([8, 8, 3], new Float32Array(192).fill(Number.NaN)), /not finite; nothing can be held against it/],
    ['nothing', npy([0], new Float32Array(0)), /is empty/],
  ])('%s', async (_what, bytes, message) => {
    expect(await refusal(given(picture, bytes))).toMatchObject({ code: 'options', message: expect.stringMatching(message) });
  });
  it('another shape, without a guess', async () => {
    const { code, message } = await refusal(given(picture, npy([8, 24], new Float32Array(192))));
    expect([code, message]).toEqual([
      'golden-mismatch',
      'golden[0]: output "sumY" has shape [1, 8, 8, 3], but the training framework gave [8, 24]. Is the file of this output, and of this model? (node_modules/pannier/docs/errors.md#golden-mismatch)',
    ]);
  });
  it.each<[string, string, RegExp]>([
    ['a picture that is none', file('x.png', Uint8Array.of(1, 2, 3)), /not a picture that can be read/],
    ['no file', join(folder, 'none.png'), /cannot be read: ENOENT/],
    ['a picture too large', file('large.png', png(pixels, 8, 8).fill(0x7f, 16, 24)), /pixels; at most/],
  ])('%s', async (_what, image, message) => {
    expect(await refusal(given(image, right))).toMatchObject({ code: 'options', message: expect.stringMatching(message) });
  });

  it.each<[string, Parameters<typeof npy>]>([
    ['float64', [[2, 3], Float64Array.of(1, 2, 3, 4, 5, 6)]],
    ['float32 by columns', [[2, 3], Float32Array.of(1, 4, 2, 5, 3, 6), { fortran: true }]],
    ['float16', [[2, 3], Uint16Array.of(0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600), { descr: '<f2' }]],
    ['int64', [[2, 3], BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n), { version: 2 }]],
    ['uint8', [[2, 3], Uint8Array.of(1, 2, 3, 4, 5, 6), { version: 3 }]],
    ['int16', [[2, 3], Int16Array.of(1, 2, 3, 4, 5, 6)]],
    ['uint32', [[2, 3], Uint32Array.of(1, 2, 3, 4, 5, 6)]],
  ])('%s are the same numbers', async (_what, given) => {
    const same = writeModel(addModel([2, 3], new Float32Array(3)), join(folder, `model-${count++}`));
    const golden = [
      {
        inputs: { x: array(...given) },
        expect: array([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
        tolerance: 1e-6,
      },
    ];
    await pack({ model: same, out: join(folder, `out-${count++}`), golden });
  });
});

describe('photographs', () => {
  const require = createRequire(import.meta.url);
  let jpeg: Uint8Array;
  beforeAll(async () => {
    await startEncoder(new WebAssembly.Module(readFileSync(require.resolve('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'))) as never);
    const { data, width, height } = PNG.sync.read(readFileSync('test/fixtures/astronaut.png'));
    jpeg = new Uint8Array(await encodeJpeg({ data: new Uint8ClampedArray(data), width, height } as ImageData, { quality: 95 }));
  });
  /** The mean of each channel over the picture, by the graph. */
  const meanModel = () => {
    const model = addModel();
    model.json.modelTopology.node = [
      placeholder('x', [1, 64, 64, 3]),
      constant('w', 'DT_INT32'),
      op('y', 'Mean', ['x', 'w'], { T: { type: 'DT_FLOAT' } }),
    ];
    model.json.weightsManifest[0] = { paths: ['w.bin'], weights: [{ name: 'w', shape: [2], dtype: 'int32' }] };
    model.files['w.bin'] = new Uint8Array(Int32Array.of(1, 2).buffer);
    model.json.signature = { outputs: { y: { name: 'y' } } };
    return writeModel(model, join(folder, `model-${count++}`));
  };
  const means = () => {
    const { data } = PNG.sync.read(readFileSync('test/fixtures/astronaut.png'));
    const sums = [0, 0, 0];
    for (let at = 0; at < data.length; at++) if (at % 4 !== 3) sums[at % 4] = (sums[at % 4] as number) + (data[at] as number);
    return Float32Array.from(sums, (sum) => sum / (data.length / 4) / 255);
  };

  it('may be JPEG', async () => {
    const golden = [{ image: file('a.jpg', jpeg), expect: array([3], means()) }];
    await pack(options(golden, { filter: 'area' }, meanModel()));
    const { code } = await refusal(options(golden, { filter: 'area', channels: 'bgr' }, meanModel()));
    expect(code).toBe('golden-mismatch');
  });
  it('is turned as EXIF says, as browsers do', async () => {
    // Little-endian TIFF with one entry, orientation 6: shown turned by a quarter, so that its left side is on top.
    const tiff = Buffer.from('49492a0008000000' + '0100' + '1201' + '0300' + '01000000' + '06000000' + '00000000', 'hex');
    const content = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
    const segment = Buffer.concat([Buffer.of(0xff, 0xe1, 0, content.length + 2), content]);
    const turned = Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]);
    const { data } = PNG.sync.read(readFileSync('test/fixtures/astronaut.png'));
    const at = (x: number, y: number) => [0, 1, 2].map((channel) => (data[(y * 512 + x) * 4 + channel] as number) / 255);
    // Of 8×8 samples, the one in column x and row y is the picture's at column y and row 7 − x.
    const samples = Array.from({ length: 64 }, (_, index) => at(64 * Math.floor(index / 8) + 32, 64 * (7 - (index % 8)) + 31));
    const expected = { expect: array([8, 8, 3], Float32Array.from(samples.flat())), tolerance: 0.15 };
    await pack(options([{ image: file('turned.jpg', turned), ...expected }], { filter: 'nearest' }));
    expect(await refusal(options([{ image: file('straight.jpg', jpeg), ...expected }], { filter: 'nearest' }))).toMatchObject({
      code: 'golden-mismatch',
    });
  });
  it.each<[string, (whole: Uint8Array) => Uint8Array, RegExp]>([
    ['cut', (whole) => whole.slice(0, whole.length / 2), /not a picture that can be read: .*Premature end/],
    ['without a picture', (whole) => whole.slice(0, 300), /not a picture that can be read/],
    ['of 65500 pixels a side', (whole) => withSize(whole, 0xffdc), /65500×65500 pixels; at most/],
  ])('refuses a JPEG %s', async (_what, change, message) => {
    const golden = [{ image: file('b.jpg', change(jpeg)), expect: array([3], means()) }];
    expect(await refusal(options(golden, {}, meanModel()))).toMatchObject({ code: 'options', message: expect.stringMatching(message) });
  });

  longTest('MoveNet, resized and run by TF.js itself, agrees; with blue first it does not', { timeout: 120_000 }, async () => {
    const { data, width, height } = PNG.sync.read(readFileSync('test/fixtures/astronaut.png'));
    const json = JSON.parse(readFileSync(realModel('movenet-lightning'), 'utf8'));
    const weightData = new Uint8Array(readFileSync(realModel('movenet-lightning').replace('.json', '.bin'))).buffer;
    const weightSpecs = json.weightsManifest[0].weights;
    const model = await loadGraphModel({
      load: () => Promise.resolve({ modelTopology: json.modelTopology, weightSpecs, weightData, signature: json.signature }),
    });
    const answer = tidy(() => {
      const photo = browser.fromPixels({ data: new Uint8Array(data), width, height });
      return model.predict(expandDims(cast(round(images.resizeBilinear(photo, [192, 192], false, true)), 'int32'))) as Tensor;
    });
    const expected = array(answer.shape, (await answer.data()) as Float32Array);
    const given = (image: ImageOptions): PackOptions => ({
      model: realModel('movenet-lightning'),
      out: join(folder, `out-${count++}`),
      inputs: { input: { image } },
      golden: [{ image: 'test/fixtures/astronaut.png', expect: expected }],
    });
    await pack(given({}));
    const { code, message } = await refusal(given({ channels: 'bgr' }));
    expect([code, message]).toEqual(['golden-mismatch', expect.stringContaining("With channels: 'rgb' it agrees")]);
  });
});

/** A JPEG that claims another size. */
function withSize(jpeg: Uint8Array, side: number): Uint8Array {
  const changed = Buffer.from(jpeg);
  const frame = changed.findIndex((byte, at) => byte === 0xff && (changed[at + 1] === 0xc0 || changed[at + 1] === 0xc2));
  changed.writeUInt16BE(side, frame + 5);
  changed.writeUInt16BE(side, frame + 7);
  return changed;
}

describe('inputs that are not pictures', () => {
  const rows = (city: string) =>
    file(
      'rows.json',
      Buffer.from(
        JSON.stringify([
          { rooms: 6, city: 'Bern' },
          { rooms: 2, city },
        ]),
      ),
    );
  // price = features · [10, 20, 30, 40], as training had it: rooms standardised by 4 and 2, then Bern, Chur, Thun.
  const expected = array([2, 1], Float32Array.of(10 + 20, -10 + 40));
  const tabular = (features: string, categories = ['Bern', 'Chur', 'Thun'], prices = expected, mean = 4): PackOptions => ({
    model: writeModel(tabularModel([-1, 4]), join(folder, `model-${count++}`)),
    out: join(folder, `out-${count++}`),
    golden: [{ inputs: { features }, expect: prices }],
    inputs: {
      features: {
        columns: [
          { name: 'rooms', mean, std: 2 },
          { name: 'city', categories },
        ],
        pad: { to: [4, 8], axis: 0 },
      },
    },
  });
  it('are rows, encoded and padded as an app’s are', async () => {
    expect((await pack(tabular(rows('Thun')))).warnings).toEqual([]);
    const { code, message } = await refusal(tabular(rows('Thun'), ['Chur', 'Bern', 'Thun']));
    expect([code, message]).toEqual(['golden-mismatch', expect.stringContaining('output "price" is not what the training framework gave')]);
  });
  it.each<[string, readonly string[], readonly [number, number], string]>([
    ['std ignored', ['Bern', 'Chur', 'Thun'], [20 + 20, -20 + 40], 'std left out'],
    ['mean ignored', ['Bern', 'Chur', 'Thun'], [30 + 20, 10 + 40], 'mean left out'],
    ['both ignored', ['Bern', 'Chur', 'Thun'], [60 + 20, 20 + 40], 'mean and std left out'],
    ['sorted categories', ['Chur', 'Bern', 'Thun'], [10 + 20, -10 + 40], 'the categories of "city" sorted, ["Bern", "Chur", "Thun"],'],
    ['reversed categories', ['Bern', 'Chur', 'Thun'], [10 + 40, -10 + 20], 'the categories of "city" reversed, ["Thun", "Chur", "Bern"],'],
    [
      'sorted categories and no std',
      ['Chur', 'Bern', 'Thun'],
      [20 + 20, -20 + 40],
      'std left out and the categories of "city" sorted, ["Bern", "Chur", "Thun"],',
    ],
  ])('name %s in training', async (_what, categories, prices, told) => {
    const trained = array([2, 1], Float32Array.from(prices));
    const { code, message } = await refusal(tabular(rows('Thun'), [...categories], trained));
    expect([code, message]).toEqual([
      'golden-mismatch',
      expect.stringContaining(`. With ${told} it agrees: if training did that, say so in inputs["features"].columns. (`),
    ]);
  });
  it('name the one column of several whose categories were sorted, or all of them', async () => {
    const cells = file(
      'cells.json',
      Buffer.from(
        JSON.stringify([
          { a: 2, b: 'x' },
          { a: 10, b: 'y' },
        ]),
      ),
    );
    const given = (a: readonly number[], b: readonly string[], sums = [10 + 30, 20 + 40]): PackOptions => ({
      model: writeModel(tabularModel([-1, 4]), join(folder, `model-${count++}`)),
      out: join(folder, `out-${count++}`),
      golden: [{ inputs: { features: cells }, expect: array([2, 1], Float32Array.from(sums)) }],
      inputs: {
        features: {
          columns: [
            { name: 'a', categories: a },
            { name: 'b', categories: b },
          ],
        },
      },
    });
    await pack(given([2, 10], ['x', 'y']));
    expect((await refusal(given([10, 2], ['y', 'x']))).message).toContain("With every column's categories sorted it agrees");
    // Training had b from y to x, as declared.
    expect((await refusal(given([10, 2], ['y', 'x'], [10 + 40, 20 + 30]))).message).toContain(
      'With the categories of "a" sorted, [2, 10], it agrees',
    );
  });
  it('say what to compare where nothing usual agrees', async () => {
    const { message } = await refusal(tabular(rows('Thun'), undefined, undefined, 5));
    expect(message).toContain(
      'Mean, std and the order of columns and categories are the preprocessing of rows: compare inputs["features"].columns with training. It agrees neither without mean or std nor with categories sorted or reversed',
    );
    expect(message).not.toContain('numbers');
  });
  it('that are encoded already are not blamed on their columns', async () => {
    const values = npy([2, 4], Float32Array.of(1, 1, 0, 0, -1, 0, 0, 1));
    await pack(tabular(file('values.npy', values)));
    const wrong = array([2, 1], Float32Array.of(1, 2));
    expect((await refusal(tabular(file('values.npy', values), undefined, wrong))).message).toContain('Its inputs are numbers');
  });
  it('are refused where a row does not fit', async () => {
    const { code, message } = await refusal(tabular(rows('Genf')));
    expect([code, message]).toEqual([
      'options',
      expect.stringMatching(/rows\.json does not fit: .*column "city" of row 1, but has "Genf"/),
    ]);
    expect((await refusal(tabular(file('rows.csv', Buffer.from('6,Bern'))))).message).toContain(
      'should be an .npy file, or a .json file of rows',
    );
    expect((await refusal(tabular(file('broken.json', Buffer.from('[{'))))).message).toContain('broken.json does not fit:');
  });
  it('are arrays of a length, which are padded and cut back', async () => {
    const pad = { to: [4, 8] };
    const ids = array([1, 3], Int32Array.of(1, 2, 3));
    const given = (mask: number): PackOptions => ({
      model: writeModel(tokensModel(), join(folder, `model-${count++}`)),
      out: join(folder, `out-${count++}`),
      inputs: { ids: { pad }, mask: { pad } },
      golden: [
        {
          inputs: { ids, mask: array([1, mask], new Float32Array(mask).fill(1)) },
          expect: {
            tokens: array([1, 3, 2], Float32Array.of(4, 6, 8, 10, 12, 14)),
            pooled: array([1, 2], Float32Array.of(4, 5)),
          },
        },
      ],
    });
    expect((await pack(given(3))).warnings).toEqual([]);
    expect((await refusal(given(2))).message).toContain('Input "mask" should be as long as "ids", 3');
  });
});
