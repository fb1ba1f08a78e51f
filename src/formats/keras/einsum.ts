/** Sums of products in Einstein's notation, as matrix products, and the layer that is one. */
import type { TypedValue } from '../../graph/graph.js';
import { isOpen, product, type Size } from '../../graph/size.js';
import type { Shape } from '../../graph/tensor.js';
import { activate, activationOf } from './activations.js';
import { type Call, onlyInput, type Rule, reshaped, sizeAt, transposed } from './rule.js';

/** An equation such as `abc,cd->abd`: a letter for each axis. */
interface Equation {
  readonly left: string;
  readonly right: string;
  readonly out: string;
}

const isLetters = (text: string): boolean => /^[a-zA-Z]+$/.test(text) && new Set(text).size === text.length;

/**
 * Multiplies two tensors and sums along the axes that the answer lacks. Each letter occurs in two of the three places.
 * @param equation letters of the axes, without dots
 */
export function einsum(call: Call, { left, right, out }: Equation, a: TypedValue, b: TypedValue): TypedValue {
  const [inLeft, inRight, inOut] = [left, right, out].map((letters) => (letter: string) => letters.includes(letter)) as [Has, Has, Has];
  const batch = [...left].filter((letter) => inRight(letter) && inOut(letter));
  const summed = [...left].filter((letter) => inRight(letter) && !inOut(letter));
  const rows = [...left].filter((letter) => !inRight(letter));
  const columns = [...right].filter((letter) => !inLeft(letter));
  const sizes = new Map([...[...left].map((letter, axis) => [letter, sizeAt(a, axis)] as const)]);
  for (const [axis, letter] of [...right].entries()) if (!sizes.has(letter)) sizes.set(letter, sizeAt(b, axis));
  const sizesOf = (letters: readonly string[]): Shape => letters.map((letter) => sizes.get(letter) as Size);
  const matrices = (x: TypedValue, from: string, first: readonly string[], second: readonly string[]) =>
    reshaped(call, transposed(call, x, placesOf([...batch, ...first, ...second], from)), [
      ...sizesOf(batch),
      product(sizesOf(first)),
      product(sizesOf(second)),
    ]);
  const y = call.op('matmul', [matrices(a, left, rows, summed), matrices(b, right, summed, columns)], {});
  const given = [...batch, ...rows, ...columns];
  return transposed(call, reshaped(call, y, sizesOf(given)), placesOf([...out], given.join('')));
}

type Has = (letter: string) => boolean;

const placesOf = (letters: readonly string[], among: string): readonly number[] => letters.map((letter) => among.indexOf(letter));

/** The equation of a layer for an input of `rank` dimensions, whose axes under dots get letters of their own. */
function equationOf(call: Call, rank: number): Equation & { readonly elided: number; readonly isLeft: boolean } {
  const { settings } = call;
  const given = settings.value('equation');
  const parts = typeof given === 'string' ? /^([^,]+),([^,>]+)->(.+)$/.exec(given.replaceAll(' ', '')) : null;
  if (parts === null) throw settings.wrong('equation', 'an equation such as "abc,cd->abd"');
  const [left, right, out] = parts.slice(1) as [string, string, string];
  const bare = (text: string) => text.replace('...', '');
  const elided = Math.max(rank - bare(left).length, 0);
  const free = [...'ABCDEFGHIJ'].filter((letter) => !`${left}${right}${out}`.includes(letter)).slice(0, elided);
  const spelled = [left, right, out].map((text) => text.replace('...', free.join(''))) as [string, string, string];
  const isAlike = left.startsWith('...') ? out.startsWith('...') : left.endsWith('...') === out.endsWith('...');
  const [a, b, c] = spelled;
  const isPaired = [...new Set(`${a}${b}${c}`)].every((letter) => spelled.filter((text) => text.includes(letter)).length > 1);
  if (!isAlike || a.length !== rank || ![a, b, c].every(isLetters) || !isPaired)
    throw settings.refused(
      `with equation "${given}" for an input of ${rank} dimensions: each letter must occur once in two or three parts`,
    );
  return { left: a, right: b, out: c, elided, isLeft: left.startsWith('...') };
}

const einsumDense: Rule = (call) => {
  const { settings } = call;
  const x = onlyInput(call);
  const equation = equationOf(call, x.type.shape.length);
  const { left, right, out, elided, isLeft } = equation;
  const given = settings.value('output_shape');
  const wanted: readonly unknown[] = Array.isArray(given) ? given : [given];
  // The output's shape leaves the batch out, and all axes under dots that come first.
  const ahead = isLeft ? elided : 1;
  const sizes = [...right].map((letter) => {
    const place = left.indexOf(letter);
    if (place !== -1 && !isOpen(sizeAt(x, place))) return sizeAt(x, place) as number;
    const size = wanted[out.indexOf(letter) - ahead];
    if (!Number.isSafeInteger(size)) throw settings.wrong('output_shape', `a size for each letter of "${out}"`);
    return size as number;
  });
  const kernel = call.weight('kernel', sizes);
  const y = einsum(call, equation, x, kernel);
  const axes = settings.value('bias_axes');
  if (axes === undefined) return [activate(call, y, activationOf(settings))];
  if (typeof axes !== 'string' || axes === '' || ![...axes].every((letter) => out.includes(letter)))
    throw settings.wrong('bias_axes', `letters of "${out}"`);
  const first = Math.min(...[...axes].map((letter) => out.indexOf(letter)));
  const biased = [...out].slice(first).map((letter, index) => {
    if (!axes.includes(letter)) return 1;
    const size = sizeAt(y, first + index);
    if (isOpen(size)) throw settings.refused(`with a bias along an axis of open size: ${letter} of "${out}"`);
    return size;
  });
  return [activate(call, call.op('add', [y, call.weight('bias', biased)], {}), activationOf(settings))];
};

/** The layer that is a sum of products. */
export const EINSUM_RULES: readonly (readonly [kind: string, rule: Rule])[] = [['EinsumDense', einsumDense]];
