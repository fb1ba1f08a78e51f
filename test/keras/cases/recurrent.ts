/** Recurrent layers, with kernels that make each step easy to follow. */
import type { Json } from '../../fixtures/layers.js';
import { type LayerCase, one, type Values } from './case.js';

const SIMPLE = { units: 1, activation: 'linear', use_bias: true };
const [KERNEL, RECURRENT, BIAS]: readonly Values[] = [
  [[1, 1], [1]],
  [[1, 1], [10]],
  [[1], [0.5]],
];
/** h becomes x + 10 h + 0.5: 1.5, then 17.5. */
const simple = (folder: string): Record<string, Values> => ({
  [`${folder}kernel`]: KERNEL!,
  [`${folder}recurrent_kernel`]: RECURRENT!,
  [`${folder}bias`]: BIAS!,
});
const zeros = (rows: number, columns: number): Values => [[rows, columns], Array<number>(rows * columns).fill(0)];

/** The gates of an LSTM whose input gate is x's, whose forget gate is a half, and whose output gate is open. */
const LSTM = { units: 1, activation: 'linear', recurrent_activation: 'sigmoid', use_bias: true };
const lstm = (folder: string): Record<string, Values> => ({
  [`${folder}kernel`]: [
    [1, 4],
    [0, 0, 1, 0],
  ],
  [`${folder}recurrent_kernel`]: zeros(1, 4),
  [`${folder}bias`]: [[4], [0, 0, 0, 100]],
});
/** c becomes c / 2 + x / 2: of 2 and 4, 1 and 2.5. */
const LSTM_STEPS = [1, 2.5];

/** z is a half, and the candidate x + r · 2 h, where r is a half, too: h becomes h / 2 + (x + h) / 2. */
const GRU = { units: 1, activation: 'linear', recurrent_activation: 'sigmoid', use_bias: false };
const gru = (folder: string): Record<string, Values> => ({
  [`${folder}kernel`]: [
    [1, 3],
    [0, 0, 1],
  ],
  [`${folder}recurrent_kernel`]: [
    [1, 3],
    [0, 0, 2],
  ],
});

const inner = (kind: string, config: Json, name: string): Json => ({ class_name: kind, config: { name, ...config } });
const steps = { return_sequences: true, return_state: false, go_backwards: false, stateful: false, unroll: false };
/** Fields of Keras 2's recurrent layers. */
const keras2 = { time_major: false, zero_output_for_mask: false };

export const RECURRENT_CASES: readonly LayerCase[] = [
  one('SimpleRNN', { ...SIMPLE, ...steps }, [2, 1], [1, 2], [1.5, 17.5], { keras2, weights: simple('simple_rnn_cell/') }),
  // From the state 100: 1001.5, then 10017.5.
  {
    kind: 'SimpleRNN',
    config: { ...SIMPLE, return_state: true },
    inputs: [
      [
        [2, 1],
        [1, 2],
      ],
      [[1], [100]],
    ],
    arguments: { initial_state: ['x1'] },
    weights: simple('simple_rnn_cell/'),
    wanted: [[10017.5], [10017.5]],
  },
  one('LSTM', { ...LSTM, ...steps }, [2, 1], [2, 4], LSTM_STEPS, { keras2, weights: lstm('lstm_cell/') }),
  // The forget gate of 1 is 0.7 in Keras 2, and 4/6 in Keras 3; all others are a half and 1.
  one('LSTM', { ...LSTM, recurrent_activation: 'hard_sigmoid' }, [2, 1], [2, 4], [0.7 + 2], {
    wanted3: [[4 / 6 + 2]],
    weights: { ...lstm('lstm_cell/'), 'lstm_cell/bias': [[4], [0, 1, 0, 100]] },
  }),
  one('GRU', { ...GRU, ...steps, reset_after: false }, [2, 1], [2, 4], [1, 3], { keras2, weights: gru('gru_cell/') }),
  // The bias of the recurrent product, 3, is reset, too: the candidate of the first step is 2 + 3 / 2.
  one('GRU', { ...GRU, use_bias: true, reset_after: true }, [1, 1], [2], [1.75], {
    weights: {
      ...gru('gru_cell/'),
      'gru_cell/bias': [
        [2, 3],
        [0, 0, 0, 0, 0, 3],
      ],
    },
  }),
  // Both gates are tanh 0: nothing is kept, and the answer is the last candidate, that of the first step.
  one('GRU', { ...GRU, reset_after: false, recurrent_activation: 'tanh', go_backwards: true }, [2, 1], [2, 4], [2], {
    weights: gru('gru_cell/'),
  }),
  one('RNN', { ...steps, cell: inner('SimpleRNNCell', SIMPLE, 'cell') }, [2, 1], [1, 2], [1.5, 17.5], { weights: simple('cell/') }),
  one('RNN', { ...steps, cell: inner('LSTMCell', LSTM, 'cell') }, [2, 1], [2, 4], LSTM_STEPS, { weights: lstm('cell/') }),
  one('RNN', { ...steps, cell: inner('GRUCell', { ...GRU, reset_after: false }, 'cell') }, [2, 1], [2, 4], [1, 3], {
    weights: gru('cell/'),
  }),
  // The second cell takes 1 and 2.5, and gives 1.5, then 18.
  one(
    'RNN',
    {
      ...steps,
      cell: inner('StackedRNNCells', { cells: [inner('LSTMCell', LSTM, 'one'), inner('SimpleRNNCell', SIMPLE, 'two')] }, 'cells'),
    },
    [2, 1],
    [2, 4],
    [1.5, 18],
    { weights: { ...lstm('cells/one/'), ...simple('cells/two/') } },
  ),
  // Backwards: 2.5, then 1 + 25 + 0.5.
  one('Bidirectional', { merge_mode: 'concat' }, [2, 1], [1, 2], [17.5, 26.5], {
    keras2: { layer: inner('SimpleRNN', SIMPLE, 'rnn') },
    keras3: {
      layer: inner('SimpleRNN', SIMPLE, 'forward_rnn'),
      backward_layer: inner('SimpleRNN', { ...SIMPLE, go_backwards: true }, 'backward_rnn'),
    },
    weights: { ...simple('forward_rnn/simple_rnn_cell/'), ...simple('backward_rnn/simple_rnn_cell/') },
  }),
  // Both ways give half of 2.
  one('Bidirectional', { merge_mode: 'ave' }, [1, 1], [2], [1], {
    keras2: { layer: inner('GRU', { ...GRU, reset_after: false }, 'rnn') },
    keras3: {
      layer: inner('GRU', { ...GRU, reset_after: false }, 'forward_rnn'),
      backward_layer: inner('GRU', { ...GRU, reset_after: false, go_backwards: true }, 'backward_rnn'),
    },
    weights: { ...gru('forward_rnn/gru_cell/'), ...gru('backward_rnn/gru_cell/') },
  }),
];
