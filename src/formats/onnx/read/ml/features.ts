/** Reads what scikit-learn does to rows of features before a model, and how columns are taken and joined. */
import { isFloat } from '../../../../graph/element-type.js';
import type { TypedValue } from '../../../../graph/graph.js';
import { isOpen, product } from '../../../../graph/size.js';
import type { Call, Importers } from '../call.js';
import { numbersOf, table } from './table.js';

/** A constant of one number for each column, or of one for all. */
function perColumn(call: Call, name: string, values: readonly number[], dataType: 'float32' | 'int64' = 'float32'): TypedValue {
  const width = call.type().shape.at(-1) ?? 1;
  if (values.length !== 1 && !isOpen(width) && values.length !== width)
    throw call.broken(`has ${values.length} numbers "${name}" for ${width} columns`);
  return table(call, name, dataType, values);
}

function scaler(call: Call): TypedValue {
  const moved = call.apply('sub', call.cast(call.value(), 'float32'), perColumn(call, 'offset', numbersOf(call, 'offset')));
  return call.apply('mul', moved, perColumn(call, 'scale', numbersOf(call, 'scale')));
}

/** The norms by their names in the file. The greatest number counts with its sign, as the op's definition has it. */
const NORMS = { MAX: 'reduceMax', L1: 'reduceL1', L2: 'reduceL2' } as const;

/** A row whose norm is 0 stays as it is. */
function normalizer(call: Call): TypedValue {
  const name = call.attributes.text('norm', 'MAX');
  if (!Object.hasOwn(NORMS, name)) throw call.broken(`has the norm "${name}"`);
  const input = call.cast(call.value(), 'float32');
  const axes = [input.type.shape.length - 1];
  const norm = call.step(NORMS[name as keyof typeof NORMS], [input], { axes, keepDimensions: true });
  const isZero = call.apply('equal', norm, call.number(0, 'float32'));
  call.keepClassNames();
  return call.apply('div', input, call.apply('where', isZero, call.number(1, 'float32'), norm));
}

/** Puts a number for each column in place of one value, which is NaN for what is missing. */
function imputer(call: Call): TypedValue {
  const { attributes } = call;
  const input = call.value();
  if (!isFloat(input.type.dataType)) {
    const whole = call.cast(input, 'int64');
    const isReplaced = call.apply('equal', whole, call.number(attributes.whole('replaced_value_int64', 0), 'int64'));
    const imputed = attributes.wholes('imputed_value_int64s') ?? [];
    if (imputed.length === 0) throw call.broken('lacks the attribute "imputed_value_int64s"');
    return call.cast(call.apply('where', isReplaced, perColumn(call, 'imputed', imputed, 'int64'), whole), input.type.dataType);
  }
  const replaced = attributes.number('replaced_value_float', 0);
  const isReplaced = Number.isNaN(replaced) ? call.apply('isNaN', input) : call.apply('equal', input, call.number(replaced, 'float32'));
  return call.apply('where', isReplaced, perColumn(call, 'imputed', numbersOf(call, 'imputed_value_floats')), input);
}

function binarizer(call: Call): TypedValue {
  const input = call.value();
  const isAbove = call.apply('greater', call.cast(input, 'float32'), call.number(call.attributes.number('threshold', 0), 'float32'));
  return call.cast(isAbove, input.type.dataType);
}

/** Columns at places along the last axis. A list counts as one row. */
export function arrayFeatureExtractor(call: Call): TypedValue {
  const input = call.value();
  const rows = input.type.shape.length === 1 ? call.reshaped(input, [1, ...input.type.shape]) : input;
  const places = call.type(1).shape;
  const count = product(places);
  return call.step('gather', [rows, call.reshaped(call.value(1), [count])], { axis: rows.type.shape.length - 1, batchDimensions: 0 });
}

function featureVectorizer(call: Call): TypedValue {
  const parts = call.values().map((part) => call.cast(part, 'float32'));
  if (parts.some(({ type }) => type.shape.length !== 2)) throw call.broken('takes a tensor that has not two dimensions');
  return call.step('concat', parts, { axis: 1 });
}

/** Maps from classes to scores, one for each row, are the scores, beside which the classes get names. */
function zipMap(call: Call): TypedValue {
  const texts = call.attributes.texts('classlabels_strings') ?? [];
  const names = texts.length > 0 ? texts : (call.attributes.wholes('classlabels_int64s') ?? []).map(String);
  call.noteClassNames(0, names);
  return call.value();
}

export const FEATURE_IMPORTERS: Importers = {
  'ai.onnx.ml.Scaler': scaler,
  'ai.onnx.ml.Normalizer': normalizer,
  'ai.onnx.ml.Imputer': imputer,
  'ai.onnx.ml.Binarizer': binarizer,
  'ai.onnx.ml.ArrayFeatureExtractor': arrayFeatureExtractor,
  'ai.onnx.ml.FeatureVectorizer': featureVectorizer,
  'ai.onnx.ml.ZipMap': zipMap,
};
