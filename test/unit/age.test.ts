/** How old a model is, by a clock that the test sets. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ageOf } from '../../src/drift/index.js';
import { fakeModel as fakeOf } from '../../src/testing/index.js';
import { fakeModel } from '../fixtures/fakes.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

const { manifest } = fakeModel();
const at = (clock: string, aged: { packedAt?: string; staleAfterDays?: number }) => {
  vi.setSystemTime(clock);
  return ageOf(fakeOf({ ...manifest, ...aged }));
};

describe('the age of a model', () => {
  const packedAt = '2026-01-01';
  it.each([
    ['2026-01-01T00:00:00Z', 0],
    ['2026-01-01T23:59:59Z', 0],
    ['2026-01-02T00:00:00Z', 1],
    ['2026-03-31T12:00:00Z', 89],
    ['2027-01-01T00:00:00Z', 365],
  ])('at %s is %i whole days', (clock, days) => expect(at(clock, { packedAt }).days).toBe(days));

  it('counts from a time in its zone', () => {
    const aged = { packedAt: '2026-01-01T22:00:00-05:00' };
    expect([at('2026-01-03T02:59:59Z', aged).days, at('2026-01-03T03:00:00Z', aged).days]).toEqual([0, 1]);
  });
  it('is 0 where the day has not begun here, and not known where the clock is further back', () => {
    expect(at('2025-12-31T10:00:00Z', { packedAt }).days).toBe(0);
    expect(at('2025-12-30T23:59:59Z', { packedAt, staleAfterDays: 1 })).toEqual({ days: undefined, stale: false });
    expect(at('1970-01-01T00:00:00Z', { packedAt, staleAfterDays: 1 })).toEqual({ days: undefined, stale: false });
  });
  it('is not known where nobody said when it was packed', () =>
    expect(at('2026-01-01T00:00:00Z', { staleAfterDays: 1 })).toEqual({ days: undefined, stale: false }));
  it('makes it stale from the day on that the packer was told, and without one never', () => {
    const aged = { packedAt, staleAfterDays: 90 };
    expect([at('2026-03-31T23:59:59Z', aged), at('2026-04-01T00:00:00Z', aged), at('2036-04-01T00:00:00Z', { packedAt })]).toEqual([
      { days: 89, stale: false },
      { days: 90, stale: true },
      { days: 3743, stale: false },
    ]);
  });
});

it('a promise of a model has no age, and the message asks for the await', () => {
  expect(() => ageOf(Promise.resolve(fakeOf(manifest)) as never)).toThrow(
    /^ageOf wants a loaded model, but got Promise; is an await missing\?/,
  );
  expect(() => ageOf(undefined as never)).toThrow(expect.objectContaining({ code: 'input', detail: { got: 'Undefined' } }));
});
