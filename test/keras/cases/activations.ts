/** Layers that are activations. */
import { type LayerCase, one } from './case.js';

const logistic = (x: number) => 1 / (1 + Math.exp(-x));

export const ACTIVATION_CASES: readonly LayerCase[] = [
  one('Activation', { activation: 'hard_sigmoid' }, [3], [-2.8, 1, 2.8], [0, 0.7, 1], { wanted3: [[0.2 / 6, 4 / 6, 5.8 / 6]] }),
  one('Activation', { activation: 'swish' }, [2], [0, 2], [0, 2 * logistic(2)]),
  one('ReLU', { max_value: 2, negative_slope: 0.5, threshold: 1 }, [4], [-1, 0.5, 1.5, 3], [-1, -0.25, 1.5, 2]),
  one('LeakyReLU', {}, [2], [-2, 3], [-0.5, 3], { keras2: { alpha: 0.25 }, keras3: { negative_slope: 0.25 } }),
  one('ELU', { alpha: 2 }, [3], [-1, 0, 3], [2 * Math.expm1(-1), 0, 3]),
  one('ThresholdedReLU', { theta: 1.5 }, [3], [1, 1.5, 2], [0, 0, 2]),
  one('PReLU', { shared_axes: [1] }, [2, 2], [-1, -1, 2, -4], [-0.5, -0.25, 2, -1], {
    weights: {
      alpha: [
        [1, 2],
        [0.5, 0.25],
      ],
    },
  }),
  one('Softmax', { axis: 1 }, [2, 2], [0, 5, Math.log(3), 5], [0.25, 0.5, 0.75, 0.5]),
  one('Softmax', { axis: [1, 2] }, [2, 2], [0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]),
];
