/** Layers that make numbers of categories. */
import type { Json } from '../../fixtures/layers.js';
import { type LayerCase, one } from './case.js';

const whole = { isWhole: true };
const lookup = (config: Json): Json => ({
  ...{ max_tokens: null, num_oov_indices: 1, mask_token: null, oov_token: -1, vocabulary: [10, 20, 30], vocabulary_dtype: 'int64' },
  ...{ output_mode: 'int', invert: false, sparse: false, pad_to_max_tokens: false, idf_weights: null, dtype: 'int64', ...config },
});
/** Fields of Keras 3's IntegerLookup. */
const more = { isWhole: true, keras3: { oov_method: 'floormod', salt: null, vocabulary_size: 4, dtype: 'float32' } };

export const CATEGORY_CASES: readonly LayerCase[] = [
  one('CategoryEncoding', { num_tokens: 3, output_mode: 'one_hot', sparse: false }, [1], [2], [0, 0, 1], whole),
  one('CategoryEncoding', { num_tokens: 3, output_mode: 'multi_hot' }, [3], [0, 2, 2], [1, 0, 1], whole),
  one('CategoryEncoding', { num_tokens: 3, output_mode: 'count' }, [3], [0, 2, 2], [1, 0, 2], whole),
  {
    kind: 'CategoryEncoding',
    config: { num_tokens: 3, output_mode: 'count' },
    inputs: [
      [[3], [0, 2, 2]],
      [[3], [5, 1, 2]],
    ],
    isWhole: true,
    arguments: { count_weights: 'x1' },
    wanted: [[5, 0, 3]],
  },
  // A value at a boundary is above it.
  one(
    'Discretization',
    { bin_boundaries: [0, 1.5], output_mode: 'int', num_bins: null, epsilon: 0.01, sparse: false },
    [4],
    [-1, 0, 1, 1.5],
    [0, 1, 1, 2],
    {
      keras2: { dtype: 'int64' },
    },
  ),
  one('Discretization', { bin_boundaries: [0, 1.5], output_mode: 'one_hot' }, [1], [0.5], [0, 1, 0]),
  // Place 0 is that of unknown numbers.
  one('IntegerLookup', lookup({}), [4], [10, 30, 7, 20], [1, 3, 0, 2], more),
  // Place 0 is that of the mask, and 1 and 2 are those of unknown numbers, by their remainder.
  one('IntegerLookup', lookup({ mask_token: 0, num_oov_indices: 2 }), [4], [0, 7, 8, 10], [0, 2, 1, 3], more),
  one('IntegerLookup', lookup({ output_mode: 'multi_hot' }), [3], [10, 7, 10], [1, 1, 0, 0], more),
  // The vocabulary begins with the token of unknown numbers, as get_vocabulary() gives it. A masked number does not count.
  one('IntegerLookup', lookup({ output_mode: 'count', mask_token: 0, vocabulary: [-1, 10, 20] }), [3], [10, 10, 0], [0, 2, 0], more),
];
