/**
 * Sizes of tensors: whole numbers, or expressions over open sizes such as `batch` and `ceil(width/2)`. An expression is a sum
 * of products in one normal form, so that two sizes are known to be equal if their texts are. What is no exact whole number, and an
 * expression of too long a text, is a RangeError with the part of a sentence that follows a subject.
 */

/** A size that is known only when the inputs are: a sum of {@link Term}s. */
export interface OpenSize {
  /** The normal form, for example `4*batch + ceil(width/2)`. `parseSize` reads it. */
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

/** Longest text of a size, and how deep its parentheses may be nested. */
export const MAX_SIZE_LENGTH = 1_000;
export const MAX_SIZE_DEPTH = 32;

/** Names of open sizes. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const FUNCTIONS: ReadonlySet<string> = new Set(['floor', 'ceil', 'max']);

export const isSizeName = (name: string): boolean => NAME.test(name) && !FUNCTIONS.has(name);

/** An open size of a name such as `batch`. It is at least 0. @throws {RangeError} if the name is none */
export function openSize(name: string): OpenSize {
  if (!isSizeName(name)) throw new RangeError(`has the open size "${name}", whose name is none`);
  return fromTerms([{ factor: 1, atoms: [{ kind: 'name', text: name }] }]) as OpenSize;
}

export const isOpen = (size: Size): size is OpenSize => typeof size !== 'number';

/** The text of a size: its number, or the normal form of its expression. */
export const sizeText = (size: Size): string => (isOpen(size) ? size.text : String(size));

/** Whether two sizes are equal for all values of the open sizes. Expressions that differ in form may still be equal: then this is false. */
export const isSameSize = (a: Size, b: Size): boolean => sizeText(a) === sizeText(b);

export const add = (a: Size, b: Size): Size => (isOpen(a) || isOpen(b) ? fromTerms([...termsOf(a), ...termsOf(b)]) : exact(a + b));

export const subtract = (a: Size, b: Size): Size => add(a, multiply(b, -1));

export function multiply(a: Size, b: Size): Size {
  if (!isOpen(a) && !isOpen(b)) return exact(a * b);
  // Each term takes a character of the text at least.
  if (termsOf(a).length * termsOf(b).length > MAX_SIZE_LENGTH) throw new RangeError('has a size whose expression is too long');
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
  if (isNeverNegative(subtract(a, b))) return a;
  if (isNeverNegative(subtract(b, a))) return b;
  const [left, right] = [a, b].toSorted((one, other) => (sizeText(one) < sizeText(other) ? -1 : 1)) as [Size, Size];
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
      if (value === undefined) throw new RangeError(`has the open size "${each.text}", which has no value`);
      return value;
    }
    const [left, right] = [evaluate(each.left, values), evaluate(each.right, values)];
    if (each.kind === 'max') return Math.max(left, right);
    if (right === 0) throw new RangeError(`divides by zero in "${each.text}"`);
    return each.kind === 'floor' ? Math.floor(left / right) : Math.ceil(left / right);
  };
  return size.terms.reduce((total, { factor, atoms }) => total + atoms.reduce((value, each) => value * atomValue(each), factor), 0);
}

/** A size in which the names that have a value are numbers. */
export function substitute(size: Size, values: ReadonlyMap<string, number>): Size {
  if (!isOpen(size)) return size;
  const substituted = (each: Atom): Size => {
    if (each.kind === 'name') return values.get(each.text) ?? openSize(each.text);
    const [left, right] = [substitute(each.left, values), substitute(each.right, values)];
    return each.kind === 'max' ? max(left, right) : divide(each.kind, left, right);
  };
  return sum(size.terms.map(({ factor, atoms }) => product([factor, ...atoms.map(substituted)])));
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

/** Whether a size is at least 0 whatever its open sizes are. False may mean that it is not known. */
function isNeverNegative(size: Size): boolean {
  const isSafe = (each: Atom): boolean => {
    if (each.kind === 'name') return true;
    if (each.kind === 'max') return isNeverNegative(each.left) || isNeverNegative(each.right);
    return isNeverNegative(each.left) && isNeverNegative(each.right);
  };
  return termsOf(size).every(({ factor, atoms }) => factor > 0 && atoms.every(isSafe));
}

function divide(kind: 'floor' | 'ceil', a: Size, b: Size): Size {
  if (b === 0) throw new RangeError('divides a size by zero');
  if (!isOpen(a) && !isOpen(b)) return exact(kind === 'floor' ? Math.floor(a / b) : Math.ceil(a / b));
  const quotient = exactQuotient(a, b);
  if (quotient !== undefined) return quotient;
  if (!isOpen(b)) return divideByNumber(kind, a, b);
  // Terms that the divisor divides leave the rounding: floor((4*batch*width + 1)/batch) is 4*width + floor(1/batch).
  const [divisor, ...others] = termsOf(b) as [Term, ...Term[]];
  const split = termsOf(a).map((term) => ({ term, whole: others.length === 0 ? divideTerm(term, divisor) : undefined }));
  const whole = split.flatMap((each) => each.whole ?? []);
  const left = fromTerms(split.flatMap(({ term, whole }) => (whole === undefined ? [term] : [])));
  return add(fromTerms(whole), quotientAtom(kind, left, b));
}

/**
 * Divides by a number that is not 0. The normal form has no whole multiples of the divisor and no common factor below the line, and
 * is ⌈x/d⌉ where it can be, else ⌊(x + c)/d⌋ with 0 ≤ c < d - 1.
 */
function divideByNumber(kind: 'floor' | 'ceil', a: Size, b: number): Size {
  const [first] = termsOf(a) as [Term];
  if (b < 0) return divideByNumber(kind, multiply(a, -1), -b);
  if (first.factor < 0) return multiply(divideByNumber(kind === 'floor' ? 'ceil' : 'floor', multiply(a, -1), b), -1);
  const nested = divideNested(kind, a, b);
  if (nested !== undefined) return nested;
  const raised = kind === 'floor' ? a : add(a, b - 1);
  const whole = fromTerms(termsOf(raised).map(({ factor, atoms }) => ({ factor: quotientOf(factor, atoms, b), atoms })));
  const rest = termsOf(subtract(raised, multiply(whole, b)));
  const open = rest.filter(({ atoms }) => atoms.length > 0);
  const common = open.reduce((divisor, { factor }) => greatestDivisor(divisor, Math.abs(factor)), b);
  const left = fromTerms(open.map(({ factor, atoms }) => ({ factor: factor / common, atoms })));
  const constant = Math.floor((rest.find(({ atoms }) => atoms.length === 0)?.factor ?? 0) / common);
  const by = b / common;
  if (whole !== 0 || common > 1) return add(whole, divide('floor', add(left, constant), by));
  return constant === by - 1 ? quotientAtom('ceil', left, by) : quotientAtom('floor', add(left, constant), by);
}

/** How often a divisor goes into a term: towards zero, but the constant part leaves no negative rest. */
const quotientOf = (factor: number, atoms: readonly Atom[], by: number): number =>
  atoms.length === 0 ? Math.floor(factor / by) : Math.trunc(factor / by);

/** Divides a sum with one rounded quotient in it, which makes one quotient: ⌊(⌊x/e⌋ + y)/d⌋ is ⌊(x + e·y)/(e·d)⌋. */
function divideNested(kind: 'floor' | 'ceil', a: Size, by: number): Size | undefined {
  const inner = termsOf(a).flatMap(({ factor, atoms: [each, ...others] }) =>
    factor === 1 && others.length === 0 && (each?.kind === 'floor' || each?.kind === 'ceil') ? [each] : [],
  );
  const [quotient] = inner;
  if (quotient === undefined || inner.length > 1 || isOpen(quotient.right)) return undefined;
  const { left, right } = quotient;
  // ⌈x/e⌉ is ⌊(x + e - 1)/e⌋.
  const moved = quotient.kind === kind ? left : add(left, kind === 'floor' ? right - 1 : 1 - right);
  const others = subtract(a, atom(quotient));
  return divide(kind, add(moved, multiply(others, right)), multiply(right, by));
}

const quotientAtom = (kind: 'floor' | 'ceil', left: Size, right: Size): Size =>
  atom({ kind, text: `${kind}(${grouped(left)}/${grouped(right)})`, left, right });

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
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

/** A whole number that is exact, and no -0. */
function exact(value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`has the size ${value}, which is too large`);
  return value + 0;
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
  for (const { factor } of sorted) exact(factor);
  if (first.atoms.length === 0) return first.factor;
  const text = ordered
    .map(([key, { factor }], index) => {
      const size = Math.abs(factor);
      const body = key === '' ? String(size) : size === 1 ? key : `${size}*${key}`;
      if (index === 0) return factor < 0 ? `-${body}` : body;
      return `${factor < 0 ? '-' : '+'} ${body}`;
    })
    .join(' ');
  if (text.length > MAX_SIZE_LENGTH || depthOf(text) >= MAX_SIZE_DEPTH) throw new RangeError('has a size whose expression is too long');
  return { text, terms: sorted };
}

/** How deep the parentheses of a text are nested. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === '(') deepest = Math.max(deepest, ++depth);
    else if (character === ')') depth--;
  }
  return deepest;
}

/** The text of a size as one operand: a sum or a product stands in parentheses. */
function grouped(size: Size): string {
  const [term, ...others] = termsOf(size);
  const isOne = others.length === 0 && (term === undefined || term.atoms.length === 0 || (term.atoms.length === 1 && term.factor === 1));
  return isOne ? sizeText(size) : `(${sizeText(size)})`;
}
