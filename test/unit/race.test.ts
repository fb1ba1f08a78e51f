/** Whether a challenger is faster: the protocol, over simulated contestants whose true speed is known, and over timed ones. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Contestant, race, timedContestant } from '../../src/select/race.js';
import { deferred, rejection } from '../fixtures/fakes.js';

interface Sample {
  readonly calls: number;
  readonly limitMs: number;
}

/** Takes `callMs` a call, and on top of each sample what the noise adds; its clock ticks every `tickMs`. */
function simulated(callMs: number, { noise = (ms: number) => ms, tickMs = 0 } = {}): Contestant & { readonly samples: Sample[] } {
  const samples: Sample[] = [];
  let atMs = 0;
  const told = (ms: number) => (tickMs === 0 ? ms : Math.floor(ms / tickMs) * tickMs);
  const sample = async (calls: number, limitMs: number) => {
    samples.push({ calls, limitMs });
    const beginMs = atMs;
    atMs += noise(callMs * calls);
    const ms = told(atMs) - told(beginMs);
    // Until the next one begins, in no step with the clock.
    atMs += 0.037;
    return ms > limitMs ? Number.POSITIVE_INFINITY : ms;
  };
  return { samples, sample };
}

const callsOf = ({ samples }: { readonly samples: readonly Sample[] }) => samples.reduce((sum, { calls }) => sum + calls, 0);

/**
 * Noise of a machine that has other work too: a few per cent on every sample, and now and then a hiccup, as long as
 * several calls of a tiny model. Never two hiccups within `apart` samples of one side: with more, nobody could tell.
 */
const noises = (apart: number) =>
  fc
    .record({
      jitter: fc.array(fc.double({ min: 0.97, max: 1.03, noNaN: true }), { minLength: 7, maxLength: 7 }),
      hiccupMs: fc.double({ min: 0, max: 20, noNaN: true }),
      at: fc.nat({ max: apart - 1 }),
    })
    .map(({ jitter, hiccupMs, at }) => {
      return () => {
        let sample = 0;
        return (ms: number) => {
          const turn = sample++;
          return ms * (jitter[turn % jitter.length] as number) + (turn % apart === at ? hiccupMs : 0);
        };
      };
    });

/** From a table's columns to a detector of a large picture on cpu. */
const callMs = fc.double({ min: Math.log(0.02), max: Math.log(3_000), noNaN: true }).map(Math.exp);
const tickMs = fc.constantFrom(0, 0.005, 0.1, 1);

describe('whoever is truly', () => {
  it('1.5 times faster wins, by any noise', async () => {
    await fc.assert(
      fc.asyncProperty(callMs, noises(5), noises(5), tickMs, async (slowMs, noise, other, tick) => {
        const result = await race(
          simulated(slowMs, { noise: noise(), tickMs: tick }),
          simulated(slowMs / 1.5, { noise: other(), tickMs: tick }),
          undefined,
          tick,
        );
        expect(result).toMatchObject({ verdict: 'faster' });
      }),
      { numRuns: 500 },
    );
  });

  it.each([1.05, 1, 0.5])('%f times as fast never brings a change, by any noise', async (gain) => {
    await fc.assert(
      fc.asyncProperty(callMs, noises(3), noises(5), tickMs, async (slowMs, noise, other, tick) => {
        const result = await race(
          simulated(slowMs, { noise: noise(), tickMs: tick }),
          simulated(slowMs / gain, { noise: other(), tickMs: tick }),
          undefined,
          tick,
        );
        expect(result).toMatchObject({ verdict: 'slower' });
      }),
      { numRuns: 500 },
    );
  });

  it('10 times slower is left after one call, at four times what the incumbent takes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 10, max: 3_000, noNaN: true }), noises(5), async (fastMs, noise) => {
        const incumbent = simulated(fastMs);
        const challenger = simulated(fastMs * 10, { noise: noise() });
        const result = await race(incumbent, challenger);
        expect(result).toMatchObject({ verdict: 'slower', pairs: 0, challengerP50Ms: undefined });
        expect([callsOf(incumbent), callsOf(challenger)]).toEqual([2, 1]);
        expect(challenger.samples[0]?.limitMs).toBeCloseTo(Math.max(50, fastMs * 4));
      }),
    );
  });

  it('100 times faster wins with samples that the incumbent’s callers can wait for', async () => {
    await fc.assert(
      fc.asyncProperty(callMs, async (slowMs) => {
        const incumbent = simulated(slowMs);
        expect(await race(incumbent, simulated(slowMs / 100))).toMatchObject({ verdict: 'faster' });
        for (const { calls } of incumbent.samples) expect(calls * slowMs).toBeLessThanOrEqual(slowMs + 20);
      }),
    );
  });
});

it('calls each side a bounded number of times, and few times where a call is long', async () => {
  await fc.assert(
    fc.asyncProperty(callMs, fc.double({ min: 0.2, max: 5, noNaN: true }), noises(2), noises(2), async (ms, factor, noise, other) => {
      const incumbent = simulated(ms, { noise: noise() });
      const challenger = simulated(ms * factor, { noise: other() });
      const { pairs } = await race(incumbent, challenger);
      expect(pairs).toBeLessThanOrEqual(9);
      for (const side of [incumbent, challenger]) {
        expect(side.samples.length).toBeLessThanOrEqual(2 + 9);
        expect(callsOf(side)).toBeLessThanOrEqual(2 + 9 * 100);
        // Two are discarded, and two pairs follow, or a round of four where noise lets the pairs disagree: near the gain of a change.
        const isClear = Math.abs(1.15 * factor - 1) > 0.2;
        if (ms * Math.min(1, factor) >= 310) expect(callsOf(side)).toBeLessThanOrEqual(isClear ? 4 : 6);
      }
    }),
  );
});

it('lets each side be as often first, discards two runs of each and compares samples of one size', async () => {
  const order: string[] = [];
  const side = (name: string, ms: number) => ({
    sample: async (calls: number) => {
      order.push(`${name}${calls}`);
      return ms * calls;
    },
  });
  await race(side('A', 0.3), side('B', 0.2));
  expect(order).toEqual(['A1', 'A1', 'B1', 'B1', ...['A25', 'B25', 'B25', 'A25', 'A25', 'B25', 'B25', 'A25']]);
});

describe('it ends', () => {
  it('after four pairs that agree', async () => {
    expect(await race(simulated(10), simulated(5))).toEqual({
      verdict: 'faster',
      reason: '5 ms a call, 10 ms where the model ran before',
      incumbentP50Ms: 10,
      challengerP50Ms: 5,
      pairs: 4,
    });
  });

  it('as soon as too many pairs have missed the gain', async () => {
    expect(await race(simulated(10), simulated(9))).toMatchObject({
      verdict: 'slower',
      reason: '9 ms a call, 10 ms where the model ran before; a change needs 1.15 times the speed',
      pairs: 3,
    });
  });

  it('after nine pairs that are of two minds', async () => {
    let sample = 0;
    const noise = (ms: number) => (sample++ % 5 === 3 ? ms + 20 : ms);
    expect(await race(simulated(10), simulated(5, { noise }))).toMatchObject({ verdict: 'faster', pairs: 9 });
  });

  it('after 300 ms of work', async () => {
    expect(await race(simulated(100), simulated(50))).toMatchObject({ verdict: 'faster', pairs: 2 });
    expect(await race(simulated(60), simulated(50))).toMatchObject({ verdict: 'faster', pairs: 3 });
    expect(await race(simulated(400), simulated(200))).toMatchObject({ verdict: 'faster', pairs: 2 });
  });

  it('later than that where one of the pairs says otherwise: a round tells which', async () => {
    let sample = 0;
    const noise = (ms: number) => (sample++ === 2 ? ms + 100 : ms);
    expect(await race(simulated(100), simulated(50, { noise }))).toMatchObject({ verdict: 'faster', pairs: 4 });
  });
});

describe('a challenger that', () => {
  it('rejects is refused with its reason, in whichever run', async () => {
    for (const failing of [1, 2, 3, 5]) {
      let run = 0;
      const challenger: Contestant = {
        sample: async () => {
          if (++run === failing) throw new Error('the device is gone');
          return 5;
        },
      };
      expect(await race(simulated(10), challenger)).toMatchObject({ verdict: 'refused', reason: 'the device is gone' });
      expect(run).toBe(failing);
    }
  });

  it('is too slow is left with the limit as its reason, also in the middle of the race', async () => {
    const first = await race(simulated(20), simulated(200));
    expect(first.reason).toBe('one call took longer than 80 ms; where the model runs now, one takes 20 ms');
    let run = 0;
    const noise = (ms: number) => (++run === 4 ? 1_000 : ms);
    const challenger = simulated(0.125, { noise });
    const later = await race(simulated(0.25), challenger);
    expect(later).toMatchObject({ verdict: 'slower', pairs: 1, challengerP50Ms: 0.125 });
    expect(later.reason).toBe('40 calls took longer than 50 ms; where the model runs now, one takes 0.25 ms');
    expect(challenger.samples).toHaveLength(4);
  });

  it('comes in after the limit though nobody stopped it is no better', async () => {
    const late: Contestant = { sample: async () => 200 };
    expect(await race(simulated(20), late)).toMatchObject({ verdict: 'slower', pairs: 0, challengerP50Ms: 200 });
  });

  it('cannot be told from the incumbent by the clock brings no change', async () => {
    const none: Contestant = { sample: async () => 0 };
    expect(await race(none, none)).toMatchObject({ verdict: 'slower' });
  });
});

it('fails with the incumbent: there is nothing to compare with', async () => {
  const gone = new Error('gone');
  expect(await rejection(race({ sample: () => Promise.reject(gone) }, simulated(1)))).toBe(gone);
});

it('ends with its signal, which is no reason to refuse anybody', async () => {
  const abort = new AbortController();
  const reason = new Error('disposed');
  const challenger: Contestant = {
    sample: async () => {
      abort.abort(reason);
      throw new Error('the session was closed');
    },
  };
  expect(await rejection(race(simulated(10), challenger, abort.signal))).toBe(reason);
  expect(await rejection(race(simulated(10), simulated(5), abort.signal))).toBe(reason);
});

describe('a timed contestant', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const lasting = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const atOnce = <T>(step: () => Promise<T>) => step();

  it('counts the calls, not the wait for its turn', async () => {
    const turns: string[] = [];
    const inTurn = async <T>(step: () => Promise<T>): Promise<T> => {
      await lasting(500);
      turns.push('begins');
      const result = await step();
      turns.push('ends');
      return result;
    };
    const sampling = timedContestant(async () => {
      turns.push('call');
      await lasting(7);
    }, inTurn).sample(3, 100);
    await vi.runAllTimersAsync();
    expect(await sampling).toBe(21);
    expect(turns).toEqual(['begins', 'call', 'call', 'call', 'ends']);
  });

  it('is given up at the limit and begins no further call', async () => {
    let calls = 0;
    const sampling = timedContestant(() => {
      calls++;
      return lasting(60);
    }, atOnce).sample(5, 100);
    await vi.advanceTimersByTimeAsync(100);
    expect(await sampling).toBe(Number.POSITIVE_INFINITY);
    await vi.runAllTimersAsync();
    expect(calls).toBe(2);
  });

  it('that hangs keeps its turn no longer than the limit', async () => {
    const hangs = deferred();
    const began = performance.now();
    const racing = race(
      timedContestant(() => lasting(20), atOnce),
      timedContestant(() => hangs.promise, atOnce),
    );
    await vi.runAllTimersAsync();
    expect(await racing).toMatchObject({ verdict: 'slower', pairs: 0, incumbentP50Ms: 20, challengerP50Ms: undefined });
    expect(performance.now() - began).toBe(20 + 20 + 80);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that rejects passes its error on', async () => {
    const gone = new Error('gone');
    expect(await rejection(timedContestant(() => Promise.reject(gone), atOnce).sample(1, 100))).toBe(gone);
    expect(vi.getTimerCount()).toBe(0);
  });
});
