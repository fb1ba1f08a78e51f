/** The kinds of attributes that ops have: each is checked, and written to and read from JSON. */
import { type DataType, isDataType } from './element-type.js';
import { parseSize } from './parse-size.js';
import { isOpen, type Size, sizeText } from './size.js';

/** One kind of attribute, whose values in TypeScript are of type `T`. */
export interface AttributeKind<T> {
  /** For messages: `a whole number`. */
  readonly wanted: string;
  readonly is: (value: unknown) => boolean;
  readonly toJson: (value: T) => unknown;
  /** Gets a JSON value of any form, and may throw; the result is checked with `is`. */
  readonly fromJson: (json: unknown) => unknown;
  readonly isOptional?: boolean;
}

/** The attributes of one op, by name. */
export type AttributeKinds = Readonly<Record<string, AttributeKind<never> | AttributeKind<unknown>>>;

/** The TypeScript type of attributes that are declared by kinds. */
export type AttributesOf<Kinds> = { readonly [Name in keyof Kinds]: Kinds[Name] extends AttributeKind<infer T> ? T : never };

const same = (value: unknown): unknown => value;

const kind = <T>(
  wanted: string,
  is: (value: unknown) => boolean,
  toJson: (value: T) => unknown = same,
  fromJson = same,
): AttributeKind<T> => ({
  wanted,
  is,
  toJson,
  fromJson,
});

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && !Object.is(value, -0);

/** Numbers that JSON does not hold are written as texts. */
const numberToJson = (value: number): unknown =>
  Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value);
const numberFromJson = (json: unknown): unknown =>
  typeof json === 'string' && ['-0', 'Infinity', '-Infinity'].includes(json) ? Number(json) : json;

const isSize = (value: unknown): boolean => isWhole(value) || (typeof value === 'object' && value !== null && 'terms' in value);
const sizeToJson = (size: Size): unknown => (isOpen(size) ? sizeText(size) : size);
const sizeFromJson = (json: unknown): unknown => (typeof json === 'string' ? parseSize(json) : json);

export const whole = kind<number>('a whole number', isWhole);
export const flag = kind<boolean>('true or false', (value) => typeof value === 'boolean');
/** A number that may be infinite. NaN is none. */
export const real = kind<number>('a number', (value) => typeof value === 'number' && !Number.isNaN(value), numberToJson, numberFromJson);
export const size = kind<Size>('a size', isSize, sizeToJson, sizeFromJson);
export const dataType = kind<DataType>('an element type', isDataType);
export const json = kind<unknown>('a JSON value', (value) => value !== undefined);
export const text = kind<string>('a text', (value) => typeof value === 'string');

/** One of some texts. */
export const choice = <T extends string>(...choices: readonly T[]): AttributeKind<T> =>
  kind<T>(choices.map((each) => `"${each}"`).join(' or '), (value) => choices.includes(value as T));

/** A list of another kind. @param length of the list, if it is fixed */
export const listOf = <T>(each: AttributeKind<T>, length?: number): AttributeKind<readonly T[]> =>
  kind<readonly T[]>(
    `a list of ${length ?? 'any number'}, each ${each.wanted}`,
    (value) => Array.isArray(value) && (length === undefined || value.length === length) && value.every((item) => each.is(item)),
    (value) => value.map((item) => each.toJson(item)),
    (json) => (Array.isArray(json) ? json.map((item) => each.fromJson(item)) : json),
  );

/** An attribute that may be undefined. */
export const optional = <T>(each: AttributeKind<T>): AttributeKind<T | undefined> => ({
  wanted: `${each.wanted} or nothing`,
  is: (value) => value === undefined || each.is(value),
  toJson: (value) => (value === undefined ? undefined : each.toJson(value)),
  fromJson: (json) => (json === undefined ? undefined : each.fromJson(json)),
  isOptional: true,
});
