/** Normalisation by the mean and variance of training, or of each example. */
import { attr, type GraphTensor } from './builder.js';
import { knownSize, onlyInput, type Rule } from './rule.js';

const batchNormalization: Rule = (call) => {
  const { settings, graph, scope, weights } = call;
  const x = onlyInput(call);
  const rank = x.shape.length;
  const axis = settings.axis('axis', rank, -1);
  const size = knownSize(call, x, axis);
  const epsilon = settings.number('epsilon', 1e-3);
  const isLast = axis === rank - 1;
  // The constants have the axis's size there and 1 elsewhere, so that they are broadcast to the input.
  const shape = isLast ? [size] : x.shape.map((_, each) => (each === axis ? size : 1));
  const weight = (name: string) => graph.weight({ ...weights.take(name, [size]), shape });
  const constant = (value: number) => graph.numbers(Array<number>(size).fill(value), shape);
  const gamma = settings.flag('scale', true) ? weight('gamma') : constant(1);
  const beta = settings.flag('center', true) ? weight('beta') : constant(0);
  const [mean, variance] = [weight('moving_mean'), weight('moving_variance')];
  if (isLast && rank <= 4) {
    const attrs = { epsilon: attr.number(epsilon), is_training: attr.flag(false), data_format: attr.text('NHWC') };
    return [graph.op(scope, 'FusedBatchNormV3', [x, gamma, beta, mean, variance], x.shape, attrs)];
  }
  const steady = graph.op(scope, 'AddV2', [variance, graph.number(epsilon)], shape);
  const scale = graph.op(scope, 'Mul', [gamma, graph.op(scope, 'Rsqrt', [steady], shape)], shape);
  const centred = graph.op(scope, 'Sub', [x, mean], x.shape);
  return [graph.op(scope, 'AddV2', [graph.op(scope, 'Mul', [centred, scale], x.shape), beta], x.shape)];
};

const layerNormalization: Rule = (call) => {
  const { settings, graph, scope, weights } = call;
  const x = onlyInput(call);
  const rank = x.shape.length;
  const given = settings.value('axis') === undefined ? [-1] : settings.list('axis');
  const axes = given.map((axis) => settings.axisOf(axis, 'axis', rank));
  if (new Set(axes).size !== axes.length || axes.includes(0)) throw settings.wrong('axis', 'axes other than the batch, each once');
  const sizes = axes.map((axis) => knownSize(call, x, axis));
  const broadcast = x.shape.map((dim, axis) => (axes.includes(axis) ? (dim as number) : 1));
  // The weights have their axes in the file's order, and are broadcast in rising order.
  if (axes.some((axis, index) => index > 0 && axis < (axes[index - 1] as number))) throw settings.wrong('axis', 'axes in rising order');
  const weight = (name: string) => graph.weight({ ...weights.take(name, sizes), shape: broadcast });
  const moment = (values: GraphTensor) => {
    const shape = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
    return graph.op(scope, 'Mean', [values, graph.wholes(axes)], shape, { keep_dims: attr.flag(true) });
  };
  const mean = moment(x);
  const variance = moment(graph.op(scope, 'SquaredDifference', [x, mean], x.shape));
  const steady = graph.op(scope, 'AddV2', [variance, graph.number(settings.number('epsilon', 1e-3))], variance.shape);
  const scale = graph.op(scope, 'Rsqrt', [steady], variance.shape);
  let y = graph.op(scope, 'Mul', [graph.op(scope, 'Sub', [x, mean], x.shape), scale], x.shape);
  if (settings.flag('scale', true)) y = graph.op(scope, 'Mul', [y, weight('gamma')], x.shape);
  if (settings.flag('center', true)) y = graph.op(scope, 'AddV2', [y, weight('beta')], x.shape);
  return [y];
};

/** The layers that normalise. */
export const NORMALISATION_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['BatchNormalization', batchNormalization],
  ['LayerNormalization', layerNormalization],
];
