/** The line in front of an engine: order, priority, aborts, and one settlement for every call. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Priority } from '../../src/api/model.js';
import { Queue } from '../../src/runtime/queue.js';
import { deferred, rejection, rest, stateOf } from '../fixtures/fakes.js';

describe('order', () => {
  it('runs one at a time, first come, first served', async () => {
    const queue = new Queue();
    const began: number[] = [];
    const gates = [deferred(), deferred(), deferred()];
    const calls = gates.map((gate, index) =>
      queue.run(
        async () => {
          began.push(index);
          await gate.promise;
          return index;
        },
        'user',
        undefined,
      ),
    );
    await rest();
    expect([began, queue.length]).toEqual([[0], 3]);
    gates[1]!.resolve();
    await rest();
    expect(began).toEqual([0]);
    gates[0]!.resolve();
    gates[2]!.resolve();
    expect(await Promise.all(calls)).toEqual([0, 1, 2]);
    expect([began, queue.length]).toEqual([[0, 1, 2], 0]);
  });

  it('serves users before the background, also those who came later', async () => {
    const queue = new Queue();
    const gate = deferred();
    const began: string[] = [];
    const call = (name: string, priority: Priority) => queue.run(async () => void began.push(name), priority, undefined);
    const calls = [
      queue.run(() => gate.promise, 'background', undefined),
      call('b1', 'background'),
      call('u1', 'user'),
      call('b2', 'background'),
      call('u2', 'user'),
    ];
    gate.resolve();
    await Promise.all(calls);
    expect(began).toEqual(['u1', 'u2', 'b1', 'b2']);
  });

  it('goes on after a step that rejects, and after one that throws at once', async () => {
    const queue = new Queue();
    const first = queue.run(async () => Promise.reject(new Error('one')), 'user', undefined);
    const second = queue.run(
      () => {
        throw new Error('two');
      },
      'user',
      undefined,
    );
    const third = queue.run(async () => 3, 'user', undefined);
    const outcomes = await Promise.allSettled([first, second, third]);
    expect(outcomes.map((each) => (each.status === 'fulfilled' ? each.value : each.reason.message))).toEqual(['one', 'two', 3]);
    expect(queue.length).toBe(0);
  });

  it('lets a step enter the line again', async () => {
    const queue = new Queue();
    let inner: Promise<string> | undefined;
    const outer = queue.run(
      async () => {
        inner = queue.run(async () => 'inner', 'user', undefined);
        return 'outer';
      },
      'user',
      undefined,
    );
    expect(await outer).toBe('outer');
    expect(await inner).toBe('inner');
  });
});

describe('abort', () => {
  it('while waiting leaves the line at once, with the reason, and never runs', async () => {
    const queue = new Queue();
    const gate = deferred();
    const abort = new AbortController();
    const first = queue.run(() => gate.promise, 'user', undefined);
    let ran = false;
    const second = queue.run(async () => (ran = true), 'user', abort.signal);
    const third = queue.run(async () => 'third', 'user', undefined);
    expect(queue.length).toBe(3);
    const reason = new Error('enough');
    abort.abort(reason);
    expect(await rejection(second)).toBe(reason);
    expect([queue.length, await stateOf(first)]).toEqual([2, 'pending']);
    gate.resolve();
    expect(await third).toBe('third');
    expect(ran).toBe(false);
  });

  it('while running is the step’s own matter', async () => {
    const queue = new Queue();
    const gate = deferred<string>();
    const abort = new AbortController();
    const call = queue.run(() => gate.promise, 'user', abort.signal);
    await rest();
    abort.abort();
    expect(await stateOf(call)).toBe('pending');
    gate.resolve('done');
    expect(await call).toBe('done');
  });

  it.each(['idle', 'busy'])('before the call keeps it out of an %s line', async (state) => {
    const queue = new Queue();
    const gate = deferred();
    const first = state === 'busy' ? queue.run(() => gate.promise, 'user', undefined) : undefined;
    let ran = false;
    const reason = new Error('before');
    const call = queue.run(async () => (ran = true), 'user', AbortSignal.abort(reason));
    expect(await stateOf(call)).toBe('rejected');
    expect(await rejection(call)).toBe(reason);
    expect([ran, queue.length]).toEqual([false, state === 'busy' ? 1 : 0]);
    gate.resolve();
    await first;
    expect(await queue.run(async () => 'next', 'user', undefined)).toBe('next');
  });

  it('between two calls spares the second, though its turn has come', async () => {
    const queue = new Queue();
    const abort = new AbortController();
    let ran = false;
    const first = queue.run(
      async () => {
        // The last thing the first does: the second has not begun.
        queueMicrotask(() => queueMicrotask(() => abort.abort()));
      },
      'user',
      undefined,
    );
    const second = queue.run(async () => (ran = true), 'user', abort.signal);
    second.catch(() => undefined);
    await first;
    const third = queue.run(async () => 'third', 'user', undefined);
    expect(await third).toBe('third');
    expect(await stateOf(second)).toBe(ran ? 'fulfilled' : 'rejected');
    expect(queue.length).toBe(0);
  });

  it('leaves no listener behind', async () => {
    const queue = new Queue();
    const abort = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = abort.signal;
    abort.signal.addEventListener = (...args: unknown[]) => {
      listeners++;
      Reflect.apply(addEventListener, abort.signal, args);
    };
    abort.signal.removeEventListener = (...args: unknown[]) => {
      listeners--;
      Reflect.apply(removeEventListener, abort.signal, args);
    };
    await Promise.all([1, 2, 3].map((value) => queue.run(async () => value, 'user', abort.signal)));
    expect(listeners).toBe(0);
  });
});

it('settles every call exactly once, never overlaps, and is empty at the end, whatever the order of events', async () => {
  const call = fc.record({
    priority: fc.constantFrom<Priority>('user', 'background'),
    fails: fc.boolean(),
    aborts: fc.constantFrom('never', 'before', 'later'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 12 }), fc.scheduler(), async (calls, scheduler) => {
      const queue = new Queue();
      let running = 0;
      const settlements = calls.map(() => 0);
      const began: number[] = [];
      const all = calls.map(async ({ priority, fails, aborts }, index) => {
        const abort = new AbortController();
        if (aborts === 'before') abort.abort(`abort ${index}`);
        if (aborts === 'later') void scheduler.schedule(Promise.resolve(), `abort ${index}`).then(() => abort.abort(`abort ${index}`));
        try {
          const value = await queue.run(
            async () => {
              began.push(index);
              if (++running > 1) throw new Error('two at once');
              try {
                await scheduler.schedule(Promise.resolve(), `step ${index}`);
                if (fails) throw `fail ${index}`;
                return index;
              } finally {
                running--;
              }
            },
            priority,
            abort.signal,
          );
          expect(value).toBe(index);
          expect(fails).toBe(false);
        } catch (thrown) {
          expect(thrown).toBe(began.includes(index) ? `fail ${index}` : `abort ${index}`);
        }
        settlements[index]!++;
      });
      await scheduler.waitFor(Promise.all(all));
      expect(settlements).toEqual(calls.map(() => 1));
      expect([queue.length, running]).toEqual([0, 0]);
      expect(began.some((index) => calls[index]!.aborts === 'before')).toBe(false);
      // First come, first served within each priority.
      for (const priority of ['user', 'background']) {
        const order = began.filter((index) => calls[index]!.priority === priority);
        expect(order).toEqual(order.toSorted((a, b) => a - b));
      }
    }),
    { numRuns: 200 },
  );
});
