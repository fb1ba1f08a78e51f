/** One family of errors, told apart by a code that survives every crossing. */
import { readdirSync, readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asPannierError, ERROR_CODES, type ErrorCode, fromWire, messageOf, PannierError, toWire } from '../../src/base/errors.js';

const codes = Object.keys(ERROR_CODES) as ErrorCode[];

it('is an Error with a name of its own', () => {
  const cause = new TypeError('why');
  const error = new PannierError('input', 'what', { input: 'x' }, { cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: 'PannierError', code: 'input', detail: { input: 'x' }, cause, retryable: false });
});

describe('the address in the docs', () => {
  const at = (code: ErrorCode) => ` (node_modules/pannier/docs/errors.md#${code})`;
  it('ends every message, and names a section that ships', () => {
    const page = readFileSync('docs/errors.md', 'utf8');
    const files = JSON.parse(readFileSync('package.json', 'utf8')).files;
    expect(files).toContain('docs');
    for (const code of codes) {
      expect(new PannierError(code, 'What. Do this.').message).toBe(`What. Do this.${at(code)}`);
      expect(page).toContain(`\n## \`${code}\`\n`);
    }
  });
  it('stands there once, also where one error tells of another or comes from another thread', () => {
    const inner = new PannierError('offline', 'The shard did not come.');
    expect(new PannierError('timeout', `Late: ${inner.message} Sorry.`).message).toBe(
      `Late: The shard did not come. Sorry.${at('timeout')}`,
    );
    const twice = fromWire(structuredClone(toWire(fromWire(structuredClone(toWire(inner))))));
    expect(twice.message).toBe(inner.message);
    expect(twice.stack).toBe(inner.stack);
  });
  it('is left out where a message becomes a part of a sentence', () => {
    expect(messageOf(new PannierError('offline', 'It did not come.'))).toBe('It did not come.');
    expect(messageOf({ message: `It did not come.${at('offline')}` })).toBe('It did not come.');
  });
});

it('is recognised when another copy of the library threw it', () => {
  const thrown: unknown = runInNewContext(
    "class PannierError extends Error { name = 'PannierError'; code = 'offline' } new PannierError('away')",
  );
  expect(thrown instanceof PannierError && thrown.code).toBe('offline');
  expect(
    [new Error('x'), { code: 'offline' }, null, undefined, 'PannierError'].some((each) => (each as unknown) instanceof PannierError),
  ).toBe(false);
});

it('says which failures may pass', () => {
  const retryable = codes.filter((code) => new PannierError(code, '').retryable);
  expect(retryable.sort()).toEqual(['device-lost', 'offline', 'timeout', 'worker-crashed', 'worker-unresponsive']);
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

it('has a section for every code in docs/errors.md, in one order: what and why, then what to do', () => {
  const sections = readFileSync('docs/errors.md', 'utf8').matchAll(/^## `([\w-]+)`\n\n((?:.|\n(?!## ))*)/gm);
  const paragraphs = [...sections].map(([, code, text = '']) => ({ code, count: text.trim().split('\n\n').length }));
  expect(paragraphs.map(({ code }) => code)).toEqual(codes);
  expect(paragraphs.filter(({ count }) => count < 2)).toEqual([]);
});

it('has a row for every code of a note in docs/errors.md', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const noted = sources.flatMap((name) =>
    [...readFileSync(`src/${name}`, 'utf8').matchAll(/\bnote(?:s\.add)?\('([\w-]+)'|notes\.push\(\{ code: '([\w-]+)'/g)].map(
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
          expect({ ...back, message: back.message, stack: back.stack }).toEqual({ ...error, message: error.message, stack: error.stack });
          expect(messageOf(back)).toBe(message);
        },
      ),
    );
  });
  it('keeps an error without a stack', () => {
    const error = new PannierError('predict', 'what');
    delete (error as { stack?: string }).stack;
    expect(messageOf(fromWire(structuredClone(toWire(error))))).toBe('what');
  });
});

describe('anything thrown', () => {
  it('stays itself where it is one of ours', () => {
    const error = new PannierError('timeout', 'late');
    expect(asPannierError(error, 'predict', 'context')).toBe(error);
  });
  it('becomes one, with its cause', () => {
    const thrown = new RangeError('too long');
    const error = asPannierError(thrown, 'predict', 'Running failed');
    expect(error).toMatchObject({ code: 'predict', cause: thrown });
    expect(messageOf(error)).toBe('Running failed: too long');
    expect(messageOf(asPannierError('text', 'predict', ''))).toBe('text');
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
