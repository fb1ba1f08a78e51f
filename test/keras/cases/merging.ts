/** Layers of several inputs, and layers that normalise. */
import { type LayerCase, one } from './case.js';

const pair = (kind: string, config: LayerCase['config'], wanted: readonly number[]): LayerCase => ({
  kind,
  ...(config && { config }),
  inputs: [
    [[2], [3, 4]],
    [[2], [1, 10]],
  ],
  wanted: [wanted],
});

export const MERGING_CASES: readonly LayerCase[] = [
  pair('Add', {}, [4, 14]),
  pair('Subtract', {}, [2, -6]),
  pair('Multiply', {}, [3, 40]),
  pair('Average', {}, [2, 7]),
  pair('Maximum', {}, [3, 10]),
  pair('Minimum', {}, [1, 4]),
  pair('Concatenate', { axis: -1 }, [3, 4, 1, 10]),
  pair('Dot', { axes: 1, normalize: false }, [43]),
  pair('Dot', { axes: [1, 1], normalize: true }, [43 / (5 * Math.sqrt(101))]),
];

const quarter = { gamma: [[2], [1, 2]], beta: [[2], [0, 10]] } as const;

export const NORMALISATION_CASES: readonly LayerCase[] = [
  // (5 - 1) / √(3 + 1) · 1 + 0 and (6 - 2) / √(15 + 1) · 2 + 10.
  one('BatchNormalization', { axis: [1], epsilon: 1, center: true, scale: true, momentum: 0.99 }, [2], [5, 6], [2, 12], {
    keras2: { renorm: false, renorm_clipping: { rmax: 3 }, renorm_momentum: 0.99, virtual_batch_size: 8, fused: true },
    keras3: { axis: 1, synchronized: false },
    weights: { ...quarter, moving_mean: [[2], [1, 2]], moving_variance: [[2], [3, 15]] },
  }),
  one('SyncBatchNormalization', { axis: [1], epsilon: 1, center: false, scale: false, momentum: 0.99 }, [2], [5, 6], [2, 1], {
    weights: { moving_mean: [[2], [1, 2]], moving_variance: [[2], [3, 15]] },
  }),
  // The mean is 3, the variance 1.
  one('LayerNormalization', { axis: [1], epsilon: 3, center: true, scale: true }, [2], [2, 4], [-0.5, 11], { weights: quarter }),
  one('GroupNormalization', { groups: 2, axis: -1, epsilon: 0, center: true, scale: true }, [4], [1, 3, 10, 14], [-1, 2, -2, 5], {
    weights: { gamma: [[4], [1, 2, 3, 4]], beta: [[4], [0, 0, 1, 1]] },
  }),
  // √((9 + 16) / 2 + 3.5) is 4.
  one('RMSNormalization', { axis: -1, epsilon: 3.5 }, [2], [3, 4], [0.75, 2], { weights: { scale: [[2], [1, 2]] } }),
  one('UnitNormalization', { axis: [1] }, [2], [3, 4], [0.6, 0.8], { keras3: { axis: -1 } }),
  // Keras 2 takes the root of at least 10⁻¹², and Keras 3 divides by a length of at least 10⁻¹².
  one('UnitNormalization', { axis: [1] }, [2], [3e-9, 4e-9], [3e-3, 4e-3], { wanted3: [[0.6, 0.8]] }),
  one('Normalization', { axis: [1], invert: false }, [2], [5, 6], [2, 2], {
    weights: { mean: [[2], [1, 2]], variance: [[2], [4, 4]], count: [[], [9]] },
  }),
  // A list belongs to the last of the axes that are kept. A deviation of 0 counts as 10⁻⁷.
  one('Normalization', { axis: [1, 2], mean: [1, 2], variance: [4, 0], invert: false }, [2, 2], [5, 2, 7, 2], [2, 0, 3, 0]),
  one('Normalization', { axis: null, mean: 1, variance: 9, invert: true }, [2], [2, 0], [7, 1]),
];
