/** Fields of a manifest that nobody has checked yet: each check throws `manifest`, naming the field. */
import { PannierError } from '../base/errors.js';

export type Fields = Record<string, unknown>;

/** @throws {PannierError} `manifest` unless `isRight` */
export function need(
  isRight: boolean,
  field: string,
  wanted: string,
  value: unknown,
  next = 'Import the default export of a packed model.js.',
): void {
  if (isRight) return;
  const got = describe(value);
  const subject = field === '' ? 'The model source' : `The model source's ${field}`;
  throw new PannierError('manifest', `${subject} should be ${wanted}, but is ${got}. ${next}`, { field, wanted, got });
}

export function object(value: unknown, field: string): Fields {
  need(typeof value === 'object' && value !== null && !Array.isArray(value), field, 'an object', value);
  return value as Fields;
}

/** Whether it is an array whose every place passes; `before` is the place in front. `every` leaves out places that were never filled. */
export const isListOf = <T>(value: unknown, passes: (item: unknown, before: T | undefined) => boolean): value is T[] =>
  Array.isArray(value) && value.findIndex((item, index) => !passes(item, value[index - 1])) < 0;

/** Checks every entry of an object. */
export function each(value: unknown, field: string, check: (value: unknown, field: string, name: string) => void): void {
  for (const [name, inner] of Object.entries(object(value, field))) check(inner, `${field}.${name}`, name);
}

export const isNumber = (value: unknown, least = Number.NEGATIVE_INFINITY): value is number =>
  Number.isFinite(value) && (value as number) >= least;
export const isWhole = (value: unknown, least = 0): value is number => Number.isSafeInteger(value) && (value as number) >= least;

export function text(value: unknown, field: string): void {
  need(typeof value === 'string' && value !== '', field, 'a text', value);
}

export function texts(value: unknown, field: string): void {
  need(
    isListOf<string>(value, (item) => typeof item === 'string'),
    field,
    'an array of texts',
    value,
  );
}

export function choice(value: unknown, field: string, ...choices: string[]): void {
  need(choices.includes(value as string), field, choices.join(', '), value);
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  if (Array.isArray(value)) return 'an array';
  // Not every object can become a text: a module's namespace cannot.
  if (typeof value !== 'object' || value === null) return String(value);
  return 'then' in value ? 'a promise' : 'default' in value ? "a module's namespace" : 'an object';
}
