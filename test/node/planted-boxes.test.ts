/** A detector with planted weights: each colour in a picture makes one box, which `boxes` finds in the picture's pixels. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sizeOf } from '../../src/base/dtype.js';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { loadModel } from '../../src/index.js';
import { pack } from '../../src/pack/index.js';
import { boxes } from '../../src/read/index.js';
import { scratch } from '../fixtures/models.js';
import { yolo } from '../fixtures/torch/yolo.js';

const wasmUrl = new URL(`../../node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`, import.meta.url).href;
const assetUrl = (name: string, url: string) => (name === WASM_BINARY.name ? wasmUrl : url);

/** The model's picture has 64 by 64 pixels, of which the finest level of the head has 8 by 8 cells. */
const [SIDE, CELL] = [64, 8];
const LABELS = ['red', 'green', 'blue', 'none'] as const;

/** The cell of each colour, and how many cells its box reaches to the left, top, right and bottom of the cell's center. */
const PLANTED = [
  { column: 1, row: 3, reaches: [1, 1, 2, 1] },
  { column: 5, row: 2, reaches: [1, 0, 1, 2] },
  { column: 6, row: 5, reaches: [3, 2, 1, 0] },
] as const;

/** A full colour in the network, and how much of it a class needs. The grey beside the picture is less. SiLU changes neither. */
const [FULL, NEEDED] = [20, 14];
/** The channels that come from the coarser level, before those of the finest level. */
const COARSE_CHANNELS = 32;
const PLACES = 16;

/** Convolutions hand on the colours of each cell's first pixel in their first three channels; the last ones make classes and distances of them. */
function planted(name: string, dims: readonly number[]): readonly number[] | undefined {
  const values = new Array<number>(sizeOf(dims)).fill(0);
  if (dims.length === 1) return name.startsWith('model.22.cv3.') && name.endsWith('.2.bias') ? values.fill(-NEEDED) : values;
  const [, taken, rows, columns] = dims as readonly [number, number, number, number];
  const set = (made: number, from: number, value: number) => {
    values[(made * taken + from) * rows * columns + Math.floor((rows * columns) / 2)] = value;
  };
  for (const [colour, { reaches }] of PLANTED.entries()) {
    if (name === 'model.22.cv2.0.2.weight') for (const [side, reach] of reaches.entries()) set(side * PLACES + reach, colour, 1);
    // The coarser levels find nothing.
    else if (/^model\.22\.cv[23]\.[12]\.2\.weight$/.test(name)) continue;
    else if (name === 'model.15.cv1.conv.weight') set(colour, COARSE_CHANNELS + colour, 1);
    else set(colour, colour, name === 'model.0.conv.weight' ? FULL : 1);
  }
  return values;
}

/** A black picture of 128 by 64, which is seen at half its size, with a square of each colour where its cell's first pixel is. */
function picture() {
  const [width, height] = [2 * SIDE, SIDE];
  const data = new Uint8Array(4 * width * height);
  for (const [colour, { column, row }] of PLANTED.entries()) {
    const [left, top] = [2 * CELL * column, 2 * (CELL * row - SIDE / 4)];
    for (let y = Math.max(0, top - 4); y < top + 8; y++) for (let x = left - 4; x < left + 8; x++) data[4 * (y * width + x) + colour] = 255;
  }
  for (let pixel = 0; pixel < width * height; pixel++) data[4 * pixel + 3] = 255;
  return { data, width, height };
}

it('boxes finds the planted boxes', async () => {
  const folder = scratch();
  const model = join(folder, 'planted.onnx');
  writeFileSync(model, yolo({ version: 8, size: SIDE, classes: LABELS.length, plant: planted }));
  const image = { fit: 'contain', background: 114, scale: 1 / 255, offset: 0 } as const;
  const { manifest } = await pack({
    model,
    out: join(folder, 'planted'),
    inputs: { images: { image } },
    outputs: { output0: { labels: LABELS } },
  });
  const loaded = await loadModel(manifest, { backend: 'wasm', assetUrl, cache: null });
  const { outputs, images } = await loaded.predict({ images: picture() });
  loaded.dispose();
  const found = boxes(outputs['output0']!, { image: images['images']! });
  expect(found.map(({ label }) => label).toSorted()).toEqual(['blue', 'green', 'red']);
  for (const [colour, { column, row, reaches }] of PLANTED.entries()) {
    const [left, top, right, bottom] = reaches;
    // The picture is half as large for the model, and begins 16 pixels from the top.
    const scaled = (cells: number, offset: number) => 2 * (CELL * cells - offset);
    const [x, y] = [scaled(column + 0.5 - left, 0), scaled(row + 0.5 - top, SIDE / 4)];
    const box = found.find(({ index }) => index === colour)!;
    expect(box.score).toBeGreaterThan(0.99);
    expect([box.x, box.y, box.width, box.height].map((each) => Math.round(100 * each) / 100)).toEqual([
      ...[x, y, 2 * CELL * (left + right), 2 * CELL * (top + bottom)],
    ]);
  }
});
