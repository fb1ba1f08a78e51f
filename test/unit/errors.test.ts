/** One family of errors, told apart by a code that survives every crossing. */
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
  expect(retryable.sort()).toEqual(['device-lost', 'http-status', 'offline', 'timeout', 'worker-crashed']);
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
