/** Layers that give back what they take: those that change values in training alone, and those that change nothing. */
import { onlyInput, type Rule } from './rule.js';

/** The fields of a random change of pictures, which say what it does in training. */
const RANDOM = ['seed', 'data_format'];
const FILLED = [...RANDOM, 'fill_mode', 'fill_value', 'interpolation'];

/** The classes, and the fields of each, which say how values are changed in training. */
const IDLE: Readonly<Record<string, readonly string[]>> = {
  Identity: [],
  AddLoss: ['unconditional'],
  AddMetric: ['aggregation', 'metric_name'],
  ActivityRegularization: ['l1', 'l2'],
  Dropout: ['rate', 'noise_shape', 'seed'],
  SpatialDropout1D: ['rate', 'noise_shape', 'seed'],
  SpatialDropout2D: ['rate', 'noise_shape', 'seed', 'data_format'],
  SpatialDropout3D: ['rate', 'noise_shape', 'seed', 'data_format'],
  GaussianDropout: ['rate', 'seed'],
  GaussianNoise: ['stddev', 'seed'],
  AlphaDropout: ['rate', 'noise_shape', 'seed'],
  RandomBrightness: [...RANDOM, 'factor', 'value_range'],
  RandomContrast: [...RANDOM, 'factor', 'value_range'],
  RandomFlip: [...RANDOM, 'mode'],
  RandomHeight: [...RANDOM, 'factor', 'interpolation'],
  RandomWidth: [...RANDOM, 'factor', 'interpolation'],
  RandomRotation: [...FILLED, 'factor'],
  RandomTranslation: [...FILLED, 'height_factor', 'width_factor'],
  RandomZoom: [...FILLED, 'height_factor', 'width_factor'],
  RandomColorDegeneration: [...RANDOM, 'factor', 'value_range'],
  RandomColorJitter: [...RANDOM, 'value_range', 'brightness_factor', 'contrast_factor', 'saturation_factor', 'hue_factor'],
  RandomElasticTransform: [...FILLED, 'factor', 'scale', 'value_range'],
  RandomErasing: [...RANDOM, 'factor', 'scale', 'fill_value', 'value_range'],
  RandomGaussianBlur: [...RANDOM, 'factor', 'kernel_size', 'sigma', 'value_range'],
  RandomGrayscale: [...RANDOM, 'factor'],
  RandomHue: [...RANDOM, 'factor', 'value_range'],
  RandomInvert: [...RANDOM, 'factor', 'value_range'],
  RandomPerspective: [...RANDOM, 'factor', 'scale', 'fill_value', 'interpolation'],
  RandomPosterization: [...RANDOM, 'factor', 'value_range'],
  RandomSaturation: [...RANDOM, 'factor', 'value_range'],
  RandomSharpness: [...RANDOM, 'factor', 'value_range'],
  RandomShear: [...FILLED, 'x_factor', 'y_factor'],
  AugMix: [...RANDOM, 'interpolation', 'value_range', 'num_chains', 'chain_depth', 'factor', 'alpha', 'all_ops'],
  CutMix: [...RANDOM, 'factor'],
  MixUp: [...RANDOM, 'alpha'],
  RandAugment: [...RANDOM, 'interpolation', 'value_range', 'num_ops', 'factor'],
  Equalization: [...RANDOM, 'value_range', 'bins'],
  Solarization: [...RANDOM, 'addition_factor', 'threshold_factor', 'value_range'],
};

const idle =
  (fields: readonly string[]): Rule =>
  (call) => {
    for (const key of fields) call.settings.value(key);
    return [onlyInput(call)];
  };

/** The layers that give back what they take. */
export const IDLE_RULES: readonly (readonly [kind: string, rule: Rule])[] = Object.entries(IDLE).map(([kind, fields]) => [
  kind,
  idle(fields),
]);
