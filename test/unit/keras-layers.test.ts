/** Layers of Keras that tf.layers does not have, or does not have so: their answers, worked out by hand from Keras's definitions. */
import { expect, it } from 'vitest';
import { expectClose } from '../fixtures/expect-close.js';
import type { Json } from '../fixtures/layers.js';
import { answerTo, layerOf, lowerSequential } from '../fixtures/lowered-layers.js';

interface Example {
  readonly kind: string;
  readonly config?: Json;
  /** Without the batch. */
  readonly shape: readonly number[];
  readonly given: readonly number[];
  readonly weights?: Readonly<Record<string, readonly [shape: readonly number[], values: readonly number[]]>>;
  readonly wanted: readonly number[];
}

const plain = { use_bias: false };
const [row, cube] = [
  [4, 1],
  [1, 2, 2, 1],
];

const EXAMPLES: readonly Example[] = [
  {
    kind: 'Conv1D',
    config: { ...plain, filters: 1, kernel_size: 2, dilation_rate: 2, padding: 'causal' },
    shape: row,
    given: [1, 2, 3, 4],
    weights: {
      kernel: [
        [2, 1, 1],
        [10, 1],
      ],
    },
    wanted: [1, 2, 13, 24],
  },
  {
    kind: 'Conv1D',
    config: { ...plain, filters: 2, kernel_size: 1, groups: 2 },
    shape: [1, 4],
    given: [1, 2, 3, 4],
    weights: {
      kernel: [
        [1, 2, 2],
        [1, 2, 3, 4],
      ],
    },
    wanted: [7, 22],
  },
  {
    kind: 'Conv2D',
    config: { ...plain, filters: 4, kernel_size: 1, groups: 2 },
    shape: [1, 1, 4],
    given: [1, 2, 3, 4],
    weights: {
      kernel: [
        [1, 1, 2, 4],
        [1, 2, 3, 4, 5, 6, 7, 8],
      ],
    },
    wanted: [11, 14, 37, 44],
  },
  {
    kind: 'DepthwiseConv1D',
    config: { kernel_size: 2, depth_multiplier: 2 },
    shape: [3, 1],
    given: [1, 2, 3],
    weights: {
      depthwise_kernel: [
        [2, 1, 2],
        [10, 0, 1, 5],
      ],
      bias: [[2], [0, 100]],
    },
    wanted: [12, 110, 23, 115],
  },
  {
    kind: 'SeparableConv1D',
    config: { filters: 1, kernel_size: 2, activation: 'relu' },
    shape: [3, 1],
    given: [1, 2, 3],
    weights: {
      depthwise_kernel: [
        [2, 1, 1],
        [10, 1],
      ],
      pointwise_kernel: [[1, 1, 1], [2]],
      bias: [[1], [-30]],
    },
    wanted: [0, 16],
  },
  {
    kind: 'Conv1DTranspose',
    config: { ...plain, filters: 1, kernel_size: 2, strides: 2 },
    shape: [2, 1],
    given: [1, 2],
    weights: {
      kernel: [
        [2, 1, 1],
        [10, 1],
      ],
    },
    wanted: [10, 1, 20, 2],
  },
  { kind: 'ZeroPadding1D', config: { padding: [1, 2] }, shape: [2, 1], given: [1, 2], wanted: [0, 1, 2, 0, 0] },
  {
    kind: 'ZeroPadding3D',
    config: {
      padding: [
        [0, 0],
        [0, 1],
        [1, 0],
      ],
    },
    shape: [1, 1, 2, 1],
    given: [1, 2],
    wanted: [0, 1, 2, 0, 0, 0],
  },
  { kind: 'Cropping1D', config: { cropping: [1, 2] }, shape: row, given: [1, 2, 3, 4], wanted: [2] },
  {
    kind: 'Cropping3D',
    config: {
      cropping: [
        [0, 0],
        [1, 0],
        [0, 1],
      ],
    },
    shape: cube,
    given: [1, 2, 3, 4],
    wanted: [3],
  },
  { kind: 'CenterCrop', config: { height: 1, width: 2 }, shape: [3, 3, 1], given: [1, 2, 3, 4, 5, 6, 7, 8, 9], wanted: [4, 5] },
  { kind: 'UpSampling1D', config: { size: 2 }, shape: [2, 1], given: [1, 2], wanted: [1, 1, 2, 2] },
  { kind: 'Resizing', config: { height: 1, width: 4 }, shape: [1, 2, 1], given: [1, 2], wanted: [1, 1.25, 1.75, 2] },
  { kind: 'Resizing', config: { height: 1, width: 2, interpolation: 'nearest' }, shape: [1, 3, 1], given: [1, 2, 3], wanted: [1, 3] },
  { kind: 'GlobalAveragePooling3D', shape: cube, given: [1, 2, 3, 6], wanted: [3] },
  { kind: 'GlobalMaxPooling3D', config: { keepdims: true }, shape: cube, given: [1, 6, 3, 2], wanted: [6] },
  {
    kind: 'GroupNormalization',
    config: { groups: 2, epsilon: 0 },
    shape: [4],
    given: [1, 3, 10, 14],
    weights: { gamma: [[4], [1, 2, 3, 4]], beta: [[4], [0, 0, 1, 1]] },
    wanted: [-1, 2, -2, 5],
  },
  {
    kind: 'GroupNormalization',
    config: { groups: -1, epsilon: 3, scale: false, center: false },
    shape: [2, 2],
    given: [1, 10, 3, 14],
    wanted: [-0.5, -2 / Math.sqrt(7), 0.5, 2 / Math.sqrt(7)],
  },
  {
    kind: 'RMSNormalization',
    config: { epsilon: 3.5 },
    shape: [2],
    given: [3, 4],
    weights: { scale: [[2], [1, 2]] },
    wanted: [0.75, 2],
  },
  { kind: 'UnitNormalization', shape: [2], given: [3, 4], wanted: [0.6, 0.8] },
  { kind: 'Identity', shape: [2], given: [3, 4], wanted: [3, 4] },
  { kind: 'SpatialDropout3D', config: { rate: 0.5, seed: null }, shape: cube, given: [1, 2, 3, 4], wanted: [1, 2, 3, 4] },
];

it.each(EXAMPLES)('$kind $config', ({ kind, config, shape, given, weights = {}, wanted }) => {
  const owned = Object.fromEntries(Object.entries(weights).map(([name, weight]) => [`layer/${name}`, weight]));
  expectClose(answerTo(lowerSequential(shape, [layerOf(kind, config, 'layer')], owned), shape, given), wanted);
});

it.each<[string, Json, readonly number[], RegExp]>([
  ['Conv1D', { filters: 3, kernel_size: 1, groups: 2 }, [1, 4], /has 2 groups for 4 channels in and 3 out/],
  ['Conv2D', { filters: 3, kernel_size: 1, padding: 'causal' }, [1, 1, 4], /has padding "causal"; "valid" or "same" is wanted/],
  ['Resizing', { height: 3, width: 1, antialias: true }, [2, 2, 1], /with antialias true/],
  ['GroupNormalization', { groups: 3 }, [4], /has groups 3; a divisor of 4 is wanted/],
  ['ZeroPadding1D', { padding: [1, 2, 3] }, row, /has padding an array of 3/],
])('%s %o is refused', (kind, config, shape, message) => {
  expect(() => lowerSequential(shape, [layerOf(kind, config)])).toThrow(message);
});
