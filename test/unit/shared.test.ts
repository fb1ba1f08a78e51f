/** One start for many callers: joined, counted, ended with the last of them, forgotten when it fails. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type Lease, Shared } from '../../src/base/shared.js';
import { deferred, rejection, rest, stateOf } from '../fixtures/fakes.js';

function setup() {
  const ended: string[] = [];
  const shared = new Shared<string, number>((value) => ended.push(value));
  return { shared, ended };
}

describe('sharing', () => {
  it('starts once for all who ask, and ends with the last lease', async () => {
    const { shared, ended } = setup();
    const start = vi.fn(async () => 'value');
    const leases = await Promise.all(Array.from({ length: 20 }, () => shared.acquire('key', start)));
    expect(start).toHaveBeenCalledTimes(1);
    expect(new Set(leases.map(({ value }) => value))).toEqual(new Set(['value']));
    for (const lease of leases.slice(1)) lease.release();
    await rest();
    expect(ended).toEqual([]);
    leases[0]!.release();
    await rest();
    expect(ended).toEqual(['value']);
  });

  it('counts a lease that is released twice once', async () => {
    const { shared, ended } = setup();
    const [first, second] = await Promise.all([shared.acquire('key', async () => 'value'), shared.acquire('key', async () => 'other')]);
    first.release();
    first.release();
    await rest();
    expect(ended).toEqual([]);
    second.release();
    second.release();
    await rest();
    expect(ended).toEqual(['value']);
  });

  it('starts anew after the last release, also in the same tick', async () => {
    const { shared, ended } = setup();
    const first = await shared.acquire('key', async () => 'first');
    first.release();
    const second = await shared.acquire('key', async () => 'second');
    expect([second.value, ended]).toEqual(['second', ['first']]);
  });

  it('keeps keys apart', async () => {
    const { shared } = setup();
    const leases = await Promise.all(['a', 'b'].map((key) => shared.acquire(key, async () => key)));
    expect(leases.map(({ value }) => value)).toEqual(['a', 'b']);
  });

  it('reports to everybody who listens, until the lease is let go of', async () => {
    const { shared } = setup();
    const gate = deferred();
    const heard: Record<string, number[]> = { a: [], b: [] };
    const start = async (_signal: AbortSignal, report: (news: number) => void) => {
      report(1);
      await gate.promise;
      report(2);
      return 'value';
    };
    const first = shared.acquire('key', start, { onReport: (news) => heard['a']!.push(news) });
    const abort = new AbortController();
    const second = shared.acquire('key', start, { onReport: (news) => heard['b']!.push(news), signal: abort.signal });
    await rest();
    abort.abort();
    await rejection(second);
    gate.resolve();
    await first;
    expect(heard).toEqual({ a: [1, 2], b: [1] });
  });

  it('tells whoever joins late the last report, in the middle and at the end', async () => {
    const { shared } = setup();
    const gate = deferred();
    const heard: Record<string, number[]> = { early: [], late: [], last: [] };
    const start = async (_signal: AbortSignal, report: (news: number) => void) => {
      report(1);
      report(2);
      await gate.promise;
      report(3);
      return 'value';
    };
    const join = (who: string) => shared.acquire('key', start, { onReport: (news) => heard[who]!.push(news) });
    const joined = [join('early')];
    await rest();
    joined.push(join('late'));
    await rest();
    expect(heard).toEqual({ early: [1, 2], late: [2], last: [] });
    gate.resolve();
    await Promise.all(joined);
    await join('last');
    expect(heard).toEqual({ early: [1, 2, 3], late: [2, 3], last: [3] });
  });

  it('does not let one listener that throws spoil the start for the others', async () => {
    const { shared } = setup();
    const uncaught: unknown[] = [];
    const heard: number[] = [];
    const start = async (_signal: AbortSignal, report: (news: number) => void) => {
      report(1);
      report(2);
      return 'value';
    };
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (thrown) => uncaught.push(thrown));
    const bad = () => {
      throw new Error('my progress bar is gone');
    };
    const outcome = await Promise.allSettled([
      shared.acquire('key', start, { onReport: bad }),
      shared.acquire('key', start, { onReport: (news) => heard.push(news) }),
    ]);
    await rest();
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
    expect(outcome.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect(heard).toEqual([1, 2]);
    // As an event listener's would be: not swallowed.
    expect(uncaught).toHaveLength(2);
  });
});

describe('failure', () => {
  it('reaches all who wait, and is forgotten', async () => {
    const { shared, ended } = setup();
    const start = vi.fn(async (): Promise<string> => {
      throw new Error('no');
    });
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => shared.acquire('key', start)));
    expect(outcomes.map((each) => each.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(start).toHaveBeenCalledTimes(1);
    expect((await shared.acquire('key', async () => 'second')).value).toBe('second');
    expect(ended).toEqual([]);
  });

  it('is forgotten before anybody hears of it', async () => {
    const { shared } = setup();
    const again = shared
      .acquire('key', async () => Promise.reject(new Error('no')))
      .catch(() => shared.acquire('key', async () => 'second'));
    expect((await again).value).toBe('second');
  });

  it('of a start that throws at once is a rejection', async () => {
    const { shared } = setup();
    const start = () => {
      throw new Error('at once');
    };
    expect(await rejection(shared.acquire('key', start))).toMatchObject({ message: 'at once' });
  });
});

describe('abort', () => {
  it('before anything starts nothing', async () => {
    const { shared } = setup();
    const start = vi.fn(async () => 'value');
    const reason = new Error('before');
    expect(await rejection(shared.acquire('key', start, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(start).not.toHaveBeenCalled();
  });

  it('by all but one leaves the start alone; by all ends it', async () => {
    const { shared, ended } = setup();
    const gate = deferred<string>();
    let stop: AbortSignal | undefined;
    const start = (signal: AbortSignal) => {
      stop = signal;
      return gate.promise;
    };
    const aborts = Array.from({ length: 5 }, () => new AbortController());
    const calls = aborts.map(({ signal }) => shared.acquire('key', start, { signal }));
    await rest();
    for (const [index, abort] of aborts.slice(1).entries()) abort.abort(`reason ${index}`);
    expect(await Promise.all(calls.slice(1).map(rejection))).toEqual(['reason 0', 'reason 1', 'reason 2', 'reason 3']);
    expect([stop!.aborted, await stateOf(calls[0]!)]).toEqual([false, 'pending']);
    aborts[0]!.abort('last');
    expect(await rejection(calls[0]!)).toBe('last');
    expect(stop!.aborted).toBe(true);
    expect(stop!.reason).toBe('last');
    // A start that cannot be stopped is ended as soon as it is there.
    gate.resolve('late');
    await rest();
    expect(ended).toEqual(['late']);
  });

  it('does not hand an ending start to the next caller, but lets a caller of the same tick keep it alive', async () => {
    const { shared, ended } = setup();
    const gate = deferred<string>();
    const aborts = [new AbortController(), new AbortController()];
    const first = shared.acquire('key', () => gate.promise, { signal: aborts[0]!.signal });
    await rest();
    aborts[0]!.abort();
    const second = shared.acquire('key', async () => 'never', { signal: aborts[1]!.signal });
    await rejection(first);
    expect(await stateOf(second)).toBe('pending');
    aborts[1]!.abort();
    await rejection(second);
    expect((await shared.acquire('key', async () => 'third')).value).toBe('third');
    gate.resolve('first');
    await rest();
    expect(ended).toEqual(['first']);
  });

  it('after the value is there changes nothing', async () => {
    const { shared, ended } = setup();
    const abort = new AbortController();
    const lease = await shared.acquire('key', async () => 'value', { signal: abort.signal });
    abort.abort();
    await rest();
    expect([lease.value, ended]).toEqual(['value', []]);
  });
});

describe('drop', () => {
  it('makes the very next caller start anew; holders keep what they have, and each value is ended once', async () => {
    const { shared, ended } = setup();
    const first = await shared.acquire('key', async () => 'first');
    const other = await shared.acquire('key', async () => 'never');
    shared.drop('first');
    // In the same tick: a model that reopens asks at once.
    const second = shared.acquire('key', async () => 'second');
    expect((await second).value).toBe('second');
    expect(other.value).toBe('first');
    first.release();
    other.release();
    await rest();
    expect(ended).toEqual(['first']);
    expect((await shared.acquire('key', async () => 'never')).value).toBe('second');
  });

  it('of something unknown does nothing', async () => {
    const { shared } = setup();
    const lease = await shared.acquire('key', async () => 'value');
    shared.drop('another');
    await rest();
    expect((await shared.acquire('key', async () => 'never')).value).toBe(lease.value);
  });
});

it('never leaks and never ends what is held, whatever the order of events', async () => {
  const caller = fc.record({ key: fc.constantFrom('a', 'b'), fails: fc.boolean(), aborts: fc.boolean(), drops: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(caller, { minLength: 1, maxLength: 10 }), fc.scheduler(), async (callers, scheduler) => {
      const alive = new Set<object>();
      const held = new Map<object, number>();
      const shared = new Shared<object>((value) => {
        expect(alive.delete(value)).toBe(true);
        expect(held.get(value) ?? 0).toBe(0);
      });
      const all = callers.map(async ({ key, fails, aborts, drops }, index) => {
        await scheduler.schedule(Promise.resolve(), `come ${index}`);
        const abort = new AbortController();
        if (aborts) void scheduler.schedule(Promise.resolve(), `abort ${index}`).then(() => abort.abort(index));
        let lease: Lease<object>;
        try {
          lease = await shared.acquire(
            key,
            async () => {
              await scheduler.schedule(Promise.resolve(), `start ${index}`);
              if (fails) throw new Error('start failed');
              const value = {};
              alive.add(value);
              return value;
            },
            { signal: abort.signal },
          );
        } catch {
          return;
        }
        held.set(lease.value, (held.get(lease.value) ?? 0) + 1);
        expect(alive.has(lease.value)).toBe(true);
        await scheduler.schedule(Promise.resolve(), `hold ${index}`);
        expect(alive.has(lease.value)).toBe(true);
        if (drops) shared.drop(lease.value);
        held.set(lease.value, held.get(lease.value)! - 1);
        lease.release();
      });
      await scheduler.waitFor(Promise.all(all));
      await scheduler.waitAll();
      await rest();
      expect(alive.size).toBe(0);
    }),
    { numRuns: 200 },
  );
});
