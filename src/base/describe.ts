/** Values in the words of a message. */

/** The longest text that a message quotes. */
const MAX_LENGTH = 80;

/** The class of a value, such as `Float32Array`; `null` and `undefined` name themselves. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** A value, short enough for one line: text in quotes, other primitives as they are, objects by their class. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const type = typeName(value);
  if (Object(value) === value) return type === 'Object' ? 'an object' : type;
  const text = typeof value === 'string' ? quoted(value) : String(value);
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 3)}…` : text;
}

/** A text in quotes. JSON leaves some characters as they are that a terminal acts on, or that end a line. */
const quoted = (text: string): string =>
  JSON.stringify(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (each) => `\\u{${each.charCodeAt(0).toString(16)}}`);
