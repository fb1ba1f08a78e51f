/** Layers that multiply by a matrix, look up, or move values. */
import { type LayerCase, one } from './case.js';

const table = [
  [3, 2],
  [0, 1, 2, 3, 4, 5],
] as const;

export const CORE_CASES: readonly LayerCase[] = [
  one('Dense', { units: 2, activation: 'relu', use_bias: true }, [2], [1, 2], [15, 0], {
    weights: {
      kernel: [
        [2, 2],
        [1, -1, 2, -2],
      ],
      bias: [[2], [10, 1]],
    },
  }),
  one('Dense', { units: 1, activation: 'linear', use_bias: false }, [2, 2], [1, 2, 3, 4], [21, 43], {
    weights: {
      kernel: [
        [2, 1],
        [1, 10],
      ],
    },
  }),
  // y[a, c] = Σ x[a, b] · k[b, c]: (1, 2) · columns (1, 10) and (2, 20).
  one('EinsumDense', { equation: 'ab,bc->ac', output_shape: [2], bias_axes: 'c', activation: 'linear' }, [2], [1, 2], [22, 43], {
    weights: {
      kernel: [
        [2, 2],
        [1, 2, 10, 20],
      ],
      bias: [[2], [1, 1]],
    },
  }),
  // Each row b has a kernel of its own, and the answer has rows last.
  one('EinsumDense', { equation: 'abc,bcd->adb', output_shape: [1, 2] }, [2, 2], [1, 2, 3, 4], [21, 340], {
    weights: {
      kernel: [
        [2, 2, 1],
        [1, 10, 100, 10],
      ],
    },
  }),
  one('Embedding', { input_dim: 3, output_dim: 2, mask_zero: false }, [2], [2, 0], [4, 5, 0, 1], {
    isWhole: true,
    keras2: { input_length: 2 },
    weights: { embeddings: table },
  }),
  one('ReversibleEmbedding', { input_dim: 3, output_dim: 2, mask_zero: false, tie_weights: true }, [2], [1, 10], [10, 32, 54], {
    arguments: { reverse: true },
    weights: { embeddings: table },
  }),
  // cos(x · k / scale + bias): 1 · 3 / 2 + 0.5.
  one('RandomFourierFeatures', { output_dim: 1, scale: null }, [1], [1], [Math.cos(2)], {
    weights: { unscaled_kernel: [[1, 1], [3]], bias: [[1], [0.5]], kernel_scale: [[1], [2]] },
  }),
  one('Flatten', { data_format: 'channels_last' }, [2, 2], [1, 2, 3, 4], [1, 2, 3, 4]),
  one('Flatten', { data_format: 'channels_first' }, [2, 2], [1, 2, 3, 4], [1, 3, 2, 4]),
  one('Reshape', { target_shape: [-1, 2] }, [4], [1, 2, 3, 4], [1, 2, 3, 4]),
  one('Permute', { dims: [2, 1] }, [2, 2], [1, 2, 3, 4], [1, 3, 2, 4]),
  one('RepeatVector', { n: 2 }, [2], [1, 2], [1, 2, 1, 2]),
  one('Rescaling', { scale: 2, offset: [1, -1] }, [2], [3, 4], [7, 7]),
  one(
    'TimeDistributed',
    { layer: { class_name: 'Dense', config: { name: 'dense', units: 1, use_bias: false } } },
    [2, 2],
    [1, 2, 3, 4],
    [21, 43],
    {
      weights: {
        'dense/kernel': [
          [2, 1],
          [1, 10],
        ],
      },
    },
  ),
  one(
    'SpectralNormalization',
    { power_iterations: 1, layer: { class_name: 'Dense', config: { name: 'dense', units: 1, use_bias: false } } },
    [2],
    [1, 2],
    [21],
    {
      weights: {
        'dense/kernel': [
          [2, 1],
          [1, 10],
        ],
        vector_u: [[1, 1], [1]],
      },
    },
  ),
];
