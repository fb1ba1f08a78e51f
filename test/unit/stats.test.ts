/** What a model says its calls cost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Timing } from '../../src/base/timing.js';
import { CallRecord } from '../../src/predict/stats.js';

const timing = (totalMs: number, more: Partial<Timing> = {}): Timing => ({
  ...{ totalMs, queuedMs: 0, prepareMs: 0, transferMs: 0, computeMs: totalMs, readMs: 0, cold: false, backend: 'cpu' },
  ...more,
});

it('knows nothing before the first call', () => {
  const nothing = { p50Ms: undefined, p90Ms: undefined, p99Ms: undefined, perSecond: undefined };
  expect(new CallRecord().read()).toEqual({ count: 0, coldCount: 0, failedCount: 0, busyMs: 0, ...nothing });
});

describe('percentiles', () => {
  it('are the nearest rank', () => {
    const record = new CallRecord();
    for (let totalMs = 100; totalMs >= 1; totalMs--) record.add(timing(totalMs), 1_000 - totalMs);
    expect(record.read()).toMatchObject({ count: 100, p50Ms: 50, p90Ms: 90, p99Ms: 99 });
  });
  it('of one call are that call', () => {
    const record = new CallRecord();
    record.add(timing(7), 7);
    expect(record.read()).toMatchObject({ p50Ms: 7, p90Ms: 7, p99Ms: 7, perSecond: 1_000 / 7 });
  });
  it('leave cold calls and failures out, and count them', () => {
    const record = new CallRecord();
    record.add(timing(5_000, { cold: true }), 5_000);
    for (let call = 0; call < 10; call++) record.add(timing(10), 6_000 + call);
    record.fail();
    expect(record.read()).toMatchObject({ count: 11, coldCount: 1, failedCount: 1, p50Ms: 10, p99Ms: 10 });
  });
  it('forget all but the last 1 024', () => {
    const record = new CallRecord();
    for (let call = 0; call < 1_024; call++) record.add(timing(1_000), call);
    expect(record.read().p50Ms).toBe(1_000);
    for (let call = 0; call < 1_024; call++) record.add(timing(1), 1_024 + call);
    expect(record.read()).toMatchObject({ count: 2_048, p50Ms: 1, p99Ms: 1 });
  });
  it('are values that occurred, in order, for any calls', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 3_000 }), (totals) => {
        const record = new CallRecord();
        for (const [index, totalMs] of totals.entries()) record.add(timing(totalMs), index);
        const { p50Ms, p90Ms, p99Ms } = record.read();
        const kept = totals.slice(-1_024).toSorted((a, b) => a - b);
        expect([p50Ms, p90Ms, p99Ms]).toEqual([0.5, 0.9, 0.99].map((share) => kept[Math.ceil(kept.length * share) - 1]));
      }),
      { numRuns: 50 },
    );
  });
});

describe('answers per second', () => {
  it('leave out the pauses between calls', () => {
    const record = new CallRecord();
    for (let call = 0; call < 10; call++) record.add(timing(50), 10_000 + call * 1_000);
    expect(record.read().perSecond).toBeCloseTo(20);
  });
  it('count time that calls share once', () => {
    const record = new CallRecord();
    // Two at a time: each takes 100 ms, one ends every 50 ms.
    for (let call = 0; call < 10; call++) record.add(timing(100), 10_000 + call * 50);
    expect(record.read().perSecond).toBeCloseTo(10_000 / (100 + 9 * 50));
  });
});

it('adds up the time in which a backend was busy, cold calls included', () => {
  const record = new CallRecord();
  const parts = { queuedMs: 100, prepareMs: 1, transferMs: 50, computeMs: 2 };
  record.add(timing(156, { ...parts, readMs: 3, cold: true }), 1);
  record.add(timing(153, { ...parts, readMs: undefined }), 2);
  expect(record.read().busyMs).toBe(9);
});
