/**
 * Reads ops of com.microsoft that hold several of ONNX's: onnxruntime's optimiser and exporters write them into files. Their definitions
 * stand in docs/ContribOperators.md of onnxruntime.
 */
import type { TypedValue } from '../../../graph/graph.js';
import type { Size } from '../../../graph/size.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { ReadTensor } from '../../reading/tensors.js';
import { ACTIVATIONS } from './activation-names.js';
import { swish } from './activations.js';
import type { Call, Importer, Importers } from './call.js';
import { conv, gemm, matrixProduct, times } from './network.js';
import { rmsNormalization, rootMeanSquared } from './normalization.js';

/** The GELU of an input, to which a bias may be added. */
const gelu =
  (approximation: 'none' | 'tanh'): Importer =>
  (call) =>
    call.add('gelu', [plus(call, call.value(), call.optional(1))], { approximation });

const plus = (call: Call, value: TypedValue, added: TypedValue | undefined): TypedValue =>
  added === undefined ? value : call.apply('add', value, added);

/** alpha · a · b, of which both may have their last two axes exchanged. */
function fusedMatMul(call: Call): TypedValue {
  const { attributes } = call;
  if (attributes.flag('transBatchA') || attributes.flag('transBatchB'))
    throw cannotExpress('has matrices whose rows stand in front of the batch');
  const matrix = (index: number, isTransposed: boolean) => {
    const value = call.value(index);
    const { length } = value.type.shape;
    const order = Array.from({ length }, (_, axis) => axis);
    return isTransposed && length > 1 ? call.transposed(value, [...order.slice(0, -2), length - 1, length - 2]) : value;
  };
  const product = matrixProduct(call, matrix(0, attributes.flag('transA')), matrix(1, attributes.flag('transB')));
  return times(call, product, attributes.number('alpha', 1));
}

/** The activation that an attribute names. @param parameters the numbers that shape its curve */
function activated(call: Call, value: TypedValue, parameters: readonly number[] | undefined): TypedValue {
  const name = call.attributes.text('activation', '');
  if (name === '') return value;
  const [a, b] = parameters ?? [];
  if (name === 'Clip') return call.step('clamp', [value], { min: a ?? Number.NEGATIVE_INFINITY, max: b ?? Number.POSITIVE_INFINITY });
  const key = name.toLowerCase();
  const activation = Object.hasOwn(ACTIVATIONS, key) ? ACTIVATIONS[key] : undefined;
  if (activation === undefined) throw cannotExpress(`has the activation "${name}"`);
  return activation(call, value, a, b);
}

/** A convolution, to which a tensor of its output's shape may be added before an activation. */
const fusedConv = (call: Call): TypedValue =>
  activated(call, plus(call, conv(call), call.optional(3)), call.attributes.numbers('activation_params'));

function fusedGemm(call: Call): TypedValue {
  const { attributes } = call;
  const parameters = ['activation_alpha', 'activation_beta'].filter((name) => attributes.has(name));
  return activated(
    call,
    gemm(call),
    parameters.map((name) => attributes.number(name, 0)),
  );
}

/** The epsilon of normalisations that are fused with a sum. */
const SUM_EPSILON = Math.fround(1e-12);

/** A layer normalisation of the last axis. */
function normalized(call: Call, value: TypedValue, scale: TypedValue, bias: TypedValue | undefined): TypedValue {
  const epsilon = call.attributes.number('epsilon', SUM_EPSILON);
  const made = call.step('layerNormalization', [value, null, null], { axes: [value.type.shape.length - 1], epsilon });
  return plus(call, call.apply('mul', made, scale), bias);
}

/** Outputs of which the second and the third, the mean and the reciprocal of the deviation, are not computed. */
const withSum = (output: TypedValue, sum: TypedValue): readonly ReadTensor[] =>
  [output, undefined, undefined, sum] as unknown as ReadTensor[];

/** The layer normalisation of input + skip + bias. The fourth output is that sum. */
function skipLayerNormalization(call: Call): readonly ReadTensor[] {
  const sum = plus(call, call.apply('add', call.value(0), call.value(1)), call.optional(4));
  return withSum(normalized(call, sum, call.value(2), call.optional(3)), sum);
}

/** The same with the root of the mean square in place of mean and deviation. */
function skipRmsNormalization(call: Call): readonly ReadTensor[] {
  const sum = plus(call, call.apply('add', call.value(0), call.value(1)), call.optional(3));
  const made = rootMeanSquared(call, sum, [sum.type.shape.length - 1], call.attributes.number('epsilon', SUM_EPSILON));
  return withSum(call.apply('mul', made, call.value(2)), sum);
}

/** The layer normalisation of the embeddings of words, places and segments. The second output counts the mask of each row. */
function embedLayerNormalization(call: Call): readonly ReadTensor[] {
  const [batch, length] = call.ofRank(2).type.shape as readonly [Size, Size];
  const rows = (table: number, ids: TypedValue) => call.step('gather', [call.value(table), ids], { axis: 0, batchDimensions: 0 });
  const places = call.optional(8) ?? call.step('range', [], { start: 0, count: length, step: 1, dataType: 'int32' });
  const placed = call.apply('add', rows(2, call.value(0)), rows(3, places));
  const sum = plus(call, placed, call.has(1) && call.has(4) ? rows(4, call.value(1)) : undefined);
  const output = normalized(call, sum, call.value(5), call.value(6));
  const counts = () =>
    call.has(7)
      ? call.step('reduceSum', [call.value(7)], { axes: [1], keepDimensions: false })
      : call.step('expand', [call.number(0, 'int32')], { newShape: [batch] });
  return [output, call.wants(1) ? counts() : undefined, sum] as unknown as ReadTensor[];
}

const inMicrosoftDomain = (importers: Importers): Importers =>
  Object.fromEntries(Object.entries(importers).map(([op, importer]) => [`com.microsoft.${op}`, importer]));

export const FUSION_IMPORTERS: Importers = {
  // onnxruntime has this op in ONNX's own domain, which does not define it.
  SimplifiedLayerNormalization: rmsNormalization,
  ...inMicrosoftDomain({
    ...{ Gelu: gelu('none'), BiasGelu: gelu('none'), FastGelu: gelu('tanh') },
    QuickGelu: (call) => swish(call, Math.fround(1.702)),
    ...{ FusedMatMul: fusedMatMul, FusedConv: fusedConv, FusedGemm: fusedGemm },
    SkipLayerNormalization: skipLayerNormalization,
    SkipSimplifiedLayerNormalization: skipRmsNormalization,
    EmbedLayerNormalization: embedLayerNormalization,
  }),
};
