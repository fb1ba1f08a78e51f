/**
 * The reader of values that nothing has checked yet: options, manifests, config files, cached records. A `Check` refuses a
 * field by a message that says which field, what is wanted, what it is, and the next step.
 */
import { describe, typeName } from './describe.js';
import { type ErrorCode, PannierError } from './errors.js';
import { meant } from './nearest.js';

/** The object that fields belong to. It decides the code and the wording of the errors about them. */
export interface Origin {
  readonly code: ErrorCode;
  /** Names the whole in a message: `The model source`. */
  readonly whole: string;
  /** Stands before the path of a field: `The model source's `. */
  readonly part: string;
  /** The next step, unless a check has its own. */
  readonly next?: string;
}

/** An unchecked value, and where it was found. */
export interface Field {
  readonly origin: Origin;
  readonly value: unknown;
  /** `''` for the whole, else such as `inputs["x"].image.width`. */
  readonly path: string;
}

/** Throws a {@link refusal} of a field that is not as wanted. */
export type Check = (field: Field) => void;

/** One check for each field of `T`. */
export type Checks<T> = { readonly [Name in keyof T]-?: Check };

/** An object whose fields are unchecked. */
export type Fields = Readonly<Record<string, unknown>>;

/** The subject of a message about a field. */
const subjectOf = ({ origin, path }: Field): string => (path === '' ? origin.whole : origin.part + path);

/** The error about a field that is not as wanted; its detail has `field`, `wanted` and `got`. */
export function refusal(field: Field, wanted: string, next = field.origin.next): PannierError {
  const got = describe(field.value);
  const message = `${subjectOf(field)} should be ${wanted}, but is ${got}.${next === undefined ? '' : ` ${next}`}`;
  return new PannierError(field.origin.code, message, { field: field.path, wanted, got });
}

/** The field of an object that `object` has passed. */
export const at = (field: Field, name: string): Field => ({
  ...field,
  value: (field.value as Fields)[name],
  path: field.path === '' ? name : `${field.path}.${name}`,
});

/** Refuses a field whose value does not pass. */
export const check =
  (passes: (value: unknown) => boolean, wanted: string, next?: string): Check =>
  (field) => {
    if (!passes(field.value)) throw refusal(field, wanted, next);
  };

/** Whether a value is an object of named fields: no array, no `Map`, nothing else of a class that the language names. */
export const isObject = (value: unknown): value is Fields => typeName(value) === 'Object';
export const isNumber = (value: unknown, min = Number.NEGATIVE_INFINITY): value is number =>
  Number.isFinite(value) && (value as number) >= min;
export const isWhole = (value: unknown, min = 0): value is number => Number.isSafeInteger(value) && (value as number) >= min;

export const object = check(isObject, 'an object');
export const text = check((value) => typeof value === 'string' && value !== '', 'a text');
export const boolean = check((value) => typeof value === 'boolean', 'true or false');
export const callable = check((value) => typeof value === 'function', 'a function');

/** One of some texts. */
export const choice = (...choices: readonly string[]): Check =>
  check((value) => choices.includes(value as string), choices.map(describe).join(' or '));

/** Passes undefined, else does the check. */
export const optional =
  (whenGiven: Check): Check =>
  (field) => {
    if (field.value !== undefined) whenGiven(field);
  };

/** An object with these fields, and maybe others, which nothing reads. */
export const fields =
  (checks: Readonly<Record<string, Check>>): Check =>
  (field) => {
    object(field);
    for (const [name, each] of Object.entries(checks)) each(at(field, name));
  };

const array = check(Array.isArray, 'an array');

/** An array, each item checked, holes included. */
export const list =
  (each: Check): Check =>
  (field) => {
    array(field);
    for (const [index, value] of (field.value as unknown[]).entries()) each({ ...field, value, path: `${field.path}[${index}]` });
  };

/**
 * An object of options: each that is given is checked, and a name that is not `known` is refused, since nobody would
 * hear of a misspelt option that is ignored.
 */
export const options =
  <T>(checks: Checks<T>, known: readonly string[] = Object.keys(checks)): Check =>
  (field) => {
    const { origin, value, path } = field;
    const refuse = (problem: string) => {
      throw new PannierError(origin.code, `${subjectOf(field)} ${problem}`);
    };
    if (path === '' && !isObject(value)) refuse(`takes an object of options, but got ${describe(value)}.`);
    object(field);
    const unknown = Object.keys(value as Fields).find((name) => !known.includes(name));
    if (unknown !== undefined) refuse(`has no option ${describe(unknown)}; it takes ${known.join(', ')}.${meant(unknown, known)}`);
    for (const [name, each] of Object.entries<Check>(checks)) optional(each)(at(field, name));
  };

/** The option `signal` of a call; an AbortSignal of another realm or a polyfill is one, too. */
export const abortSignal = check((value) => typeof (value as Partial<AbortSignal> | null)?.throwIfAborted === 'function', 'an AbortSignal');

/**
 * Checks the options of a call.
 * @throws {PannierError} `options`, naming the option
 */
export const checkCall = <T>(call: string, given: unknown, checks: Checks<T>, known?: readonly string[]): void =>
  options(checks, known)({ origin: { code: 'options', whole: call, part: `${call}'s option ` }, value: given, path: '' });
