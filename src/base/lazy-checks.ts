/** Checks that only lazy code and the packer make: they stay out of a page's first chunk. */
import { type Check, check, isNumber } from './fields.js';

/** Whether a value is an array whose every item passes; `before` is the item in front. Holes count as undefined, which `every` would skip. */
export const isListOf = <T>(value: unknown, passes: (item: unknown, before: T | undefined) => boolean): value is T[] =>
  Array.isArray(value) && value.findIndex((item, index) => !passes(item, value[index - 1])) < 0;

export const finite = check((value) => isNumber(value), 'a finite number');
export const texts = check((value) => isListOf(value, (item) => typeof item === 'string'), 'an array of texts');

/** Passes every value: of a field that is checked where it is used. */
export const anything: Check = () => undefined;
