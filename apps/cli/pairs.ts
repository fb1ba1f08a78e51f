/** Reads flags of the form `NODE=VALUE`, and the numbers in them. */
import { badOption, type InputOptions } from '../../src/pack/options.js';

/** The options of inputs that a file leaves open, by node. */
export type FixedInputs = Readonly<Record<string, Pick<InputOptions, 'shape' | 'constant'>>>;

/**
 * Splits a flag at its last `=`, since the name of a node may contain one.
 * @param form of the flag, for the message
 * @throws {PannierError} `options`
 */
export function pairOf(text: string, flag: string, form = 'NODE=VALUE'): [key: string, value: string] {
  const at = text.lastIndexOf('=');
  if (at < 1) throw badOption(`--${flag} is ${JSON.stringify(text)}; ${form} is wanted.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Reads numbers, fractions such as `1/255` among them. @throws {PannierError} `options` */
export function numbersOf(value: string, flag: string): number[] {
  const list = value.split(',').map((each) => {
    const [above = '', below = '1', ...more] = each.split('/');
    return [above, below, ...more].some((part) => part.trim() === '') || more.length > 0 ? Number.NaN : Number(above) / Number(below);
  });
  if (list.some((each) => !Number.isFinite(each)))
    throw badOption(`--${flag} is ${JSON.stringify(value)}; numbers are wanted, such as 0.5 or 1/255.`);
  return list;
}

/** Reads the sizes of an input; none are those of a scalar. @throws {PannierError} `options` */
export const sizesOf = (value: string): number[] => (value === '' ? [] : numbersOf(value, 'shape'));

/** Reads one number, or several. @throws {PannierError} `options` */
export function oneOrMore(value: string, flag: string): number | number[] {
  const list = numbersOf(value, flag);
  return list.length === 1 ? (list[0] as number) : list;
}

/** The options that `--shape` and `--constant` give to inputs, by node, each in a flag of its own. @throws {PannierError} `options` */
export function fixedInputs(flags: { readonly shape?: readonly string[]; readonly constant?: readonly string[] }): FixedInputs {
  const inputs: Record<string, FixedInputs[string]> = {};
  const say = (node: string, option: FixedInputs[string]) => {
    inputs[node] = { ...inputs[node], ...option };
  };
  for (const [node, value] of (flags.shape ?? []).map((flag) => pairOf(flag, 'shape'))) say(node, { shape: sizesOf(value) });
  for (const [node, value] of (flags.constant ?? []).map((flag) => pairOf(flag, 'constant')))
    say(node, { constant: oneOrMore(value, 'constant') });
  return inputs;
}
