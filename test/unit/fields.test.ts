/** The one reader of unchecked fields, and the words of its messages. */

import { expect, describe as group, it } from 'vitest';
import { describe } from '../../src/base/describe.js';
import { shapeText } from '../../src/base/dtype.js';
import { boolean, type Check, checkCall, choice, fields, list, type Origin, optional, text } from '../../src/base/fields.js';
import { finite, record } from '../../src/base/lazy-checks.js';
import { nearest } from '../../src/base/nearest.js';

const ORIGIN: Origin = { code: 'manifest', whole: 'The file', part: "The file's ", next: 'Write it again.' };
const read = (check: Check, value: unknown) => () => check({ origin: ORIGIN, value, path: '' });

group('a field that is not as wanted', () => {
  const check = fields({
    name: text,
    sizes: list(finite),
    layers: record(fields({ kind: choice('dense', 'conv'), frozen: optional(boolean) })),
  });
  const good = { name: 'm', sizes: [1, 2], layers: { first: { kind: 'dense' } }, more: 1 };
  it('is none where all are', () => expect(read(check, good)).not.toThrow());
  it.each<[unknown, string, string]>([
    [null, '', 'The file should be an object, but is null. Write it again.'],
    [{ ...good, name: '' }, 'name', `The file's name should be a text, but is "". Write it again.`],
    [{ ...good, sizes: [1, '2'] }, 'sizes[1]', `The file's sizes[1] should be a finite number, but is "2".`],
    [{ ...good, sizes: Array(1) }, 'sizes[0]', `The file's sizes[0] should be a finite number, but is undefined.`],
    [{ ...good, sizes: {} }, 'sizes', `The file's sizes should be an array, but is an object.`],
    [{ ...good, layers: new Map() }, 'layers', `The file's layers should be an object, but is Map.`],
    [
      { ...good, layers: { 'a b': { kind: 'pool' } } },
      'layers["a b"].kind',
      `The file's layers["a b"].kind should be "dense" or "conv", but is "pool".`,
    ],
    [
      { ...good, layers: { a: { kind: 'conv', frozen: null } } },
      'layers["a"].frozen',
      `The file's layers["a"].frozen should be true or false, but is null.`,
    ],
  ])('is named: %o', (value, field, message) =>
    expect(read(check, value)).toThrow(
      expect.objectContaining({ code: 'manifest', message: expect.stringContaining(message), detail: expect.objectContaining({ field }) }),
    ),
  );
});

group('options of a call', () => {
  const given = (options: unknown) => () => checkCall<{ trace: boolean; name?: string }>('run', options, { trace: boolean, name: text });
  it('may be left out or undefined', () => expect(given({ name: undefined })).not.toThrow());
  it.each<[unknown, string]>([
    [[], 'run takes an object of options, but got an array of 0.'],
    [{ trase: true }, 'run has no option "trase"; it takes trace, name. Is trace meant?'],
    [{ colour: 1 }, 'run has no option "colour"; it takes trace, name. ('],
    [{ name: 5 }, "run's option name should be a text, but is 5."],
  ])('are refused: %o', (options, message) =>
    expect(given(options)).toThrow(expect.objectContaining({ code: 'options', message: expect.stringContaining(message) })),
  );
});

group('the nearest word', () => {
  const words = ['quantize', 'out', 'model', 'inputs', 'check'];
  it.each([
    ['quantise', 'quantize'],
    ['quatnize', 'quantize'],
    ['qauntise', undefined],
    ['outt', 'out'],
    ['mdoel', 'model'],
    ['input', 'inputs'],
    ['', undefined],
    ['m', undefined],
    ['colour', undefined],
    ['x'.repeat(1e5), undefined],
  ])('to %s', (typed, word) => expect(nearest(typed, words)).toBe(word));
});

it.each<[unknown, string]>([
  ['a\nb', '"a\\nb"'],
  ['x'.repeat(1e5), `"${'x'.repeat(76)}…`],
  [5n, '5'],
  [Symbol('s'), 'Symbol(s)'],
  [Object.create(null), 'an object'],
  [new Float32Array(2), 'Float32Array'],
  [[1, 2], 'an array of 2'],
  [() => 1, 'Function'],
  [undefined, 'undefined'],
])('says what %o is', (value, words) => expect(describe(value)).toBe(words));

it('shows open sizes and unknown ranks', () => expect([shapeText([1, null, 3]), shapeText(null)]).toEqual(['[1, ?, 3]', 'any rank']));
