/**
 * Files of TensorFlow Lite: stained byte for byte, and with words in the place of others, so that offsets lead back, vectors have huge
 * lengths, subgraphs call themselves and shapes do not fit their bytes.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readModel } from '../../../src/pack/model/read.js';
import { flatbuffer, flatTable, number, numbers } from '../../fixtures/flatbuffer.js';
import { type TfliteFixtureGraph, tfliteModel } from '../../fixtures/tflite.js';
import { zip } from '../../fixtures/zip.js';
import { folderOf } from '../folder.js';
import { stained } from '../mutation.js';
import { refusableInOneLine, surface } from '../surface.js';

const one = number('int32', 1);
const whole = (values: readonly number[]) => ({ shape: [values.length], type: 'int32' as const, values });

/** A row of indices along a sparse axis. */
const indices = (segments: readonly number[], places: readonly number[]) => [
  number('int8', 1),
  undefined,
  number('uint8', 3),
  flatTable(numbers('uint8', segments)),
  number('uint8', 3),
  flatTable(numbers('uint8', places)),
];

/** A sparse tensor of 2 rows and 4 columns in blocks of 2 columns. */
const sparsity = flatTable(numbers('int32', [0, 1, 2]), numbers('int32', [1]), [
  flatTable(number('int8', 0), number('int32', 2)),
  flatTable(...indices([0, 1, 2], [1, 0])),
  flatTable(number('int8', 0), number('int32', 2)),
]);

const NETWORK: TfliteFixtureGraph = {
  tensors: {
    x: { shape: [-1, 4, 4, 2] },
    filter: { shape: [2, 2, 2, 2], type: 'float16', values: Array(16).fill(0.5) },
    wide: { shape: [2, 2, 2, 2] },
    bias: { shape: [2], values: [1, 2] },
    c: { shape: [-1, 2, 2, 2] },
    s: whole([]),
    zero: whole([0]),
    first: whole([1]),
    rest: whole([-1]),
    batch: whole([]),
    sizes: whole([]),
    f: { shape: [-1, 8] },
    weights: { shape: [4, 8], type: 'int8', values: Array(32).fill(3), scales: [1, 2, 3, 4], zeroPoints: [0, 0, 0, 0] },
    d: { shape: [-1, 4] },
    sparse: { shape: [2, 4], values: [1, 2, 3, 4], sparsity },
    dense: { shape: [2, 4] },
    repeats: whole([2, 3]),
    t: { shape: [4, 12] },
    pads: { shape: [2, 2], type: 'int32', values: [1, 1, 0, 2] },
    p: { shape: [6, 14] },
    q: { shape: [6, 14] },
  },
  inputs: ['x'],
  outputs: ['d', 'q'],
  operators: [
    { op: 'DEQUANTIZE', inputs: ['filter'], outputs: ['wide'] },
    {
      op: 'CONV_2D',
      inputs: ['x', 'wide', 'bias'],
      outputs: ['c'],
      options: [number('int8', 0), number('int32', 2), number('int32', 2), number('int8', 1)],
    },
    { op: 'SHAPE', inputs: ['c'], outputs: ['s'] },
    { op: 'STRIDED_SLICE', inputs: ['s', 'zero', 'first', 'first'], outputs: ['batch'], options: [] },
    { op: 'CONCATENATION', inputs: ['batch', 'rest'], outputs: ['sizes'], options: [number('int32', 0)] },
    { op: 'RESHAPE', inputs: ['c', 'sizes'], outputs: ['f'] },
    { op: 'FULLY_CONNECTED', inputs: ['f', 'weights', ''], outputs: ['d'], options: [number('int8', 0)] },
    { op: 'DENSIFY', inputs: ['sparse'], outputs: ['dense'] },
    { op: 'TILE', inputs: ['dense', 'repeats'], outputs: ['t'] },
    { op: 'PAD', inputs: ['t', 'pads'], outputs: ['p'] },
    { op: 'STABLEHLO_COMPOSITE', inputs: ['p'], outputs: ['q'], options: ['twice', one] },
  ],
};

const INNER: TfliteFixtureGraph = {
  tensors: { a: { shape: [6, 14] }, b: { shape: [6, 14] } },
  ...{ inputs: ['a'], outputs: ['b'], operators: [{ op: 'ADD', inputs: ['a', 'a'], outputs: ['b'] }] },
};

const quantized = { shape: [2], type: 'int8', scales: [0.5], zeroPoints: [3] } as const;

/** Two ways to call a model of whole numbers. */
const WHOLE: TfliteFixtureGraph = {
  tensors: { x: quantized, w: { ...quantized, values: [1, -2] }, y: quantized },
  ...{ inputs: ['x'], outputs: ['y'], operators: [{ op: 'MUL', inputs: ['x', 'w'], outputs: ['y'] }] },
};

const picture = flatTable(number('uint8', 2), flatTable());
const normalization = flatTable(number('uint8', 1), flatTable(numbers('float32', [0]), numbers('float32', [255])));
const labels = flatTable('labels.txt', undefined, number('int8', 2));
const METADATA = flatbuffer(
  flatTable('a', 'b', '1', [
    flatTable(
      ...[undefined, undefined],
      [flatTable('x', '', undefined, picture, [normalization])],
      [flatTable('y', '', undefined, undefined, undefined, undefined, [labels])],
    ),
  ]),
  'M001',
);
const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const FILES = zip({ 'labels.txt': text('a\nb\nc\nd'), 'metadata.json': text('{"author":"Ultralytics","names":{"0":"a"},"imgsz":[4,4]}') });

const GOOD: readonly Uint8Array[] = [
  tfliteModel([NETWORK, INNER], [], { TFLITE_METADATA: METADATA }),
  tfliteModel([WHOLE], [{ key: 'serve', graph: 0, inputs: { a: 'x' }, outputs: { b: 'y' } }]),
  new Uint8Array(Buffer.concat([tfliteModel([NETWORK, INNER]), FILES])),
];

const WORDS = [
  0,
  1,
  2,
  3,
  4,
  8,
  16,
  64,
  127,
  128,
  255,
  2 ** 16,
  2 ** 20,
  2 ** 24,
  2 ** 28,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32 - 64,
];

/** A word of 32 bits in the place of another; those at the front of a file are offsets more often than not. */
const word = fc.record({ at: fc.nat(), value: fc.oneof(fc.constantFrom(...WORDS), fc.nat(4096)) });

function withWord(bytes: Uint8Array, { at, value }: { readonly at: number; readonly value: number }): Uint8Array {
  const changed = bytes.slice();
  const place = 4 * (at % Math.max(1, Math.floor(bytes.length / 4)));
  if (place + 4 <= changed.length) new DataView(changed.buffer).setUint32(place, value, true);
  return changed;
}

const good = fc.constantFrom(...GOOD);
const folder = folderOf('tflite');
const model = join(folder, 'model.tflite');

export const tflite = surface({
  name: 'tflite',
  share: 20,
  inputs: fc.oneof(
    stained(good, (bytes) => bytes).map(({ bytes }) => bytes),
    fc.tuple(good, fc.array(word, { minLength: 1, maxLength: 3 })).map(([bytes, words]) => words.reduce(withWord, bytes)),
  ),
  maxBytes: (bytes) => 10 * bytes.length + 256 * 2 ** 20,
  feed: (bytes) => {
    writeFileSync(model, bytes);
    return refusableInOneLine(() => readModel(model));
  },
});
