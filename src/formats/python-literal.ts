/** Reads a literal of Python, as `str()` writes dicts, lists, numbers and texts into a model's metadata. Nothing is evaluated. */
import { broken } from './file-fields.js';

/** A literal: None is null, a tuple is a list, and a dict keeps the order of its keys. */
export type PythonValue = string | number | boolean | null | readonly PythonValue[] | PythonDict;

export type PythonDict = ReadonlyMap<string | number, PythonValue>;

/** Characters of the longest literal that is read. */
const MAX_LENGTH = 2 ** 22;

/** How deep lists and dicts may lie in each other. */
const MAX_DEPTH = 16;

/**
 * Reads one literal: a text, a number, True, False, None, a list, a tuple, or a dict whose keys are texts and whole numbers.
 * @param place begins the message of an error
 * @throws {PannierError} `model-format` for anything else, and for a literal that is too long or too deep
 */
export function readPythonLiteral(text: string, place: string): PythonValue {
  if (text.length > MAX_LENGTH) throw broken(`${place} has ${text.length} characters; the limit is ${MAX_LENGTH}.`);
  const reader = new LiteralReader(text, place);
  const value = reader.value(0);
  reader.end();
  return value;
}

const SPACE = /\s*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?/y;
const WORD = /True|False|None/y;
const WORDS: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null };

/** A part of a text without quotes, line ends and escapes. */
const PLAIN = /[^'"\\\r\n]+/y;
const ESCAPE = /\\(?:([\\'"nrt])|x([\dA-Fa-f]{2})|u([\dA-Fa-f]{4})|U(000[\dA-Fa-f]{5}|0010[\dA-Fa-f]{4}))/y;
const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

class LiteralReader {
  readonly #text: string;
  readonly #place: string;
  #at = 0;

  constructor(text: string, place: string) {
    this.#text = text;
    this.#place = place;
  }

  value(depth: number): PythonValue {
    if (depth > MAX_DEPTH) throw this.#wrong(`no more than ${MAX_DEPTH} lists and dicts in each other`);
    this.#take(SPACE);
    const next = this.#text[this.#at];
    if (next === '{') return this.#dict(depth);
    if (next === '[') return this.#list(']', depth);
    if (next === '(') return this.#list(')', depth);
    if (next === "'" || next === '"') return this.#string(next);
    const word = this.#take(WORD);
    if (word !== undefined) return WORDS[word] as boolean | null;
    const number = Number(this.#take(NUMBER) ?? Number.NaN);
    if (!Number.isFinite(number)) throw this.#wrong('a literal of Python');
    return number;
  }

  end(): void {
    this.#take(SPACE);
    if (this.#at < this.#text.length) throw this.#wrong('its end');
  }

  #dict(depth: number): PythonDict {
    const dict = new Map<string | number, PythonValue>();
    this.#items('}', () => {
      const key = this.value(depth + 1);
      if (typeof key !== 'string' && !Number.isSafeInteger(key)) throw this.#wrong('a key that is a text or a whole number');
      this.#take(SPACE);
      if (!this.#skip(':')) throw this.#wrong('":"');
      dict.set(key as string | number, this.value(depth + 1));
    });
    return dict;
  }

  #list(close: string, depth: number): readonly PythonValue[] {
    const items: PythonValue[] = [];
    this.#items(close, () => items.push(this.value(depth + 1)));
    return items;
  }

  /** Reads items between brackets, with a comma after each but maybe the last. */
  #items(close: string, readItem: () => void): void {
    this.#at++;
    for (;;) {
      this.#take(SPACE);
      if (this.#skip(close)) return;
      readItem();
      this.#take(SPACE);
      if (this.#skip(',')) continue;
      if (!this.#skip(close)) throw this.#wrong(`"," or "${close}"`);
      return;
    }
  }

  #string(quote: string): string {
    this.#at++;
    const other = quote === '"' ? "'" : '"';
    let text = '';
    while (!this.#skip(quote)) text += this.#take(PLAIN) ?? (this.#skip(other) ? other : this.#escape());
    return text;
  }

  #escape(): string {
    ESCAPE.lastIndex = this.#at;
    const found = ESCAPE.exec(this.#text);
    if (found === null) throw this.#wrong('the rest of a text');
    this.#at = ESCAPE.lastIndex;
    const [, letter, ...codes] = found;
    if (letter !== undefined) return ESCAPED[letter] ?? letter;
    return String.fromCodePoint(Number.parseInt(codes.find((code) => code !== undefined) as string, 16));
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #wrong(wanted: string) {
    return broken(`${this.#place} is no literal of Python: at character ${this.#at} ${wanted} is wanted.`);
  }
}
