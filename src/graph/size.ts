/**
 * Sizes of tensors: whole numbers, or expressions over open sizes such as `batch` and `ceil(width/2)`. An expression is a sum
 * of products in one normal form, so that two sizes are known to be equal if their texts are.
 */

/** A size that is known only when the inputs are: a sum of {@link Term}s. */
export interface OpenSize {
  /** The normal form, for example `4*batch + ceil(width/2)`. {@link parseSize} reads it. */
  readonly text: string;
  readonly terms: readonly Term[];
}

/** A size, or a whole number that sizes are computed from, which may be negative. */
export type Size = number | OpenSize;

/** A factor times atoms; without atoms, the constant part of a sum. */
interface Term {
  readonly factor: number;
  readonly atoms: readonly Atom[];
}

/** What a product is made of: a named open size, or a function of two sizes. */
type Atom =
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'floor' | 'ceil' | 'max'; readonly text: string; readonly left: Size; readonly right: Size };

/** Names of open sizes. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const FUNCTIONS: ReadonlySet<string> = new Set(['floor', 'ceil', 'max']);

/** An open size of a name such as `batch`. @throws {RangeError} if the name is none */
export function openSize(name: string): OpenSize {
  if (!NAME.test(name) || FUNCTIONS.has(name)) throw new RangeError(`"${name}" cannot name an open size.`);
  return fromTerms([{ factor: 1, atoms: [{ kind: 'name', text: name }] }]) as OpenSize;
}

export const isOpen = (size: Size): size is OpenSize => typeof size !== 'number';

/** The text of a size: its number, or the normal form of its expression. */
export const sizeText = (size: Size): string => (isOpen(size) ? size.text : String(size));

/** Whether two sizes are equal for all values of the open sizes. Expressions that differ in form may still be equal: then this is false. */
export const isSameSize = (a: Size, b: Size): boolean => sizeText(a) === sizeText(b);

export const add = (a: Size, b: Size): Size => (isOpen(a) || isOpen(b) ? fromTerms([...termsOf(a), ...termsOf(b)]) : a + b);

export const subtract = (a: Size, b: Size): Size => add(a, multiply(b, -1));

export function multiply(a: Size, b: Size): Size {
  if (!isOpen(a) && !isOpen(b)) return a * b;
  return fromTerms(
    termsOf(a).flatMap((left) =>
      termsOf(b).map((right) => ({ factor: left.factor * right.factor, atoms: [...left.atoms, ...right.atoms] })),
    ),
  );
}

/** The product of sizes: the number of elements of a shape. */
export const product = (sizes: readonly Size[]): Size => sizes.reduce<Size>(multiply, 1);

export const sum = (sizes: readonly Size[]): Size => sizes.reduce<Size>(add, 0);

/** a / b, rounded towards minus infinity. */
export const floorDivide = (a: Size, b: Size): Size => divide('floor', a, b);

/** a / b, rounded towards infinity. */
export const ceilDivide = (a: Size, b: Size): Size => divide('ceil', a, b);

/** a modulo b, with the sign of b. */
export const modulo = (a: Size, b: Size): Size => subtract(a, multiply(floorDivide(a, b), b));

export function max(a: Size, b: Size): Size {
  const difference = subtract(a, b);
  if (!isOpen(difference)) return difference >= 0 ? a : b;
  const [left, right] = sizeText(a) <= sizeText(b) ? [a, b] : [b, a];
  return atom({ kind: 'max', text: `max(${sizeText(left)}, ${sizeText(right)})`, left, right });
}

export const min = (a: Size, b: Size): Size => subtract(add(a, b), max(a, b));

/** a / b if b divides a for all values of the open sizes; else undefined. */
export function exactQuotient(a: Size, b: Size): Size | undefined {
  if (b === 0) return undefined;
  if (isSameSize(a, b)) return 1;
  const [divisor, ...others] = termsOf(b);
  if (divisor === undefined || others.length > 0) return undefined;
  const quotients = termsOf(a).map((term) => divideTerm(term, divisor));
  return quotients.every((term) => term !== undefined) ? fromTerms(quotients) : undefined;
}

/**
 * The number that a size is for given open sizes.
 * @throws {RangeError} if an open size has no value, or a division is by zero
 */
export function evaluate(size: Size, values: ReadonlyMap<string, number>): number {
  if (!isOpen(size)) return size;
  const atomValue = (each: Atom): number => {
    if (each.kind === 'name') {
      const value = values.get(each.text);
      if (value === undefined) throw new RangeError(`The open size "${each.text}" has no value.`);
      return value;
    }
    const [left, right] = [evaluate(each.left, values), evaluate(each.right, values)];
    if (each.kind === 'max') return Math.max(left, right);
    if (right === 0) throw new RangeError(`"${each.text}" divides by zero.`);
    return each.kind === 'floor' ? Math.floor(left / right) : Math.ceil(left / right);
  };
  return size.terms.reduce((total, { factor, atoms }) => total + atoms.reduce((value, each) => value * atomValue(each), factor), 0);
}

/** The names of the open sizes that a size depends on. */
export function namesIn(size: Size): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (each: Size): void => {
    for (const { atoms } of termsOf(each)) {
      for (const part of atoms) {
        if (part.kind === 'name') names.add(part.text);
        else [part.left, part.right].forEach(visit);
      }
    }
  };
  visit(size);
  return names;
}

function divide(kind: 'floor' | 'ceil', a: Size, b: Size): Size {
  if (b === 0) throw new RangeError(`${sizeText(a)} is divided by zero.`);
  if (!isOpen(a) && !isOpen(b)) return kind === 'floor' ? Math.floor(a / b) : Math.ceil(a / b);
  const quotient = exactQuotient(a, b);
  if (quotient !== undefined) return quotient;
  // Terms that the divisor divides leave the rounding: floor((4*batch + width)/2) is 2*batch + floor(width/2).
  const [divisor, ...others] = termsOf(b);
  const split = termsOf(a).map((term) => ({ term, whole: others.length === 0 && divisor ? divideTerm(term, divisor) : undefined }));
  const whole = split.flatMap((each) => (each.whole ? [each.whole] : []));
  const left = fromTerms(split.flatMap(({ term, whole }) => (whole ? [] : [term])));
  const text = `${kind}(${grouped(left)}/${grouped(b)})`;
  return add(fromTerms(whole), atom({ kind, text, left, right: b }));
}

function divideTerm(term: Term, divisor: Term): Term | undefined {
  const factor = term.factor / divisor.factor;
  if (!Number.isSafeInteger(factor)) return undefined;
  const atoms = [...term.atoms];
  for (const { text } of divisor.atoms) {
    const index = atoms.findIndex((each) => each.text === text);
    if (index < 0) return undefined;
    atoms.splice(index, 1);
  }
  return { factor, atoms };
}

const atom = (each: Atom): Size => fromTerms([{ factor: 1, atoms: [each] }]);

const termsOf = (size: Size): readonly Term[] => {
  if (isOpen(size)) return size.terms;
  return size === 0 ? [] : [{ factor: size, atoms: [] }];
};

/** Adds terms of the same atoms, and puts terms and atoms in order. */
function fromTerms(terms: readonly Term[]): Size {
  const byAtoms = new Map<string, Term>();
  for (const { factor, atoms } of terms) {
    const sorted = atoms.toSorted((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)));
    const key = sorted.map(({ text }) => text).join('*');
    byAtoms.set(key, { factor: factor + (byAtoms.get(key)?.factor ?? 0), atoms: sorted });
  }
  // The constant part has the empty key and comes last.
  const kept = [...byAtoms].filter(([, { factor }]) => factor !== 0);
  const ordered = kept.toSorted(([a], [b]) => Number(a === '') - Number(b === '') || (a < b ? -1 : Number(a > b)));
  const sorted = ordered.map(([, term]) => term);
  const [first] = sorted;
  if (first === undefined) return 0;
  if (first.atoms.length === 0) return first.factor;
  const text = ordered
    .map(([key, { factor }], index) => {
      const size = Math.abs(factor);
      const body = key === '' ? String(size) : size === 1 ? key : `${size}*${key}`;
      if (index === 0) return factor < 0 ? `-${body}` : body;
      return `${factor < 0 ? '-' : '+'} ${body}`;
    })
    .join(' ');
  return { text, terms: sorted };
}

/** The text of a size as one operand: a sum or a product stands in parentheses. */
function grouped(size: Size): string {
  const text = sizeText(size);
  return /^-?\d+$/.test(text) || NAME.test(text) ? text : `(${text})`;
}

/** Longest text of a size, and how deep its parentheses may be nested. */
const MAX_LENGTH = 1_000;
const MAX_DEPTH = 32;

/**
 * Reads a size from its text.
 * @throws {RangeError} if the text is none
 */
export function parseSize(text: string): Size {
  if (text.length > MAX_LENGTH) throw new RangeError(`A size of ${text.length} characters is too long; ${MAX_LENGTH} are allowed.`);
  const tokens = text.match(/\d+|[A-Za-z_]\w*|[-+*/(),]|\S/g) ?? [];
  let at = 0;
  let depth = 0;
  const wrong = () => new RangeError(`"${text}" is no size.`);
  const take = (wanted: string): boolean => {
    if (tokens[at] !== wanted) return false;
    at++;
    return true;
  };
  const expect = (wanted: string): void => {
    if (!take(wanted)) throw wrong();
  };
  const parseSum = (): Size => {
    if (++depth > MAX_DEPTH) throw wrong();
    let total = take('-') ? multiply(parseProduct(), -1) : parseProduct();
    for (;;) {
      if (take('+')) total = add(total, parseProduct());
      else if (take('-')) total = subtract(total, parseProduct());
      else break;
    }
    depth--;
    return total;
  };
  const parseProduct = (): Size => {
    let total = parseOperand();
    while (take('*')) total = multiply(total, parseOperand());
    return total;
  };
  const parseOperand = (): Size => {
    const token = tokens[at++] ?? '';
    if (token === '(') {
      const inner = parseSum();
      expect(')');
      return inner;
    }
    if (/^\d+$/.test(token)) {
      const value = Number(token);
      if (!Number.isSafeInteger(value)) throw wrong();
      return value;
    }
    if (!FUNCTIONS.has(token)) return NAME.test(token) ? openSize(token) : fail();
    expect('(');
    const left = parseSum();
    expect(token === 'max' ? ',' : '/');
    const right = parseSum();
    expect(')');
    if (token === 'max') return max(left, right);
    return token === 'floor' ? floorDivide(left, right) : ceilDivide(left, right);
  };
  const fail = (): never => {
    throw wrong();
  };
  const size = parseSum();
  if (at !== tokens.length) throw wrong();
  return size;
}
