/** Fields of JSON that nobody has checked yet: each reader throws `model-format`, naming the place. */
import { PannierError } from '../base/errors.js';
import type { Dim } from '../manifest/signature.js';
import { LIMITS } from './limits.js';

/** A JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** A model file that is broken, hostile or not supported. */
export const broken = (message: string, detail: Record<string, unknown> = {}): PannierError =>
  new PannierError('model-format', message, detail);

/** @throws {PannierError} `model-format` where `value` is no object */
export function objectAt(value: unknown, place: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(place, 'an object', value);
  return value as Fields;
}

/** @throws {PannierError} `model-format` where `value` is no array or has more than `most` items */
export function arrayAt(value: unknown, place: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(place, 'an array', value);
  if (value.length > most) throw broken(`${place} has ${value.length} items; the limit is ${most}.`);
  return value;
}

/** @throws {PannierError} `model-format` where `value` is no text */
export function textAt(value: unknown, place: string): string {
  if (typeof value !== 'string') throw wrong(place, 'a text', value);
  return value;
}

/**
 * A node's or weight's name: short, printable, and no key that every JavaScript object has, since
 * TF.js keeps nodes and weights in plain objects.
 */
export function nameAt(value: unknown, place: string): string {
  const name = textAt(value, place);
  if (name === '' || name.length > LIMITS.nameBytes) {
    throw broken(`${place} is a name of ${name.length} characters; 1 to ${LIMITS.nameBytes} are allowed.`);
  }
  if (!/^[\x20-\x7e]+$/.test(name)) throw broken(`${place} is ${show(name)}; names hold printable ASCII only.`);
  if (isReserved(name)) throw broken(`${place} is "${name}", which every JavaScript object has; rename it before converting the model.`);
  return name;
}

/** Whether plain objects already have a property of that name. */
export const isReserved = (name: string): boolean => name in Object.prototype || name === 'prototype';

/** Any value, short enough for one line. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

const wrong = (place: string, wanted: string, value: unknown) => broken(`${place} should be ${wanted}, but is ${show(value)}.`);

/** Sizes for people; open ones are `?`. */
export const showShape = (shape: readonly Dim[] | null): string =>
  shape === null ? '[…]' : `[${shape.map((dim) => dim ?? '?').join(', ')}]`;
