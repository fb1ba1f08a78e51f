/** The classes of a classifier: their names, the scores that it gives them, and the class that it predicts. */
import type { TypedValue } from '../../../../graph/graph.js';
import type { Call } from '../call.js';
import { Vocabulary } from './texts.js';

/** The classes of a classifier, which are texts or whole numbers. */
export interface Classes {
  readonly names: readonly string[];
  /** Undefined where they are texts. */
  readonly numbers: readonly number[] | undefined;
}

/** The classes that a node names. @param wholes the attribute that has them if they are whole numbers */
export function classesOf(call: Call, wholes: 'classlabels_ints' | 'classlabels_int64s'): Classes {
  const { attributes } = call;
  const texts = attributes.texts('classlabels_strings') ?? [];
  if (texts.length > 0) return { names: texts, numbers: undefined };
  const numbers = attributes.wholes(wholes) ?? [];
  if (numbers.length === 0) throw call.broken('names no classes');
  return { names: numbers.map(String), numbers };
}

/**
 * The outputs of a classifier: the predicted class, as a whole number or as the place of a text, and the scores.
 * @param place of the predicted class, [batch] of int32
 * @param scores [batch, scores]
 */
export function classified(call: Call, classes: Classes, place: TypedValue, scores: TypedValue): readonly TypedValue[] {
  if (scores.type.shape.at(-1) === classes.names.length) call.noteClassNames(1, classes.names);
  return [predicted(call, classes, place), scores];
}

function predicted(call: Call, { names, numbers }: Classes, place: TypedValue): TypedValue {
  if (numbers === undefined) {
    call.noteTexts(0, [Vocabulary.of(names)]);
    return place;
  }
  if (numbers.every((number, index) => number === index)) return call.cast(place, 'int64');
  return call.step('gather', [call.numbers('int64', numbers), place], { axis: 0, batchDimensions: 0 });
}

/** The place of the greatest score, of equal ones the first: [batch] of int32. */
export const topPlace = (call: Call, scores: TypedValue): TypedValue =>
  call.step('argMax', [scores], { axis: 1, keepDimensions: false, outputDataType: 'int32' });
