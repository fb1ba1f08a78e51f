/** Convolutions, pools, pads, crops and other sizes. */
import { type LayerCase, one } from './case.js';

const plain = { use_bias: false, activation: 'linear' };
const RAMP = [1, 2, 3, 4];
/** One of 2 × 2 × 1. */
const SQUARE = [2, 2, 1];
/** One of 2 × 2 × 2 × 1. */
const CUBE = [2, 2, 2, 1];
const EIGHT = [1, 2, 3, 4, 5, 6, 7, 8];

export const WINDOW_CASES: readonly LayerCase[] = [
  // Each value and ten times the one two steps before.
  one('Conv1D', { ...plain, filters: 1, kernel_size: [2], dilation_rate: [2], padding: 'causal' }, [4, 1], RAMP, [1, 2, 13, 24], {
    weights: {
      kernel: [
        [2, 1, 1],
        [10, 1],
      ],
    },
  }),
  one('Conv2D', { filters: 1, kernel_size: [2, 2], strides: [1, 1], padding: 'valid', activation: 'linear' }, SQUARE, RAMP, [4322], {
    weights: {
      kernel: [
        [2, 2, 1, 1],
        [1, 10, 100, 1000],
      ],
      bias: [[1], [1]],
    },
  }),
  // Two groups of two channels: 1 + 2 · 3, and 3 · 2 + 4 · 4.
  one('Conv2D', { ...plain, filters: 2, kernel_size: [1, 1], groups: 2 }, [1, 1, 4], RAMP, [7, 22], {
    weights: {
      kernel: [
        [1, 1, 2, 2],
        [1, 2, 3, 4],
      ],
    },
  }),
  one(
    'Conv3D',
    { filters: 1, kernel_size: [2, 2, 2], strides: [1, 1, 1], padding: 'valid', activation: 'linear' },
    CUBE,
    EIGHT,
    [87654322],
    {
      weights: { kernel: [[2, 2, 2, 1, 1], EIGHT.map((_, place) => 10 ** place)], bias: [[1], [1]] },
    },
  ),
  // Zeros follow the last slice: the windows see slices 1 and 2, and 2 alone.
  one('Conv3D', { ...plain, filters: 1, kernel_size: [2, 1, 1], padding: 'same' }, [2, 1, 1, 1], [3, 4], [43, 4], {
    weights: {
      kernel: [
        [2, 1, 1, 1, 1],
        [1, 10],
      ],
    },
  }),
  one('Conv1DTranspose', { ...plain, filters: 1, kernel_size: [2], strides: [2] }, [2, 1], [1, 2], [10, 1, 20, 2], {
    weights: {
      kernel: [
        [2, 1, 1],
        [10, 1],
      ],
    },
  }),
  one('Conv2DTranspose', { ...plain, filters: 1, kernel_size: [1, 2], strides: [1, 1] }, [1, 2, 1], [1, 2], [10, 21, 2], {
    weights: {
      kernel: [
        [1, 2, 1, 1],
        [10, 1],
      ],
    },
  }),
  one('DepthwiseConv1D', { kernel_size: [2], depth_multiplier: 2 }, [3, 1], [1, 2, 3], [12, 110, 23, 115], {
    weights: {
      depthwise_kernel: [
        [2, 1, 2],
        [10, 0, 1, 5],
      ],
      bias: [[2], [0, 100]],
    },
    renamed: { depthwise_kernel: 'kernel' },
  }),
  one('DepthwiseConv2D', { ...plain, kernel_size: [1, 2], dilation_rate: [1, 2] }, [1, 4, 1], RAMP, [31, 42], {
    weights: {
      depthwise_kernel: [
        [1, 2, 1, 1],
        [1, 10],
      ],
    },
    renamed: { depthwise_kernel: 'kernel' },
  }),
  one('SeparableConv1D', { filters: 1, kernel_size: [2], activation: 'relu' }, [3, 1], [1, 2, 3], [0, 16], {
    weights: {
      depthwise_kernel: [
        [2, 1, 1],
        [10, 1],
      ],
      pointwise_kernel: [[1, 1, 1], [2]],
      bias: [[1], [-30]],
    },
  }),
  one('SeparableConv2D', { ...plain, filters: 1, kernel_size: [1, 2], depth_multiplier: 1 }, [1, 3, 1], [1, 2, 3], [24, 46], {
    weights: {
      depthwise_kernel: [
        [1, 2, 1, 1],
        [10, 1],
      ],
      pointwise_kernel: [[1, 1, 1, 1], [2]],
    },
  }),
  one('MaxPooling1D', { pool_size: [2], strides: [1], padding: 'same' }, [3, 1], [3, 1, 2], [3, 2, 2]),
  one('MaxPooling2D', { pool_size: [2, 2], strides: [2, 2], padding: 'valid' }, SQUARE, RAMP, [4]),
  one('MaxPooling3D', { pool_size: [2, 2, 1], strides: [2, 2, 1], padding: 'valid' }, CUBE, EIGHT, [7, 8]),
  // The zeros that are added do not count.
  one('AveragePooling1D', { pool_size: [2], strides: [1], padding: 'same' }, [3, 1], [3, 1, 2], [2, 1.5, 2]),
  one('AveragePooling2D', { pool_size: [2, 1], strides: [2, 1], padding: 'valid' }, SQUARE, RAMP, [2, 3]),
  one('AveragePooling3D', { pool_size: [2, 2, 2], strides: [2, 2, 2], padding: 'valid' }, CUBE, EIGHT, [4.5]),
  one('AveragePooling3D', { pool_size: [2, 1, 1], strides: [1, 1, 1], padding: 'same' }, [2, 1, 1, 1], [3, 5], [4, 5]),
  one('GlobalMaxPooling1D', { keepdims: true }, [3, 1], [3, 1, 2], [3]),
  one('GlobalMaxPooling2D', { keepdims: false }, SQUARE, RAMP, [4]),
  one('GlobalMaxPooling3D', { keepdims: false }, CUBE, EIGHT, [8]),
  one('GlobalAveragePooling1D', { keepdims: false }, [3, 1], [3, 1, 2], [2]),
  one('GlobalAveragePooling2D', { keepdims: true }, SQUARE, RAMP, [2.5]),
  one('GlobalAveragePooling3D', { keepdims: false }, CUBE, EIGHT, [4.5]),
  // Five values make three places: 1 and 2, 2 to 4, 4 and 5.
  one('AdaptiveMaxPooling1D', { output_size: 3 }, [5, 1], [5, 1, 2, 4, 3], [5, 4, 4]),
  one('AdaptiveAveragePooling1D', { output_size: [3] }, [5, 1], [5, 1, 3, 5, 3], [3, 3, 4]),
  one('AdaptiveMaxPooling2D', { output_size: [1, 2] }, SQUARE, RAMP, [3, 4]),
  one('AdaptiveAveragePooling2D', { output_size: [2, 1] }, SQUARE, RAMP, [1.5, 3.5]),
  one('AdaptiveMaxPooling3D', { output_size: [1, 1, 2] }, CUBE, EIGHT, [7, 8]),
  one('AdaptiveAveragePooling3D', { output_size: [2, 1, 1] }, CUBE, EIGHT, [2.5, 6.5]),
  one('ZeroPadding1D', { padding: [1, 2] }, [2, 1], [1, 2], [0, 1, 2, 0, 0]),
  one(
    'ZeroPadding2D',
    {
      padding: [
        [1, 0],
        [0, 1],
      ],
    },
    [1, 2, 1],
    [1, 2],
    [0, 0, 0, 1, 2, 0],
  ),
  one(
    'ZeroPadding3D',
    {
      padding: [
        [0, 0],
        [0, 1],
        [1, 0],
      ],
    },
    [1, 1, 2, 1],
    [1, 2],
    [0, 1, 2, 0, 0, 0],
  ),
  one('Cropping1D', { cropping: [1, 2] }, [4, 1], RAMP, [2]),
  one(
    'Cropping2D',
    {
      cropping: [
        [1, 0],
        [0, 1],
      ],
    },
    SQUARE,
    RAMP,
    [3],
  ),
  one(
    'Cropping3D',
    {
      cropping: [
        [0, 1],
        [1, 0],
        [0, 1],
      ],
    },
    CUBE,
    EIGHT,
    [3],
  ),
  one('UpSampling1D', { size: 2 }, [2, 1], [1, 2], [1, 1, 2, 2]),
  one('UpSampling2D', { size: [1, 2], interpolation: 'bilinear' }, [1, 2, 1], [1, 2], [1, 1.25, 1.75, 2]),
  one('UpSampling3D', { size: [2, 1, 2] }, [1, 1, 2, 1], [1, 2], [1, 1, 2, 2, 1, 1, 2, 2]),
  one('Resizing', { height: 1, width: 4, interpolation: 'bilinear', crop_to_aspect_ratio: false }, [1, 2, 1], [1, 2], [1, 1.25, 1.75, 2]),
  // The middle of the picture, 2 × 2, becomes one element.
  one('Resizing', { height: 1, width: 1, interpolation: 'bilinear', crop_to_aspect_ratio: true }, [2, 4, 1], [9, 1, 3, 9, 9, 5, 7, 9], [4]),
  one('CenterCrop', { height: 1, width: 2 }, [3, 3, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9], [4, 5]),
  // A picture that is lower than 2 is cut to the shape of 2 × 1, which leaves one element, and enlarged.
  one('CenterCrop', { height: 2, width: 1 }, [1, 3, 1], [1, 2, 3], [2, 2]),
  one('RandomCrop', { height: 1, width: 1, seed: null }, SQUARE, RAMP, [2.5], { wanted3: [RAMP] }),
  // Frames (1, 2) and (3, 4) times the waves (1, 1) and (1, -1), and 0 and (0, 2): the size of 3 and 0, of -1 and 4, and so on.
  one(
    'STFTSpectrogram',
    { mode: 'magnitude', frame_length: 2, frame_step: 2, fft_length: 2 },
    [4, 1],
    RAMP,
    [3, Math.hypot(1, 4), 7, Math.hypot(1, 8)],
    {
      weights: {
        real_kernel: [
          [2, 1, 2],
          [1, 1, 1, -1],
        ],
        imag_kernel: [
          [2, 1, 2],
          [0, 0, 0, 2],
        ],
      },
    },
  ),
];
