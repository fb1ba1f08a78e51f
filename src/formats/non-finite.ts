/** NaN and infinities in a file that should be JSON, which does not have them. Python's json module writes them all the same. */
import { describe } from '../base/describe.js';

/** The names of such numbers. No other token of JSON has a capital letter. */
const NAMES = ['NaN', 'Infinity'] as const;

/** The text that takes the place of each. */
const MARKER = 'a number that is not finite';

/**
 * Says where a file has its first NaN or infinity, as the end of a sentence.
 * @returns undefined if there is none, or if the file is no JSON in other ways
 */
export function nonFinite(text: string): string | undefined {
  const pieces: string[] = [];
  let end = 0;
  let first: string | undefined;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') at = endOfString(text, at);
    if (text[at] !== 'N' && text[at] !== 'I') continue;
    const name = NAMES.find((each) => text.startsWith(each, at));
    if (name === undefined) return undefined;
    const start = text[at - 1] === '-' ? at - 1 : at;
    pieces.push(text.slice(end, start));
    end = at + name.length;
    first ??= text.slice(start, end);
    at = end - 1;
  }
  if (first === undefined) return undefined;
  try {
    const place = placeOf(MARKER, JSON.parse([...pieces, text.slice(end)].join(JSON.stringify(MARKER))));
    return `has ${first} at ${place}, but JSON has finite numbers only. The converter cannot quantise a weight that holds NaN or infinities.`;
  } catch {
    return undefined;
  }
}

/** The index of the quote that ends a string, or beyond the text if there is none. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/**
 * Where a value stands first, such as `weights[0].quantization.min of "mask"`; the name is that of the innermost object that
 * has one.
 */
function placeOf(wanted: unknown, value: unknown, path = '', owner = ''): string | undefined {
  if (value === wanted) return `${path || 'its top'}${owner}`;
  if (typeof value !== 'object' || value === null) return undefined;
  const { name } = value as { name?: unknown };
  const own = typeof name === 'string' ? ` of ${describe(name)}` : owner;
  for (const [key, child] of Object.entries(value)) {
    const step = Array.isArray(value) ? `[${key}]` : `${path && '.'}${key}`;
    const place = placeOf(wanted, child, path + step, own);
    if (place !== undefined) return place;
  }
  return undefined;
}
