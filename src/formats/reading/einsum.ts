/** Sums of products along axes that letters name, as TensorFlow and ONNX write them: `bij,bjk->bik`. */
import type { TypedValue } from '../../graph/graph.js';
import { product, type Size } from '../../graph/size.js';
import type { Shape } from '../../graph/tensor.js';
import { cannotExpress } from './cannot-express.js';
import type { NodeCall } from './node-call.js';

/** An input with a letter for each of its axes. The axes that an ellipsis stands for have digits, of which the last axis has 0. */
interface Term {
  readonly value: TypedValue;
  readonly axes: string;
}

/**
 * Adds the ops of an equation. What lies along an axis of one input alone is summed first; two inputs that have axes to be summed become
 * a matrix product; other inputs are multiplied, and summed then.
 */
export function einsum(call: NodeCall, equation: string): TypedValue {
  const [left = '', right, ...more] = equation.replace(/\s/g, '').split('->');
  const texts = left.split(',');
  if (more.length > 0 || texts.length !== call.count) throw call.broken(`has the equation "${equation}" for ${call.count} inputs`);
  const given = texts.map((text, index) => termOf(call, text, call.value(index)));
  const result = resultOf(call, given, right);
  const terms = given.map((term, index) => {
    const others = given.filter((_, other) => other !== index).map(({ axes }) => axes);
    return summed(call, term, [result, ...others].join(''));
  });
  const [a, b] = terms;
  const isProduct = a !== undefined && b !== undefined && terms.length === 2 && [...a.axes].some((axis) => !result.includes(axis));
  const { value, axes } = isProduct ? contraction(call, a, b, result) : multiplied(call, terms, result);
  return call.transposed(value, placesOf(result, axes));
}

/** The axes of an input as a term of the equation names them. */
function termOf(call: NodeCall, text: string, value: TypedValue): Term {
  const { length } = value.type.shape;
  const [front = '', back, ...more] = text.split('...');
  const letters = front + (back ?? '');
  const others = length - letters.length;
  if (more.length > 0 || others < 0 || others > 10 || (back === undefined && others > 0) || !/^[a-z]*$/i.test(letters))
    throw call.broken(`has the axes "${text}" of an input of ${length} dimensions`);
  if (new Set(letters).size < letters.length) throw cannotExpress(`takes the diagonal "${text}" of an input`);
  return { value, axes: front + '9876543210'.slice(10 - others) + (back ?? '') };
}

/** The axes of the result; without an arrow, those of an ellipsis, and the letters that occur once, in the order of the alphabet. */
function resultOf(call: NodeCall, terms: readonly Term[], text: string | undefined): string {
  const all = terms.map(({ axes }) => axes).join('');
  const ellipsis = [...new Set(all.replace(/\D/g, ''))].sort().reverse().join('');
  const once = [...all].filter((axis) => /\D/.test(axis) && all.split(axis).length === 2).sort();
  const result = text?.replace('...', ellipsis) ?? ellipsis + once.join('');
  if (new Set(result).size < result.length || [...result].some((axis) => !all.includes(axis)))
    throw call.broken(`gives the axes "${text}", of which its inputs have "${all}"`);
  return result;
}

const placesOf = (wanted: string, axes: string): readonly number[] => [...wanted].map((axis) => axes.indexOf(axis));

const sizesOf = ({ value, axes }: Term, wanted: string): Shape => placesOf(wanted, axes).map((place) => value.type.shape[place] as Size);

/** An input without the axes that neither another input nor the result has. */
function summed(call: NodeCall, { value, axes }: Term, others: string): Term {
  const lone = [...axes].flatMap((axis, place) => (others.includes(axis) ? [] : [place]));
  if (lone.length === 0) return { value, axes };
  return {
    value: call.step('reduceSum', [value], { axes: lone, keepDimensions: false }),
    axes: [...axes].filter((axis) => others.includes(axis)).join(''),
  };
}

/** Axes of both inputs and the result count the matrices, which are broadcast; axes of both inputs alone are summed. */
function contraction(call: NodeCall, a: Term, b: Term, result: string): Term {
  const select = ({ axes }: Term, isChosen: (axis: string) => boolean): string => [...axes].filter(isChosen).join('');
  const batch = select(a, (axis) => b.axes.includes(axis) && result.includes(axis));
  const inner = select(a, (axis) => b.axes.includes(axis) && !result.includes(axis));
  const [rows, columns] = [select(a, (axis) => !b.axes.includes(axis)), select(b, (axis) => !a.axes.includes(axis))];
  const matrix = (term: Term, first: string, second: string): TypedValue => {
    const moved = call.transposed(term.value, placesOf(batch + first + second, term.axes));
    return call.reshaped(moved, [...sizesOf(term, batch), product(sizesOf(term, first)), product(sizesOf(term, second))]);
  };
  const products = call.step('matmul', [matrix(a, rows, inner), matrix(b, inner, columns)], {});
  const shape = [...products.type.shape.slice(0, batch.length), ...sizesOf(a, rows), ...sizesOf(b, columns)];
  return { value: call.reshaped(products, shape), axes: batch + rows + columns };
}

/** Inputs are brought in one order of axes, of which each has one element where it has no such axis, and multiplied. */
function multiplied(call: NodeCall, terms: readonly Term[], result: string): Term {
  const all = [...new Set(result + terms.map(({ axes }) => axes).join(''))];
  if (terms.length === 1) return terms[0] as Term;
  const aligned = terms.map(({ value, axes }) => {
    const moved = call.transposed(value, placesOf(all.filter((axis) => axes.includes(axis)).join(''), axes));
    return call.reshaped(
      moved,
      all.map((axis) => (axes.includes(axis) ? (value.type.shape[axes.indexOf(axis)] as Size) : 1)),
    );
  });
  const products = aligned.reduce((before, each) => call.step('mul', [before, each], {}));
  return summed(call, { value: products, axes: all.join('') }, result);
}
