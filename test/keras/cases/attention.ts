/** Attention. Scores whose shares are known: equal ones, and those that differ by ln 3, which is 1 to 3. */
import type { LayerCase } from './case.js';

const LN3 = Math.log(3);
const ONES = [[1, 1, 1], [1]] as const;
/** Half the channels of one head that passes on what it takes. */
const PASSING = { 'query/kernel': ONES, 'key/kernel': ONES, 'value/kernel': ONES, 'attention_output/kernel': ONES } as const;

export const ATTENTION_CASES: readonly LayerCase[] = [
  // The query 1 scores 0 and ln 3 with the keys: shares of 1/4 and 3/4.
  {
    kind: 'Attention',
    config: { use_scale: false, score_mode: 'dot', dropout: 0 },
    inputs: [
      [[1, 1], [1]],
      [
        [2, 1],
        [4, 8],
      ],
      [
        [2, 1],
        [0, LN3],
      ],
    ],
    wanted: [[7]],
  },
  // A step sees no later one: the first query sees 4 alone, and the second one both, of equal scores.
  {
    kind: 'Attention',
    config: { use_scale: true, score_mode: 'dot', dropout: 0.5 },
    inputs: [
      [
        [2, 1],
        [1, 0],
      ],
      [
        [2, 1],
        [4, 8],
      ],
    ],
    arguments: { use_causal_mask: true, return_attention_scores: true },
    weights: { scale: [[], [1]] },
    wanted: [
      [4, 6],
      [1, 0, 0.5, 0.5],
    ],
  },
  // The scores are ln 3 / tanh 1 · tanh(1 · (q + k)) for q = 1 and the keys -1 and 0.
  {
    kind: 'Attention',
    config: { use_scale: true, score_mode: 'concat', dropout: 0 },
    inputs: [
      [[1, 1], [1]],
      [
        [2, 1],
        [4, 8],
      ],
      [
        [2, 1],
        [-1, 0],
      ],
    ],
    weights: { scale: [[], [1]], concat_score_weight: [[], [LN3 / Math.tanh(1)]] },
    wanted: [[7]],
  },
  {
    kind: 'AdditiveAttention',
    config: { use_scale: true, dropout: 0 },
    inputs: [
      [[1, 1], [1]],
      [
        [2, 1],
        [4, 8],
      ],
      [
        [2, 1],
        [-1, 0],
      ],
    ],
    weights: { scale: [[1], [LN3 / Math.tanh(1)]] },
    wanted: [[7]],
  },
  {
    kind: 'MultiHeadAttention',
    config: { num_heads: 1, key_dim: 1, value_dim: 1, use_bias: false, dropout: 0, output_shape: null, attention_axes: [1] },
    keras2: { query_shape: [null, 1, 1], key_shape: [null, 2, 1], value_shape: [null, 2, 1] },
    keras3: { use_gate: false, sliding_window: null, seed: null },
    inputs: [
      [[1, 1], [1]],
      [
        [2, 1],
        [4, 8],
      ],
      [
        [2, 1],
        [0, LN3],
      ],
    ],
    arguments: { value: 'x1', key: 'x2' },
    weights: PASSING,
    wanted: [[7]],
  },
  // Two heads of width 4, whose scores are halved; the first one has a score of ln 3, the second one equal scores. The bias is 100.
  {
    kind: 'MultiHeadAttention',
    config: { num_heads: 2, key_dim: 4, value_dim: 1, use_bias: true, dropout: 0, output_shape: null, attention_axes: [1] },
    inputs: [
      [[1, 1], [1]],
      [
        [2, 1],
        [0, LN3],
      ],
    ],
    arguments: { value: 'x1' },
    weights: {
      'query/kernel': [
        [1, 2, 4],
        [2, 0, 0, 0, 0, 0, 0, 0],
      ],
      'query/bias': [
        [2, 4],
        [0, 0, 0, 0, 0, 0, 0, 0],
      ],
      'key/kernel': [
        [1, 2, 4],
        [1, 0, 0, 0, 1, 0, 0, 0],
      ],
      'key/bias': [
        [2, 4],
        [0, 0, 0, 0, 0, 0, 0, 0],
      ],
      'value/kernel': [
        [1, 2, 1],
        [1, 1],
      ],
      'value/bias': [
        [2, 1],
        [0, 0],
      ],
      'attention_output/kernel': [
        [2, 1, 1],
        [4 / LN3, 20 / LN3],
      ],
      'attention_output/bias': [[1], [100]],
    },
    wanted: [[3 + 10 + 100]],
  },
  // A mask that forbids the second value.
  {
    kind: 'MultiHeadAttention',
    config: { num_heads: 1, key_dim: 1, use_bias: false, attention_axes: [1] },
    inputs: [
      [[1, 1], [1]],
      [
        [2, 1],
        [4, 8],
      ],
      [
        [1, 2],
        [1, 0],
      ],
    ],
    arguments: { value: 'x1', attention_mask: 'x2' },
    weights: PASSING,
    wanted: [[4]],
  },
  // Both heads of the query read the only head of the keys and values.
  {
    kind: 'GroupedQueryAttention',
    config: { head_dim: 1, num_query_heads: 2, num_key_value_heads: 1, use_bias: false, dropout: 0, use_gate: false, sliding_window: null },
    inputs: [
      [[1, 1], [1]],
      [
        [2, 1],
        [4, 8],
      ],
      [
        [2, 1],
        [0, LN3],
      ],
    ],
    arguments: { value: 'x1', key: 'x2' },
    weights: {
      'query/kernel': [
        [1, 2, 1],
        [1, 0],
      ],
      'key/kernel': ONES,
      'value/kernel': ONES,
      'attention_output/kernel': [
        [2, 1, 1],
        [1, 10],
      ],
    },
    wanted: [[7 + 60]],
  },
];
