/** Normalisation by the mean and variance of training, or of each example. */
import { knownSize, onlyInput, type Rule } from './rule.js';

const batchNormalization: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  settings.only('renorm', [false], 'its weights are those of training');
  const axis = settings.axis('axis', x.type.shape.length, -1);
  const shape = [knownSize(call, x, axis)];
  const scale = settings.flag('scale', true) ? call.weight('gamma', shape) : null;
  const bias = settings.flag('center', true) ? call.weight('beta', shape) : null;
  const [mean, variance] = [call.weight('moving_mean', shape), call.weight('moving_variance', shape)];
  return [call.op('batchNormalization', [x, mean, variance, scale, bias], { axis, epsilon: settings.number('epsilon', 1e-3) })];
};

const layerNormalization: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  settings.only('rms_scaling', [false], 'the mean is subtracted');
  const given = settings.value('axis') === undefined ? [-1] : settings.list('axis');
  const axes = given.map((axis) => settings.axisOf(axis, 'axis', x.type.shape.length));
  if (new Set(axes).size !== axes.length || axes.includes(0)) throw settings.wrong('axis', 'axes other than the batch, each once');
  // Keras shapes the weights by the axes in the file's order, but spreads them over the input in rising order.
  if (axes.some((axis, index) => index > 0 && axis < (axes[index - 1] as number))) throw settings.wrong('axis', 'axes in rising order');
  const sizes = axes.map((axis) => knownSize(call, x, axis));
  const scale = settings.flag('scale', true) ? call.weight('gamma', sizes) : null;
  const bias = settings.flag('center', true) ? call.weight('beta', sizes) : null;
  return [call.op('layerNormalization', [x, scale, bias], { axes, epsilon: settings.number('epsilon', 1e-3) })];
};

/** The layers that normalise. */
export const NORMALISATION_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['BatchNormalization', batchNormalization],
  ['LayerNormalization', layerNormalization],
];
