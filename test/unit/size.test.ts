/** Sizes of tensors: their normal form, their arithmetic against numbers, and texts that are none. */
import { describe, expect, it } from 'vitest';
import { mulberry32 } from '../../src/base/random.js';
import { parseSize } from '../../src/graph/parse-size.js';
import {
  add,
  ceilDivide,
  evaluate,
  exactQuotient,
  floorDivide,
  isSameSize,
  max,
  min,
  modulo,
  multiply,
  namesIn,
  openSize,
  product,
  type Size,
  sizeText,
  substitute,
  subtract,
  sum,
} from '../../src/graph/size.js';
import { LONG_MS, runs } from '../tier.js';

const [batch, height, width] = ['batch', 'height', 'width'].map(openSize) as [Size, Size, Size];

describe('the normal form', () => {
  it.each([
    ['4*batch*width', multiply(multiply(width, 4), batch)],
    ['batch + 2*width - 3', sum([width, -3, batch, width])],
    ['-batch + 1', subtract(1, batch)],
    ['batch*batch - 1', multiply(add(batch, 1), subtract(batch, 1))],
    ['0', subtract(width, width)],
    ['7', subtract(add(width, 7), width)],
    ['6', product([1, 2, 3])],
    ['0', multiply(width, 0)],
    ['ceil(width/2)', ceilDivide(width, 2)],
    ['ceil(width/2)', add(floorDivide(subtract(width, 1), 2), 1)],
    ['floor((width + 1)/3)', floorDivide(add(width, 1), 3)],
    ['floor(width/2) + 2', floorDivide(add(width, 4), 2)],
    ['2*batch + floor(width/2)', floorDivide(add(multiply(batch, 4), width), 2)],
    ['batch*width', floorDivide(multiply(batch, multiply(width, 2)), 2)],
    ['floor(width/2) + width', floorDivide(multiply(width, 3), 2)],
    ['floor(width/4)', floorDivide(floorDivide(width, 2), 2)],
    ['ceil(width/4)', ceilDivide(ceilDivide(width, 2), 2)],
    ['ceil(width/8)', ceilDivide(add(floorDivide(subtract(ceilDivide(width, 2), 1), 2), 1), 2)],
    ['floor(width/2)', floorDivide(multiply(width, 3), 6)],
    ['floor(width/2)', floorDivide(add(multiply(width, 2), 1), 4)],
    ['-ceil(width/2)', floorDivide(multiply(width, -1), 2)],
    ['-ceil(width/2)', floorDivide(width, -2)],
    ['floor((width + 1)/(batch + 1))', floorDivide(add(width, 1), add(batch, 1))],
    ['floor(1/batch) + width', floorDivide(add(multiply(width, batch), 1), batch)],
    ['-2*floor(width/2) + width', modulo(width, 2)],
    ['max(batch, width)', max(width, batch)],
    ['batch - max(batch, width) + width', min(batch, width)],
    ['batch + width', max(add(batch, width), batch)],
    ['batch', min(add(batch, width), batch)],
    ['width', max(0, width)],
    ['width + 2', max(add(width, 2), add(width, 1))],
    ['max(1, batch)', max(1, batch)],
    ['floor(max(batch, width)/2)', floorDivide(max(batch, width), 2)],
  ])('%s', (text, size) => expect(sizeText(size)).toBe(text));

  it('knows equal sizes by their texts', () => {
    expect(isSameSize(subtract(multiply(add(width, 1), 2), 2), multiply(2, width))).toBe(true);
    expect(isSameSize(width, height)).toBe(false);
    expect(isSameSize(3, 3)).toBe(true);
  });

  it('tells the names in it', () => {
    expect([...namesIn(max(ceilDivide(width, add(height, 1)), multiply(batch, 2)))].toSorted()).toEqual(['batch', 'height', 'width']);
    expect([...namesIn(7)]).toEqual([]);
  });
});

describe('exactQuotient', () => {
  it.each([
    [multiply(width, 6), 3, '2*width'],
    [multiply(width, 6), multiply(width, 2), '3'],
    [add(multiply(batch, 4), multiply(batch, width)), batch, 'width + 4'],
    [add(width, 1), add(width, 1), '1'],
    [12, 4, '3'],
    [0, 4, '0'],
  ])('%# divides', (a, b, text) => expect(sizeText(exactQuotient(a, b) as Size)).toBe(text));

  it.each([
    [width, 2],
    [multiply(width, 2), batch],
    [width, 0],
    [width, add(width, 1)],
    [7, 2],
  ])('%# does not divide', (a, b) => expect(exactQuotient(a, b)).toBeUndefined());
});

it('substitute leaves names without a number open', () => {
  const both = add(multiply(ceilDivide(width, 2), batch), max(width, 3));
  expect(sizeText(substitute(both, new Map([['width', 5]])))).toBe('3*batch + 5');
  expect(
    substitute(
      both,
      new Map([
        ['width', 5],
        ['batch', 2],
      ]),
    ),
  ).toBe(11);
});

describe('evaluate', () => {
  it('refuses an open size without a value, and a division by zero', () => {
    expect(() => evaluate(add(width, batch), new Map([['width', 1]]))).toThrow('has the open size "batch", which has no value');
    expect(() =>
      evaluate(
        floorDivide(width, batch),
        new Map([
          ['width', 1],
          ['batch', 0],
        ]),
      ),
    ).toThrow('divides by zero in "floor(width/batch)"');
    expect(() => floorDivide(width, 0)).toThrow('divides a size by zero');
    expect(() => ceilDivide(3, 0)).toThrow('divides a size by zero');
  });

  it('gives no -0', () => {
    expect([floorDivide(0, -2), ceilDivide(-1, 2), multiply(0, -1), evaluate(multiply(width, -1), new Map([['width', 0]]))]).toEqual([
      0, 0, 0, 0,
    ]);
  });
});

describe('a random size', () => {
  const names = ['batch', 'height', 'width'] as const;

  /** A random expression, as a size and as a number. An operation that is undefined for these numbers is left out. */
  function grow(next: () => number, values: ReadonlyMap<string, number>, depth: number): readonly [Size, number] {
    const pick = (count: number) => Math.floor(next() * count);
    if (depth === 0 || next() < 0.15) {
      const name = names[pick(3)] as string;
      if (next() < 0.6) return [openSize(name), values.get(name) as number];
      const constant = pick(9) - 3;
      return [constant, constant];
    }
    const [a, x] = grow(next, values, depth - 1);
    const [b, y] = grow(next, values, next() < 0.5 ? 0 : depth - 1);
    switch (pick(7)) {
      case 0:
        return [add(a, b), x + y];
      case 1:
        return [subtract(a, b), x - y];
      case 2:
        return [multiply(a, b), x * y + 0];
      case 3:
        return [max(a, b), Math.max(x, y)];
      case 4:
        return [min(a, b), Math.min(x, y)];
      case 5:
        return y === 0 ? [a, x] : [floorDivide(a, b), Math.floor(x / y) + 0];
      default:
        return y === 0 ? [a, x] : [ceilDivide(a, b), Math.ceil(x / y) + 0];
    }
  }

  it(
    'is the number that its expression is, and its text is read as the same size',
    () => {
      let refused = 0;
      const count = runs(100_000, 5_000);
      for (let seed = 0; seed < count; seed++) {
        const next = mulberry32(seed);
        const values = new Map(names.map((name) => [name, Math.floor(next() * 7)]));
        let grown: readonly [Size, number];
        try {
          grown = grow(next, values, 1 + (seed % 5));
        } catch (thrown) {
          if (!/expression is too long/.test((thrown as Error).message)) throw thrown;
          refused++;
          continue;
        }
        const [size, number] = grown;
        const text = sizeText(size);
        try {
          expect(evaluate(size, values)).toBe(number);
        } catch (thrown) {
          // A product with zero is left out of an expression, and so is a quotient that cancels; the rest may still divide by zero.
          expect((thrown as Error).message, `seed ${seed}: ${text}`).toMatch(/^divides by zero/);
        }
        expect(sizeText(parseSize(text)), `seed ${seed}`).toBe(text);
      }
      expect(refused).toBeLessThan(count / 10);
    },
    LONG_MS,
  );
});

describe('parseSize', () => {
  it.each([
    ['7', '7'],
    ['-3', '-3'],
    [' ( batch+ 1)*2 ', '2*batch + 2'],
    ['floor((width - 1)/2) + 1', 'ceil(width/2)'],
    ['max(width,batch)', 'max(batch, width)'],
    ['-ceil(width/2)', '-ceil(width/2)'],
    ['flooring', 'flooring'],
  ])('reads %j', (text, wanted) => expect(sizeText(parseSize(text))).toBe(wanted));

  it.each([
    '',
    ' ',
    '+',
    'a b',
    '2a',
    '1.5',
    '1e3',
    'a/2',
    'floor(a)',
    'floor(a,2)',
    'max(a/2)',
    'max',
    'floor',
    'min(a, b)',
    '(a',
    'a)',
    'a**b',
    'a--b',
    'größe',
    '__proto__()',
    'constructor(a/b)',
    'a;b',
    '9007199254740992',
    '\u0000',
  ])('refuses %j', (text) => expect(() => parseSize(text)).toThrow(new RangeError(`has the size "${text}", which is none`)));

  it.each([
    ['a long text', 'a+'.repeat(600)],
    ['deep parentheses', `${'('.repeat(60)}a${')'.repeat(60)}`],
    ['deep functions', `${'floor(1+'.repeat(40)}a${'/b)'.repeat(40)}`],
    ['a number that is not exact', '9007199254740991*2*a'],
    ['numbers beyond all', Array(60).fill('9007199254740991').join('*')],
    ['a product of many sums', Array.from({ length: 100 }, (_, index) => `(a${index}+b${index})`).join('*')],
    ['a power', Array(200).fill('(a+b+c)').join('*')],
    ['many quotients', Array.from({ length: 40 }, (_, index) => `(floor(a/b${index})+c${index})`).join('*')],
    ['a division by zero', 'floor(a/(b-b))'],
  ])('refuses %s at once', (_, text) => {
    const start = performance.now();
    expect(() => parseSize(text)).toThrow(RangeError);
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it('refuses to build what it could not read again', () => {
    let deep: Size = width;
    const deepen = () => {
      for (let depth = 0; depth < 100; depth++) deep = floorDivide(add(deep, 1), add(batch, 1));
    };
    expect(deepen).toThrow('has a size whose expression is too long');
    expect(sizeText(parseSize(sizeText(deep)))).toBe(sizeText(deep));
    expect(() => multiply(2 ** 40, 2 ** 40)).toThrow('which is too large');
    expect(() => openSize('max')).toThrow('has the open size "max", whose name is none');
  });
});
