/** How old a model is, by a clock that the test sets. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isDate } from '../../src/base/date.js';
import { infoOf } from '../../src/predict/info.js';
import { fakeModel } from '../fixtures/fakes.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

const { manifest } = fakeModel();
const at = (clock: string, aged: { packedAt?: string; staleAfterDays?: number }) => {
  vi.setSystemTime(clock);
  const { ageDays, stale } = infoOf({ ...manifest, ...aged });
  return { ageDays, stale };
};

describe('the age of a model', () => {
  const packedAt = '2026-01-01';
  it.each([
    ['2026-01-01T00:00:00Z', 0],
    ['2026-01-01T23:59:59Z', 0],
    ['2026-01-02T00:00:00Z', 1],
    ['2026-03-31T12:00:00Z', 89],
    ['2027-01-01T00:00:00Z', 365],
  ])('at %s is %i whole days', (clock, ageDays) => expect(at(clock, { packedAt }).ageDays).toBe(ageDays));

  it('counts from a time in its zone', () => {
    const aged = { packedAt: '2026-01-01T22:00:00-05:00' };
    expect([at('2026-01-03T02:59:59Z', aged).ageDays, at('2026-01-03T03:00:00Z', aged).ageDays]).toEqual([0, 1]);
  });
  it('is 0 where the day has not begun here, and not known where the clock is further back', () => {
    expect(at('2025-12-31T10:00:00Z', { packedAt }).ageDays).toBe(0);
    expect(at('2025-12-30T23:59:59Z', { packedAt, staleAfterDays: 1 })).toEqual({ ageDays: undefined, stale: false });
    expect(at('1970-01-01T00:00:00Z', { packedAt, staleAfterDays: 1 })).toEqual({ ageDays: undefined, stale: false });
  });
  it('is not known where nobody said when it was packed', () =>
    expect(at('2026-01-01T00:00:00Z', { staleAfterDays: 1 })).toEqual({ ageDays: undefined, stale: false }));
  it('makes it stale from the day on that the packer was told, and without one never', () => {
    const aged = { packedAt, staleAfterDays: 90 };
    expect([at('2026-03-31T23:59:59Z', aged), at('2026-04-01T00:00:00Z', aged), at('2036-04-01T00:00:00Z', { packedAt })]).toEqual([
      { ageDays: 89, stale: false },
      { ageDays: 90, stale: true },
      { ageDays: 3743, stale: false },
    ]);
  });
});

it('what a model says about itself has its version, and leaves out what nobody said', () => {
  vi.setSystemTime('2026-01-11');
  const { flops, controlFlow, version } = manifest;
  const bytes = expect.any(Number);
  expect(infoOf(manifest)).toEqual({ version, flops, controlFlow, bytes, ageDays: undefined, stale: false });
  expect(infoOf({ ...manifest, license: 'MIT', source: 'here', packedAt: '2026-01-01' })).toEqual({
    ...{ version, flops, controlFlow, bytes, license: 'MIT', source: 'here', packedAt: '2026-01-01', ageDays: 10, stale: false },
  });
});

it.each<[unknown, boolean]>([
  ['2026-02-28', true],
  ['2024-02-29', true],
  ['2026-11-22T10:30Z', true],
  ['2026-11-22T10:30:59.123+14:00', true],
  ['2026-02-29', false],
  ['2026-02-31T10:00:00Z', false],
  ['2026-13-01', false],
  ['2026-11-22T10:30', false],
  ['2026-11-22T25:00Z', false],
  ['2026-11-22T10:30+99:00', false],
  ['22.11.2026', false],
  ['2026-1-1', false],
  ['2026', false],
  ['yesterday', false],
  [' 2026-11-22', false],
  [20261122, false],
  [new Date(0), false],
])('%j is a date that every browser reads alike: %s', (value, is) => expect(isDate(value)).toBe(is));
