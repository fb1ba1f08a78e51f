/** One family of errors, told apart by a code that survives every crossing. */
import { readdirSync, readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asPannierError, ERROR_CODES, type ErrorCode, fromWire, messageOf, PannierError, toWire } from '../../src/errors.js';

const codes = Object.keys(ERROR_CODES) as ErrorCode[];

it('is an Error with a name of its own', () => {
  const cause = new TypeError('why');
  const error = new PannierError('input', 'what', { input: 'x' }, { cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: 'PannierError', code: 'input', message: 'what', detail: { input: 'x' }, cause, retryable: false });
});

it('says which failures may pass', () => {
  const retryable = codes.filter((code) => new PannierError(code, '').retryable);
  expect(retryable.sort()).toEqual(['device-lost', 'offline', 'timeout', 'worker-crashed']);
});

it.each([
  [404, false],
  [403, false],
  [408, true],
  [425, true],
  [429, true],
  [500, true],
  [503, true],
  [undefined, false],
])('says of an http-status of %s whether it may pass: %s', (status, retryable) => {
  expect(new PannierError('http-status', '', { status }).retryable).toBe(retryable);
});

it('has a section for every code in docs/errors.md, in one order', () => {
  const sections = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^## `([\w-]+)`\n\n\S/gm)].map(([, code]) => code);
  expect(sections).toEqual(codes);
});

it('has a row for every code of a note in docs/errors.md', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const noted = sources.flatMap((name) =>
    [...readFileSync(`src/${name}`, 'utf8').matchAll(/\bnote\('([\w-]+)'|notes\.push\(\{ code: '([\w-]+)'/g)].map(
      ([, one, other]) => one ?? other,
    ),
  );
  const [, table = ''] = readFileSync('docs/errors.md', 'utf8').split('\n## Notes\n');
  const rows = [...table.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, code]) => code);
  expect([...new Set(noted)].sort()).toEqual(rows.sort());
});

describe('on the wire', () => {
  it('keeps code, message, detail, stack and retryable through a structured clone', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...codes),
        fc.string(),
        fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
        (code, message, detail) => {
          const error = new PannierError(code, message, detail);
          const back = fromWire(structuredClone(toWire(error)));
          expect(back).toBeInstanceOf(PannierError);
          expect({ ...back, message: back.message, stack: back.stack }).toEqual({ ...error, message, stack: error.stack });
        },
      ),
    );
  });
  it('keeps an error without a stack', () => {
    const error = new PannierError('predict', 'what');
    delete (error as { stack?: string }).stack;
    expect(fromWire(structuredClone(toWire(error))).message).toBe('what');
  });
});

describe('anything thrown', () => {
  it('stays itself where it is one of ours', () => {
    const error = new PannierError('timeout', 'late');
    expect(asPannierError(error, 'predict', 'context')).toBe(error);
  });
  it('becomes one, with its cause', () => {
    const thrown = new RangeError('too long');
    expect(asPannierError(thrown, 'predict', 'Running failed')).toMatchObject({
      code: 'predict',
      message: 'Running failed: too long',
      cause: thrown,
    });
    expect(asPannierError('text', 'predict', '').message).toBe('text');
  });
  it.each([
    [new Error('an error'), 'an error'],
    [{ message: 'TF.js rejects with plain objects' }, 'TF.js rejects with plain objects'],
    [runInNewContext('new Error("of another realm")'), 'of another realm'],
    [null, 'null'],
    [undefined, 'undefined'],
    ['text', 'text'],
    [42, '42'],
    [Symbol('s'), 'Symbol(s)'],
  ])('has a message: %s', (thrown, message) => expect(messageOf(thrown)).toBe(message));
});
