/** Reads encoders of categories, which are numbers or texts. */
import { tensorOf } from '../../../../graph/constant.js';
import type { DataType } from '../../../../graph/element-type.js';
import { isFloat } from '../../../../graph/element-type.js';
import type { TypedValue } from '../../../../graph/graph.js';
import { cannotExpress } from '../../../reading/cannot-express.js';
import { constantOfTensor } from '../../tensor.js';
import type { Call, Importers } from '../call.js';
import { table } from './table.js';
import { type Vocabularies, Vocabulary } from './texts.js';

/** Whether elements are each of some keys, along a new last axis. Keys are the same for all elements, or differ along the last axis. */
function matches(call: Call, input: TypedValue, keys: readonly (readonly number[])[]): TypedValue {
  const { dataType, shape } = input.type;
  const [first = []] = keys;
  const wanted = table(call, 'keys', dataType, keys.flat(), keys.length === 1 ? [first.length] : [keys.length, first.length]);
  const column = call.reshaped(input, [...shape, 1]);
  const isEqual = call.apply('equal', column, wanted);
  if (!keys.flat().some(Number.isNaN)) return isEqual;
  // The definition compares bits, but onnxruntime does so from version 4 on alone.
  if (call.opset < 4) throw cannotExpress('has the key NaN. Convert the model with target_opset={"": 17, "ai.onnx.ml": 4}');
  return call.apply('logicalOr', isEqual, call.apply('logicalAnd', call.apply('isNaN', column), call.apply('isNaN', wanted)));
}

/** A number that is no category becomes zeros alone. onnxruntime fails for it where `zeros` is 0. */
function oneHotEncoder(call: Call): TypedValue {
  const texts = call.texts(0);
  if (texts !== undefined) {
    const categories = call.attributes.texts('cats_strings') ?? [];
    if (categories.length === 0) throw call.broken('takes texts, but has no categories of texts');
    return call.cast(
      matches(
        call,
        call.value(),
        texts.map((each) => each.placesOf(categories)),
      ),
      'float32',
    );
  }
  const categories = call.attributes.wholes('cats_int64s') ?? [];
  if (categories.length === 0) throw call.broken('takes numbers, but has no categories of numbers');
  return call.cast(matches(call, call.cast(call.value(), 'int64'), [categories]), 'float32');
}

/** Keys or values of a LabelEncoder. */
interface Labels {
  readonly dataType: DataType | 'text';
  readonly values: readonly (number | string)[];
}

function labelEncoder(call: Call): TypedValue {
  const texts = call.texts(0);
  const [keys, values] = [labelsOf(call, 'keys'), labelsOf(call, 'values')];
  if (call.opset < 2 || keys === undefined || values === undefined)
    throw cannotExpress('has no keys and values, as it has from version 2 on');
  if (keys.values.length !== values.values.length) throw call.broken(`has ${keys.values.length} keys, but ${values.values.length} values`);
  if (new Set(keys.values).size < keys.values.length) throw call.broken('has a key twice');
  if ((texts === undefined) === (keys.dataType === 'text'))
    throw call.broken(`takes ${texts ? 'texts' : 'numbers'}, which its keys are not`);
  const places = texts === undefined ? (keys.values as readonly number[]) : placesIn(texts, keys.values as readonly string[]);
  const isMatch = matches(call, call.value(), [places]);
  const absent = absentOf(call, values.dataType);
  const found = numbered(call, values, absent);
  const { dataType } = found;
  const zero = call.number(0, dataType);
  const chosen = call.apply('where', isMatch, table(call, 'values', dataType, found.values), zero);
  const axis = chosen.type.shape.length - 1;
  const isAny = call.step('reduceAny', [isMatch], { axes: [axis], keepDimensions: false });
  const sum = call.step('reduceSum', [chosen], { axes: [axis], keepDimensions: false });
  return call.apply('where', isAny, sum, call.number(found.absent, dataType));
}

function placesIn(texts: Vocabularies, keys: readonly string[]): readonly number[] {
  const [vocabulary, ...others] = texts;
  if (vocabulary === undefined || others.length > 0) throw cannotExpress('encodes several columns of texts');
  return vocabulary.placesOf(keys);
}

/** Values as numbers: texts become their places in a list, to which the value of what has no key is added. */
function numbered(call: Call, { dataType, values }: Labels, absent: number | string) {
  if (dataType !== 'text') return { dataType, values: values as readonly number[], absent: absent as number };
  const words = [...new Set([...values, absent] as readonly string[])];
  call.noteTexts(0, [Vocabulary.of(words)]);
  return {
    dataType: 'int32' as const,
    values: values.map((each) => words.indexOf(each as string)),
    absent: words.indexOf(absent as string),
  };
}

function labelsOf(call: Call, name: 'keys' | 'values'): Labels | undefined {
  const { attributes } = call;
  const tensor = attributes.tensor(`${name}_tensor`);
  if (tensor !== undefined) {
    if (tensor.texts.length > 0) return { dataType: 'text', values: tensor.texts };
    const { dataType, data } = tensorOf(constantOfTensor(tensor, `${name}_tensor`, new Map()));
    return { dataType, values: [...data] };
  }
  const texts = attributes.texts(`${name}_strings`);
  if (texts !== undefined) return { dataType: 'text', values: texts };
  const wholes = attributes.wholes(`${name}_int64s`);
  if (wholes !== undefined) return { dataType: 'int64', values: wholes };
  const numbers = attributes.numbers(`${name}_floats`);
  return numbers && { dataType: 'float32', values: numbers };
}

/** The value of what has no key. */
function absentOf(call: Call, dataType: DataType | 'text'): number | string {
  const { attributes } = call;
  const tensor = attributes.tensor('default_tensor');
  if (tensor !== undefined) {
    if (dataType === 'text') return tensor.texts[0] ?? '_Unused';
    return tensorOf(constantOfTensor(tensor, 'default_tensor', new Map())).data[0] ?? 0;
  }
  if (dataType === 'text') return attributes.text('default_string', '_Unused');
  return isFloat(dataType) ? attributes.number('default_float', 0) : attributes.whole('default_int64', -1);
}

export const ENCODER_IMPORTERS: Importers = {
  'ai.onnx.ml.OneHotEncoder': oneHotEncoder,
  'ai.onnx.ml.LabelEncoder': labelEncoder,
};
