/** Layers that give back what they take, in training alone not. */
import type { Json } from '../../fixtures/layers.js';
import type { LayerCase } from './case.js';

const seed = null;
const random = { seed, data_format: 'channels_last' };
const range = [0, 255];
const filled = { fill_mode: 'reflect', fill_value: 0, interpolation: 'bilinear' };

/** The fields that files have, of Keras 2 and Keras 3 together. */
const FIELDS: Readonly<Record<string, Json>> = {
  Identity: {},
  Dropout: { rate: 0.5, noise_shape: null, seed },
  SpatialDropout1D: { rate: 0.5, noise_shape: null, seed },
  SpatialDropout2D: { rate: 0.5, noise_shape: null, seed, data_format: 'channels_last' },
  SpatialDropout3D: { rate: 0.5, noise_shape: null, seed, data_format: 'channels_last' },
  GaussianDropout: { rate: 0.5, seed },
  GaussianNoise: { stddev: 1, seed },
  AlphaDropout: { rate: 0.5, noise_shape: null, seed },
  ActivityRegularization: { l1: 0.1, l2: 0 },
  AddLoss: { unconditional: false },
  AddMetric: { aggregation: 'mean', metric_name: 'size' },
  RandomBrightness: { ...random, factor: 0.2, value_range: range },
  RandomContrast: { ...random, factor: 0.2, value_range: range },
  RandomFlip: { ...random, mode: 'horizontal' },
  RandomHeight: { seed, factor: 0.2, interpolation: 'bilinear' },
  RandomWidth: { seed, factor: 0.2, interpolation: 'bilinear' },
  RandomRotation: { ...random, ...filled, factor: 0.2 },
  RandomTranslation: { ...random, ...filled, height_factor: 0.2, width_factor: 0.2 },
  RandomZoom: { ...random, ...filled, height_factor: 0.2, width_factor: null },
  RandomColorDegeneration: { ...random, factor: [0, 0.5], value_range: range },
  RandomColorJitter: {
    ...random,
    value_range: range,
    brightness_factor: 0.1,
    contrast_factor: 0.1,
    saturation_factor: 0.1,
    hue_factor: 0.1,
  },
  RandomElasticTransform: { ...random, ...filled, factor: 1, scale: 1, value_range: range },
  RandomErasing: { ...random, factor: 1, scale: [0.02, 0.33], fill_value: null, value_range: range },
  RandomGaussianBlur: { ...random, factor: 1, kernel_size: 3, sigma: 1, value_range: range },
  RandomGrayscale: { data_format: 'channels_last', factor: 0.5 },
  RandomHue: { ...random, factor: [0, 0.5], value_range: range },
  RandomInvert: { ...random, factor: 1, value_range: range },
  RandomPerspective: { ...random, factor: 1, scale: 1, fill_value: 0, interpolation: 'bilinear' },
  RandomPosterization: { ...random, factor: 3, value_range: range },
  RandomSaturation: { ...random, factor: [0, 0.5], value_range: range },
  RandomSharpness: { ...random, factor: [0, 0.5], value_range: range },
  RandomShear: { ...random, ...filled, x_factor: 0.1, y_factor: 0 },
  AugMix: { ...random, value_range: range, num_chains: 3, chain_depth: 3, factor: 0.3, alpha: 1, all_ops: true, interpolation: 'bilinear' },
  CutMix: { ...random, factor: 1 },
  MixUp: { ...random, alpha: 0.2 },
  RandAugment: { ...random, value_range: range, num_ops: 2, factor: 0.5, interpolation: 'bilinear' },
  Equalization: { value_range: range, bins: 256, data_format: 'channels_last' },
  Solarization: { ...random, addition_factor: 0, threshold_factor: 0, value_range: range },
};

export const IDLE_CASES: readonly LayerCase[] = Object.entries(FIELDS).map(([kind, config]) => ({
  kind,
  config,
  inputs: [
    [
      [1, 2, 3],
      [1, 2, 3, 4, 5, 6],
    ],
  ],
  wanted: [[1, 2, 3, 4, 5, 6]],
}));
