/** Promises that end. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AbortedTogether } from '../../src/base/aborted-together.js';
import { abortable, mapLimited, oneAtATime, withDeadline } from '../../src/base/promise.js';
import { deferred, rejection, rest, stateOf } from '../fixtures/fakes.js';

describe('abortable', () => {
  it('is the promise itself without a signal', () => {
    const promise = Promise.resolve(1);
    expect(abortable(promise, undefined)).toBe(promise);
  });
  it('passes values and errors on', async () => {
    const { signal } = new AbortController();
    expect(await abortable(Promise.resolve(1), signal)).toBe(1);
    expect(await rejection(abortable(Promise.reject('no'), signal))).toBe('no');
  });
  it('rejects at once with the reason, and drops what comes later', async () => {
    const abort = new AbortController();
    const late = deferred();
    const call = abortable(late.promise, abort.signal);
    abort.abort('reason');
    expect(await rejection(call)).toBe('reason');
    // Nobody owns this rejection but `abortable`; unowned, it would fail the run.
    late.reject(new Error('late'));
    await rest();
  });
  it('rejects where the signal had aborted before, whatever the promise does', async () => {
    for (const promise of [Promise.resolve(1), Promise.reject(new Error('late')), new Promise(() => {})]) {
      expect(await rejection(abortable(promise, AbortSignal.abort('before')))).toBe('before');
    }
    await rest();
  });
});

describe('promises that one signal rejects together', () => {
  it('has one listener, and keeps no promise that is settled', async () => {
    const abort = new AbortController();
    const listen = vi.spyOn(abort.signal, 'addEventListener');
    const together = new AbortedTogether(abort.signal);
    const late = deferred();
    const calls = [Promise.resolve(1), Promise.reject('no'), late.promise, new Promise(() => {})].map((promise) =>
      together.abortable(promise, abort.signal).catch((thrown) => `rejected: ${thrown}`),
    );
    expect(await Promise.all(calls.slice(0, 2))).toEqual([1, 'rejected: no']);
    abort.abort('reason');
    expect(await Promise.all(calls)).toEqual([1, 'rejected: no', 'rejected: reason', 'rejected: reason']);
    expect(listen).toHaveBeenCalledTimes(1);
    late.reject(new Error('late'));
    await rest();
  });
  it('rejects where the signal had aborted before, and where another signal aborts', async () => {
    const ended = new AbortController();
    const together = new AbortedTogether(ended.signal);
    expect(await rejection(together.abortable(new Promise(() => {}), AbortSignal.abort('other')))).toBe('other');
    ended.abort('before');
    expect(await rejection(together.abortable(Promise.resolve(1), ended.signal))).toBe('before');
  });
});

describe('withDeadline', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('rejects with `timeout`, naming stage and limit, after telling', async () => {
    const told: unknown[] = [];
    const call = rejection(withDeadline(new Promise(() => {}), 60_000, 'The golden run', (error) => told.push(error)));
    await vi.advanceTimersByTimeAsync(59_999);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    const error = await call;
    expect(error).toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/^The golden run took longer than 60000 ms\. /),
      retryable: true,
    });
    expect(told).toEqual([error]);
  });
  it.each([['a value'], ['an error']])('leaves no timer after %s', async (which) => {
    const onTimeout = vi.fn();
    const promise = which === 'a value' ? Promise.resolve(1) : Promise.reject(new Error('no'));
    await withDeadline(promise, 10, 'It', onTimeout).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(20);
    expect(onTimeout).not.toHaveBeenCalled();
  });
  it('outlasts a sleep: what came late counts as a quarter', async () => {
    vi.useRealTimers();
    const timers: (() => void)[] = [];
    const timer = vi.spyOn(globalThis, 'setTimeout').mockImplementation(((fire: () => void) => timers.push(fire)) as never);
    const call = rejection(withDeadline(new Promise(() => {}), 60_000, 'It'));
    for (let late = 0; late < 3; late++) timers[late]!();
    expect(await stateOf(call)).toBe('pending');
    timers[3]!();
    expect(await call).toMatchObject({ code: 'timeout' });
    expect(timer.mock.calls.map(([, ms]) => ms)).toEqual(Array(4).fill(15_000));
    timer.mockRestore();
  });
  it.each([Number.POSITIVE_INFINITY, 2 ** 31])('never fires for %s, which no timer can hold', async (limit) => {
    const gate = deferred<number>();
    const call = withDeadline(gate.promise, limit, 'It');
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(1e6);
    gate.resolve(1);
    expect(await call).toBe(1);
  });
});

describe('mapLimited', () => {
  it('keeps order and never runs more at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(), { maxLength: 20 }),
        fc.integer({ min: 1, max: 8 }),
        fc.scheduler(),
        async (items, limit, scheduler) => {
          let running = 0;
          let most = 0;
          const all = mapLimited(items, limit, async (item) => {
            most = Math.max(most, ++running);
            await scheduler.schedule(Promise.resolve());
            running--;
            return item * 2;
          });
          expect(await scheduler.waitFor(all)).toEqual(items.map((item) => item * 2));
          expect(most).toBe(Math.min(limit, items.length));
        },
      ),
      { numRuns: 50 },
    );
  });
  it('begins nothing new after the first failure', async () => {
    const began: number[] = [];
    const gate = deferred();
    const all = mapLimited([0, 1, 2, 3, 4, 5], 2, async (item) => {
      began.push(item);
      if (item === 0) throw new Error('no');
      await gate.promise;
    });
    expect(await rejection(all)).toMatchObject({ message: 'no' });
    gate.resolve();
    await rest();
    expect(began).toEqual([0, 1]);
  });
  it('of nothing is nothing', async () => expect(await mapLimited([], 3, async () => 1)).toEqual([]));
});

it('oneAtATime runs steps in the order of the calls, one at a time, and goes on after one that failed', async () => {
  const inTurn = oneAtATime();
  const other = oneAtATime();
  const events: string[] = [];
  const gates = [deferred(), deferred(), deferred()];
  const [first, second, third] = gates.map((gate, index) =>
    inTurn(async () => {
      events.push(`begin ${index}`);
      await gate.promise;
      events.push(`end ${index}`);
      return index;
    }),
  );
  expect(await other(async () => 'another one')).toBe('another one');
  gates[2]?.resolve();
  gates[1]?.reject('no');
  gates[0]?.resolve();
  expect(await Promise.allSettled([first, second, third])).toMatchObject([{ value: 0 }, { reason: 'no' }, { value: 2 }]);
  expect(events).toEqual(['begin 0', 'end 0', 'begin 1', 'begin 2', 'end 2']);
});

it('a promise that never settles stays pending', async () => expect(await stateOf(new Promise(() => {}))).toBe('pending'));
