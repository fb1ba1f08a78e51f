/** Checks that only lazy code and the packer make: they stay out of a page's first chunk. */
import { describe } from './describe.js';
import { type Check, check, type Field, type Fields, isNumber, object } from './fields.js';

/** Whether a value is an array whose every item passes; `before` is the item in front. Holes count as undefined, which `every` would skip. */
export const isListOf = <T>(value: unknown, passes: (item: unknown, before: T | undefined) => boolean): value is T[] =>
  Array.isArray(value) && value.findIndex((item, index) => !passes(item, value[index - 1])) < 0;

export const finite = check((value) => isNumber(value), 'a finite number');
export const texts = check((value) => isListOf(value, (item) => typeof item === 'string'), 'an array of texts');

/** Passes every value: of a field that is checked where it is used. */
export const anything: Check = () => undefined;

/** An object whose keys are anybody's choice, each entry checked. */
export const record =
  (each: (field: Field, key: string) => void): Check =>
  (field) => {
    object(field);
    for (const [key, value] of Object.entries(field.value as Fields))
      each({ ...field, value, path: `${field.path}[${describe(key)}]` }, key);
  };
