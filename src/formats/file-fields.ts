/** Reads the fields of a model file, which nothing has checked yet: each reader throws `model-format`, naming the place. */
import { describe } from '../base/describe.js';
import { PannierError } from '../base/errors.js';
import { type Check, check, type Fields, object } from '../base/fields.js';
import { LIMITS } from './limits.js';

const array = check(Array.isArray, 'an array');
const anyText = check((value) => typeof value === 'string', 'a text');

function read(checkOf: Check, value: unknown, place: string): unknown {
  checkOf({ origin: { code: 'model-format', whole: '', part: '' }, value, path: place });
  return value;
}

/** A model file that is broken, hostile or not supported. */
export const broken = (message: string, detail: Record<string, unknown> = {}): PannierError =>
  new PannierError('model-format', message, detail);

/** @throws {PannierError} `model-format` if `value` is no object */
export const objectAt = (value: unknown, place: string): Fields => read(object, value, place) as Fields;

/** @throws {PannierError} `model-format` if `value` is no array or has more than `max` items */
export function arrayAt(value: unknown, place: string, max: number): readonly unknown[] {
  const items = read(array, value, place) as readonly unknown[];
  if (items.length > max) throw broken(`${place} has ${items.length} items; the limit is ${max}.`);
  return items;
}

/** @throws {PannierError} `model-format` if `value` is no text */
export const textAt = (value: unknown, place: string): string => read(anyText, value, place) as string;

/**
 * A node's or weight's name: short, printable, and no key that every JavaScript object has, since
 * TF.js keeps nodes and weights in plain objects.
 */
export function nameAt(value: unknown, place: string): string {
  const name = textAt(value, place);
  if (name === '' || name.length > LIMITS.nameBytes) {
    throw broken(`${place} is a name of ${name.length} characters; 1 to ${LIMITS.nameBytes} are allowed.`);
  }
  if (!/^[\x20-\x7e]+$/.test(name)) throw broken(`${place} is ${describe(name)}; names hold printable ASCII only.`);
  if (isReserved(name)) throw broken(`${place} is "${name}", which every JavaScript object has; rename it before converting the model.`);
  return name;
}

/** Whether plain objects already have a property of that name. */
export const isReserved = (name: string): boolean => name in Object.prototype || name === 'prototype';
