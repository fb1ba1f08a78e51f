/** Parses pasted text, JSON or a JavaScript literal, to its values. Nothing of it is ever run. */

/** Matches space and comments, then a sign, a string, a number or a word. */
const TOKEN =
  /(?:\s|\/\/.*|\/\*[\s\S]*?\*\/)*(?:([[\]{}:,])|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w$.])|([A-Za-z_$][\w$]*)|(\S|$))/y;

/** Matches the code around a literal that was cut out of a program. */
const FRAME = /^\s*(?:(?:export\s+)?(?:const|let|var)\s+[\w$]+\s*=)?|;\s*$/g;

const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** Deepest nesting of arrays. */
const MAX_DEPTH = 50;

/**
 * Reads JSON and JavaScript's additions to it: bare names, single quotes, trailing commas, comments.
 * @throws {Error} in words for the person who typed it
 */
export function readLiteral(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return new Reader(text.replace(FRAME, (frame) => frame.replace(/\S/g, ' '))).whole();
  }
}

interface Token {
  readonly sign: string | undefined;
  readonly value: unknown;
  readonly word: string | undefined;
  /** The token as written. */
  readonly text: string;
}

class Reader {
  readonly #text: string;
  #at = 0;
  #token: Token;

  constructor(text: string) {
    this.#text = text;
    this.#token = this.#read();
  }

  whole(): unknown {
    const value = this.#value(0);
    if (this.#token.text !== '') throw this.#wanted('the end');
    return value;
  }

  #value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw this.#wanted(`at most ${MAX_DEPTH} brackets in brackets`);
    const { sign, value, word } = this.#token;
    if (sign === '[') return this.#list(']', () => this.#value(depth + 1));
    if (sign === '{') return Object.fromEntries(this.#list('}', () => this.#property(depth + 1)));
    if (value === undefined && !WORDS.has(word ?? '')) throw this.#wanted(word === undefined ? 'a value' : 'a value: a text in quotes');
    this.#next();
    return value ?? WORDS.get(word ?? '');
  }

  #property(depth: number): [string, unknown] {
    const { value, word } = this.#token;
    if (value === undefined && word === undefined) throw this.#wanted('a name');
    this.#next();
    if (this.#token.sign !== ':') throw this.#wanted('":"');
    this.#next();
    return [String(value ?? word), this.#value(depth)];
  }

  #list<Item>(end: ']' | '}', item: () => Item): Item[] {
    const items: Item[] = [];
    this.#next();
    while (this.#token.sign !== end) {
      items.push(item());
      if (this.#token.sign === ',') this.#next();
      else if (this.#token.sign !== end) throw this.#wanted(`"," or "${end}"`);
    }
    this.#next();
    return items;
  }

  #next(): void {
    this.#token = this.#read();
  }

  #read(): Token {
    TOKEN.lastIndex = this.#at;
    const [all = '', sign, double, single, number, word, odd] = TOKEN.exec(this.#text) ?? [];
    this.#at += all.length;
    const text = sign ?? word ?? odd ?? number ?? `'${double ?? single}'`;
    this.#token = { sign, word, text, value: undefined };
    const quoted = double ?? single;
    return { sign, word, text, value: number !== undefined ? Number(number) : quoted === undefined ? undefined : this.#unquoted(quoted) };
  }

  #unquoted(inner: string): string {
    const escaped = inner.replace(/\\.|"/g, (found) => (found === '"' ? '\\"' : found === "\\'" ? "'" : found));
    try {
      return JSON.parse(`"${escaped}"`);
    } catch {
      throw this.#wanted('a text whose backslashes are those of JSON');
    }
  }

  #wanted(what: string): Error {
    const line = this.#text.slice(0, this.#at).split('\n').length;
    const got = this.#token.text === '' ? 'the text ends' : `there is ${this.#token.text}`;
    return new Error(`This cannot be read: in line ${line} ${got}, wanted is ${what}.`);
  }
}
