/** Reads sizes from their texts. */
import {
  add,
  ceilDivide,
  floorDivide,
  isSizeName,
  MAX_SIZE_DEPTH,
  MAX_SIZE_LENGTH,
  max,
  multiply,
  openSize,
  type Size,
  subtract,
} from './size.js';

/**
 * Reads a size from its text, which need not be the normal form.
 * @throws {RangeError} with the part of a sentence that follows a subject, if the text is no size
 */
export function parseSize(text: string): Size {
  if (text.length > MAX_SIZE_LENGTH) throw new RangeError(`has a size of ${text.length} characters; ${MAX_SIZE_LENGTH} are allowed`);
  return new SizeReader(text).size();
}

/** Functions of two sizes, and what stands between these. */
const FUNCTIONS: Readonly<Record<string, readonly [between: string, f: (left: Size, right: Size) => Size]>> = {
  floor: ['/', floorDivide],
  ceil: ['/', ceilDivide],
  max: [',', max],
};

/** A parser by recursive descent. */
class SizeReader {
  readonly #text: string;
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = text.match(/\d+|[A-Za-z_]\w*|\S/g) ?? [];
  }

  size(): Size {
    const size = this.#sum();
    if (this.#at !== this.#tokens.length) throw this.#wrong();
    return size;
  }

  #sum(): Size {
    if (++this.#depth > MAX_SIZE_DEPTH) throw this.#wrong();
    let total = this.#take('-') ? multiply(this.#product(), -1) : this.#product();
    for (;;) {
      if (this.#take('+')) total = add(total, this.#product());
      else if (this.#take('-')) total = subtract(total, this.#product());
      else break;
    }
    this.#depth--;
    return total;
  }

  #product(): Size {
    let total = this.#operand();
    while (this.#take('*')) total = multiply(total, this.#operand());
    return total;
  }

  #operand(): Size {
    const token = this.#tokens[this.#at++] ?? '';
    if (token === '(') {
      const inner = this.#sum();
      this.#expect(')');
      return inner;
    }
    if (/^\d+$/.test(token) && Number.isSafeInteger(Number(token))) return Number(token);
    if (isSizeName(token)) return openSize(token);
    const [between, f] = (Object.hasOwn(FUNCTIONS, token) ? FUNCTIONS[token] : undefined) ?? [];
    if (between === undefined || f === undefined) throw this.#wrong();
    this.#expect('(');
    const left = this.#sum();
    this.#expect(between);
    const right = this.#sum();
    this.#expect(')');
    return f(left, right);
  }

  #take(wanted: string): boolean {
    if (this.#tokens[this.#at] !== wanted) return false;
    this.#at++;
    return true;
  }

  #expect(wanted: string): void {
    if (!this.#take(wanted)) throw this.#wrong();
  }

  #wrong(): RangeError {
    return new RangeError(`has the size "${this.#text}", which is none`);
  }
}
