/** Writes plain values as source text in the way a person would. */
import { propertyName, quote } from '../../src/pack/javascript.js';

/** Most characters of a line. */
const WIDTH = 110;

/** Writes an object, array, string or number; `indent` is the indentation of its first line. */
export function sourceOf(value: unknown, indent = '', used = 0): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return numberText(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const isArray = Array.isArray(value);
  const part = (each: unknown, key: string, at: string) =>
    isArray ? sourceOf(each, at) : `${propertyName(key)}: ${sourceOf(each, at, propertyName(key).length + 2)}`;
  const flat = Object.entries(value).map(([key, each]) => part(each, key, indent));
  const [opening, closing, space] = isArray ? ['[', ']', ''] : ['{', '}', ' '];
  const line = flat.length === 0 ? opening + closing : `${opening}${space}${flat.join(', ')}${space}${closing}`;
  if (!line.includes('\n') && indent.length + used + line.length <= WIDTH) return line;
  const inner = `${indent}  `;
  const lines = Object.entries(value).map(([key, each]) => part(each, key, inner));
  return `${opening}\n${lines.map((each) => `${inner}${each},\n`).join('')}${indent}${closing}`;
}

/** Writes `1 / 255` instead of 0.00392156862745098, if that is exactly the same number. */
function numberText(value: number): string {
  const plain = String(value);
  const below = Number((1 / value).toPrecision(12));
  return plain.length > 8 && 1 / below === value && String(below).length < 9 ? `1 / ${below}` : plain;
}
