import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImageSpec } from '../../src/manifest/manifest.js';
import type { Crop, Pixels } from '../../src/manifest/signature.js';
import { type Affine, applyMap, imageMapping, mapToSource } from '../../src/preprocess/mapping.js';
import { partUnder, toTensor } from '../../src/preprocess/resize.js';

// Else TF.js recommends its Node package on stderr.
tf.enableProdMode();

const FILTERS = ['bilinear', 'area', 'nearest', 'browser'] as const;

const spec = (over: Partial<ImageSpec> = {}): ImageSpec => ({
  width: 4,
  height: 4,
  fit: 'stretch',
  filter: 'bilinear',
  channels: 'rgb',
  layout: 'nhwc',
  scale: [1, 1, 1],
  offset: [0, 0, 0],
  ...over,
});

/** One number per pixel, as its red, green and blue. */
const grays = (rows: number[][]): Pixels => ({
  data: Uint8ClampedArray.from(rows.flat().flatMap((value) => [value, value, value, 255])),
  width: (rows[0] as number[]).length,
  height: rows.length,
});

/** The red values of a resized picture, in rows. */
function reds(pixels: Pixels, image: ImageSpec, crop?: Crop): number[][] {
  const values = toTensor(pixels, image, 'float32', mapToSource(image, pixels, crop));
  return Array.from({ length: image.height }, (_, y) =>
    Array.from({ length: image.width }, (_, x) => values[3 * (y * image.width + x)] as number),
  );
}

const picture = (side = 12): fc.Arbitrary<Pixels> =>
  fc
    .tuple(fc.integer({ min: 1, max: side }), fc.integer({ min: 1, max: side }))
    .chain(([width, height]) =>
      fc.uint8Array({ minLength: 4 * width * height, maxLength: 4 * width * height }).map((data) => ({ data, width, height })),
    );
const opaque = ({ data, ...size }: Pixels): Pixels => ({ ...size, data: data.map((value, index) => (index % 4 === 3 ? 255 : value)) });
const size = fc.integer({ min: 1, max: 14 });
const seeded = { seed: 20261122, numRuns: 100 };

const close = (got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance = 1e-4) => {
  expect(got.length).toBe(wanted.length);
  for (let index = 0; index < wanted.length; index++) {
    const gap = Math.abs((got[index] as number) - (wanted[index] as number));
    if (!(gap <= tolerance)) expect.fail(`value ${index} is ${got[index]}, wanted ${wanted[index]}`);
  }
};

describe('mapToSource', () => {
  const source = { width: 400, height: 200 };

  it('stretches the whole source over the tensor', () => {
    expect(mapToSource(spec({ width: 100, height: 100 }), source)).toEqual({ a: 4, b: 0, c: 0, d: 2, e: 0, f: 0 });
  });

  it('contains all of the source, centred', () => {
    expect(mapToSource(spec({ width: 100, height: 100, fit: 'contain' }), source)).toEqual({ a: 4, b: 0, c: 0, d: 4, e: 0, f: -100 });
  });

  it('covers the tensor with the middle of the source', () => {
    expect(mapToSource(spec({ width: 100, height: 100, fit: 'cover' }), source)).toEqual({ a: 2, b: 0, c: 0, d: 2, e: 100, f: 0 });
  });

  it('turns a crop clockwise about its centre', () => {
    const map = mapToSource(spec({ width: 10, height: 10 }), source, { x: 100, y: 50, width: 40, height: 20, rotation: Math.PI / 2 });
    expect(applyMap(map, 5, 5)).toEqual({ x: 120, y: 60 });
    expect(applyMap(map, 0, 0)).toEqual({ x: 130, y: 40 });
    expect(applyMap(map, 10, 0)).toEqual({ x: 130, y: 80 });
  });

  it("leads the tensor's corners to the crop's corners when it stretches", () => {
    const numbers = fc.integer({ min: 1, max: 500 });
    fc.assert(
      fc.property(
        size,
        size,
        numbers,
        numbers,
        numbers,
        numbers,
        fc.double({ min: -4, max: 4, noNaN: true }),
        (w, h, x, y, width, height, rotation) => {
          const map = mapToSource(spec({ width: w, height: h }), source, { x, y, width, height, rotation });
          const { toSource } = imageMapping(map, w, h, source.width, source.height);
          for (const [u, v] of [
            [0, 0],
            [1, 0],
            [0, 1],
            [1, 1],
          ] as const) {
            const [dx, dy] = [(u - 0.5) * width, (v - 0.5) * height];
            const corner = toSource(u * w, v * h);
            expect(corner.x).toBeCloseTo(x + width / 2 + dx * Math.cos(rotation) - dy * Math.sin(rotation), 5);
            expect(corner.y).toBeCloseTo(y + height / 2 + dx * Math.sin(rotation) + dy * Math.cos(rotation), 5);
          }
        },
      ),
      seeded,
    );
  });

  it('keeps the aspect and the centre with contain and cover', () => {
    fc.assert(
      fc.property(size, size, size, size, fc.constantFrom('contain' as const, 'cover' as const), (w, h, width, height, fit) => {
        const map = mapToSource(spec({ width: w, height: h, fit }), { width, height });
        expect(map.a).toBe(map.d);
        const centre = applyMap(map, w / 2, h / 2);
        expect([centre.x, centre.y]).toEqual([expect.closeTo(width / 2, 9), expect.closeTo(height / 2, 9)]);
        const [across, down] = [map.a * w - width, map.d * h - height];
        expect(fit === 'contain' ? Math.min(across, down) : Math.max(across, down)).toBeCloseTo(0, 9);
      }),
      seeded,
    );
  });
});

describe('toTensor, by hand', () => {
  const small = grays([
    [0, 100],
    [200, 60],
  ]);
  const large = grays([
    [0, 10, 20, 30],
    [40, 50, 60, 70],
    [80, 90, 100, 110],
    [120, 130, 140, 150],
  ]);

  it('enlarges 2×2 to 4×4 by bilinear', () => {
    expect(reds(small, spec())).toEqual([
      [0, 25, 75, 100],
      [50, 60, 80, 90],
      [150, 130, 90, 70],
      [200, 165, 95, 60],
    ]);
  });

  it('enlarges 2×2 to 4×4 by nearest and by area', () => {
    const doubled = [
      [0, 0, 100, 100],
      [0, 0, 100, 100],
      [200, 200, 60, 60],
      [200, 200, 60, 60],
    ];
    for (const filter of ['nearest', 'browser', 'area'] as const) expect(reds(small, spec({ filter }))).toEqual(doubled);
  });

  it('shrinks 4×4 to 2×2', () => {
    const half = { width: 2, height: 2 };
    expect(reds(large, spec({ ...half, filter: 'bilinear' }))).toEqual([
      [25, 45],
      [105, 125],
    ]);
    expect(reds(large, spec({ ...half, filter: 'area' }))).toEqual([
      [25, 45],
      [105, 125],
    ]);
    expect(reds(large, spec({ ...half, filter: 'nearest' }))).toEqual([
      [50, 70],
      [130, 150],
    ]);
  });
});

describe('toTensor, against other implementations', () => {
  it("agrees with TF.js's resizeBilinear with half-pixel centres", () => {
    fc.assert(
      fc.property(picture().map(opaque), size, size, (pixels, width, height) => {
        const wanted = tf.tidy(() => {
          const rgb = pixels.data.filter((_, index) => index % 4 !== 3);
          const image = tf.tensor3d(Float32Array.from(rgb), [pixels.height, pixels.width, 3]);
          return tf.image.resizeBilinear(image, [height, width], false, true).dataSync();
        });
        const image = spec({ width, height });
        close(toTensor(pixels, image, 'float32', mapToSource(image, pixels)), wanted, 1e-3);
      }),
      seeded,
    );
  });

  it('averages exactly the area under each tensor pixel', () => {
    fc.assert(
      fc.property(picture().map(opaque), size, size, (pixels, width, height) => {
        // Each source pixel cut into width × height parts, so that boxes hold whole parts.
        const wanted: number[] = [];
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            let sum = 0;
            for (let v = y * pixels.height; v < (y + 1) * pixels.height; v++) {
              for (let u = x * pixels.width; u < (x + 1) * pixels.width; u++) {
                sum += pixels.data[4 * (Math.floor(v / height) * pixels.width + Math.floor(u / width))] as number;
              }
            }
            wanted.push(sum / (pixels.width * pixels.height));
          }
        }
        close(reds(pixels, spec({ width, height, filter: 'area' })).flat(), wanted);
      }),
      seeded,
    );
  });

  it('samples any angle as it samples along the axes', () => {
    fc.assert(
      fc.property(picture(), size, size, fc.constantFrom('bilinear' as const, 'nearest' as const), (pixels, width, height, filter) => {
        const image = spec({ width, height, filter });
        const map = mapToSource(image, pixels);
        // Too little to move a sample by more than its tolerance; 1e-9 keeps nearest off its borders.
        const leaning: Affine = { ...map, b: 1e-12, c: 1e-12, e: map.e + 1e-9, f: map.f + 1e-9 };
        const straight: Affine = { ...map, e: map.e + 1e-9, f: map.f + 1e-9 };
        close(toTensor(pixels, image, 'float32', leaning), toTensor(pixels, image, 'float32', straight));
      }),
      seeded,
    );
  });
});

describe('toTensor, turned', () => {
  const turnedClockwise = (rows: number[][]) => (rows[0] as number[]).map((_, x) => rows.map((row) => row[x] as number).reverse());

  it('equals a resize of the turned picture at right angles', () => {
    fc.assert(
      fc.property(
        picture().map(opaque),
        size,
        size,
        fc.constantFrom(...FILTERS),
        fc.integer({ min: 1, max: 3 }),
        (pixels, width, height, filter, quarters) => {
          const rows = Array.from({ length: pixels.height }, (_, y) =>
            Array.from({ length: pixels.width }, (_, x) => pixels.data[4 * (y * pixels.width + x)] as number),
          );
          // A crop that is turned clockwise shows its contents turned the other way.
          let upright = rows;
          for (let quarter = 4; quarter > quarters; quarter--) upright = turnedClockwise(upright);
          const [cropWidth, cropHeight] = quarters % 2 === 1 ? [pixels.height, pixels.width] : [pixels.width, pixels.height];
          const crop = {
            x: (pixels.width - cropWidth) / 2,
            y: (pixels.height - cropHeight) / 2,
            width: cropWidth,
            height: cropHeight,
            rotation: (quarters * Math.PI) / 2,
          };
          // An odd number of tensor pixels per source pixel would put centres on pixel borders, where nearest may go either way.
          const onBorders = (length: number, count: number) =>
            Array.from({ length: count }, (_, index) => (length * (2 * index + 1)) % (2 * count)).includes(0);
          fc.pre(filter === 'bilinear' || filter === 'area' || !(onBorders(cropWidth, width) || onBorders(cropHeight, height)));
          const image = spec({ width, height, filter });
          close(reds(pixels, image, crop).flat(), reds(grays(upright), image).flat());
        },
      ),
      seeded,
    );
  });

  it('averages a grid where an area is turned', () => {
    const size = { width: 60, height: 60 };
    const crop = { x: 15, y: 15, width: 30, height: 30, rotation: Math.PI / 6 };
    const image = spec({ width: 5, height: 3, filter: 'area' });
    const picture = (at: (x: number, y: number) => number) =>
      grays(Array.from({ length: 60 }, (_, y) => Array.from({ length: 60 }, (_, x) => at(x, y))));
    const stripes = reds(
      picture((x) => (x % 2) * 200),
      image,
      crop,
    ).flat();
    for (const value of stripes) expect(Math.abs(value - 100)).toBeLessThan(10);
    const map = mapToSource(image, size, crop);
    const ramp = Array.from({ length: 15 }, (_, index) => {
      const { x, y } = applyMap(map, (index % 5) + 0.5, Math.floor(index / 5) + 0.5);
      return 2 * (x - 0.5) + (y - 0.5);
    });
    close(
      reds(
        picture((x, y) => 2 * x + y),
        image,
        crop,
      ).flat(),
      ramp,
    );
  });
});

describe('toTensor, edges and formats', () => {
  it('leaves black what contain and crops show beside the source', () => {
    const white = grays([
      [255, 255],
      [255, 255],
    ]);
    const wide = grays([
      [255, 255, 255, 255],
      [255, 255, 255, 255],
    ]);
    const bars = [
      [0, 0, 0, 0],
      [255, 255, 255, 255],
      [255, 255, 255, 255],
      [0, 0, 0, 0],
    ];
    for (const filter of FILTERS) {
      expect(reds(wide, spec({ fit: 'contain', filter }))).toEqual(bars);
      const reaching = reds(white, spec({ filter }), { x: 0, y: -1, width: 2, height: 4 });
      expect(reaching).toEqual(bars);
      expect(reds(white, spec({ width: 2, height: 2, filter }), { x: -9, y: -9, width: 4, height: 4, rotation: 0.3 })).toEqual([
        [0, 0],
        [0, 0],
      ]);
    }
  });

  it('fills them with the background, whatever lies inside of the picture', () => {
    const black = grays([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    const bars = [
      [114, 114, 114, 114],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [114, 114, 114, 114],
    ];
    for (const filter of FILTERS) {
      expect(reds(black, spec({ fit: 'contain', filter, background: 114 }))).toEqual(bars);
      const turned = { x: -9, y: -9, width: 4, height: 4, rotation: 0.3 };
      expect(reds(black, spec({ width: 2, height: 1, filter, background: 114 }), turned)).toEqual([[114, 114]]);
    }
    const clear = { data: new Uint8ClampedArray(32), width: 4, height: 2 };
    expect(reds(clear, spec({ fit: 'contain', background: 114 }))).toEqual(bars);
  });

  it('applies scale and offset to padding as well', () => {
    const image = spec({ width: 1, height: 2, fit: 'contain', scale: [1 / 127.5, 2, 3], offset: [-1, 5, 6] });
    const map = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };
    expect([...toTensor(grays([[255]]), image, 'float32', map)]).toEqual([1, 515, 771, -1, 5, 6]);
    expect([...toTensor(grays([[255]]), { ...image, background: 255 }, 'float32', map)]).toEqual([1, 515, 771, 1, 515, 771]);
  });

  it('keeps a constant picture constant', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        size,
        size,
        size,
        size,
        fc.constantFrom(...FILTERS),
        fc.constantFrom('stretch' as const, 'cover' as const),
        fc.constantFrom(0, Math.PI),
        (value, sourceWidth, sourceHeight, width, height, filter, fit, rotation) => {
          const pixels = grays(Array.from({ length: sourceHeight }, () => Array.from({ length: sourceWidth }, () => value)));
          const crop = { x: 0, y: 0, width: sourceWidth, height: sourceHeight, rotation };
          const image = spec({ width, height, filter, fit });
          expect(new Set(reds(pixels, image, crop).flat())).toEqual(new Set([value]));
        },
      ),
      seeded,
    );
  });

  it('lays transparent pixels over black', () => {
    const pixels = { data: Uint8Array.of(200, 100, 50, 51, 200, 100, 50, 0), width: 2, height: 1 };
    for (const filter of FILTERS) {
      const image = spec({ width: 2, height: 1, filter });
      close(toTensor(pixels, image, 'float32', mapToSource(image, pixels)), [40, 20, 10, 0, 0, 0]);
    }
  });

  it('orders channels and layouts', () => {
    const pixels = { data: Uint8Array.of(1, 2, 3, 255, 11, 12, 13, 255), width: 2, height: 1 };
    const values = (over: Partial<ImageSpec>) => {
      const image = spec({ width: 2, height: 1, ...over });
      return [...toTensor(pixels, image, 'int32', mapToSource(image, pixels))];
    };
    expect(values({})).toEqual([1, 2, 3, 11, 12, 13]);
    expect(values({ channels: 'bgr' })).toEqual([3, 2, 1, 13, 12, 11]);
    expect(values({ layout: 'nchw' })).toEqual([1, 11, 2, 12, 3, 13]);
    expect(values({ channels: 'bgr', layout: 'nchw', scale: [1, 10, 100], offset: [0, 0, 7] })).toEqual([3, 13, 20, 120, 107, 1107]);
    const tall = { ...pixels, width: 1, height: 2 };
    const planar = spec({ width: 1, height: 2, layout: 'nchw' });
    expect([...toTensor(tall, planar, 'int32', mapToSource(planar, tall))]).toEqual([1, 11, 2, 12, 3, 13]);
    const image = spec({ width: 2, height: 1, channels: 'gray', scale: [2], offset: [1] });
    close(
      toTensor(pixels, image, 'float32', mapToSource(image, pixels)),
      [2 * (0.299 + 2 * 0.587 + 3 * 0.114) + 1, 2 * (0.299 * 11 + 12 * 0.587 + 13 * 0.114) + 1],
      1e-5,
    );
  });

  it('rounds int32 to the nearest whole, halves up', () => {
    const pixels = grays([[1, 2, 3, 5]]);
    const rounded = (scale: number, offset: number) => {
      const image = spec({ width: 4, height: 1, channels: 'gray', scale: [scale], offset: [offset] });
      return [...toTensor(pixels, image, 'int32', mapToSource(image, pixels))];
    };
    expect(rounded(1, 0)).toEqual([1, 2, 3, 5]);
    const red = spec({ width: 4, height: 1, scale: [0.5, 0.5, 0.5], offset: [0, -3, 0.25] });
    const values = toTensor(pixels, red, 'int32', mapToSource(red, pixels));
    expect([...values]).toEqual([1, -2, 1, 1, -2, 1, 2, -1, 2, 3, 0, 3]);
    expect(values).toBeInstanceOf(Int32Array);
  });

  it('ends whole numbers of 8 bits at the ends of their range', () => {
    const pixels = grays([[0, 100, 255]]);
    const numbers = (dtype: 'int8' | 'uint8', offset: number) => {
      const image = spec({ width: 3, height: 1, channels: 'gray', scale: [1.5], offset: [offset] });
      return toTensor(pixels, image, dtype, mapToSource(image, pixels));
    };
    expect(numbers('int8', -200)).toEqual(Int8Array.of(-128, -50, 127));
    expect(numbers('uint8', -10)).toEqual(Uint8Array.of(0, 140, 255));
  });
});

describe('partUnder', () => {
  const place = fc.double({ min: -20, max: 30, noNaN: true });
  const extent = fc.double({ min: 0.01, max: 30, noNaN: true });
  const rotation = fc.oneof(fc.constantFrom(0, Math.PI / 2, Math.PI, -Math.PI / 2), fc.double({ min: -4, max: 4, noNaN: true }));
  const crop = fc.record({ x: place, y: place, width: extent, height: extent, rotation });

  it('is all that the tensor is made of, bit for bit', () => {
    const fits = fc.constantFrom<ImageSpec['fit']>('stretch', 'contain', 'cover');
    fc.assert(
      fc.property(picture(), size, size, fits, crop, fc.constantFrom(...FILTERS), (pixels, width, height, fit, crop, filter) => {
        const image = spec({ width, height, fit, filter });
        const map = mapToSource(image, pixels, crop);
        const part = partUnder(image, pixels.width, pixels.height, map);
        const data = new Uint8Array(part.width * part.height * 4);
        for (let y = 0; y < part.height; y++) {
          const start = 4 * ((part.top + y) * pixels.width + part.left);
          data.set(pixels.data.subarray(start, start + 4 * part.width), 4 * y * part.width);
        }
        const cut = { data, width: part.width, height: part.height };
        expect(toTensor(cut, image, 'float32', map, part)).toEqual(toTensor(pixels, image, 'float32', map));
      }),
      { ...seeded, numRuns: 500 },
    );
  });

  it('is no more than a pixel around what lies under the tensor, within the picture, and never empty', () => {
    const part = (crop: Crop) => {
      const image = spec();
      const { left, top, width, height } = partUnder(image, 100, 80, mapToSource(image, { width: 100, height: 80 }, crop));
      return [left, top, width, height];
    };
    expect(part({ x: 10, y: 20, width: 30, height: 40 })).toEqual([9, 19, 32, 42]);
    expect(part({ x: -50, y: 60, width: 500, height: 500 })).toEqual([0, 59, 100, 21]);
    expect(part({ x: 400, y: -90, width: 3, height: 3 })).toEqual([99, 0, 1, 1]);
    expect(part({ x: 10, y: 20, width: 30, height: 40, rotation: Math.PI / 2 })).toEqual([4, 24, 42, 32]);
  });
});
