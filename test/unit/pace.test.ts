/** When a model's calls have become so much slower or faster that the choice of backend is worth a second look. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Pace } from '../../src/select/pace.js';

/** At which call, counted from 1, a change of pace was told. */
const toldAt = (pace: Pace, calls: readonly number[]) => calls.flatMap((ms, index) => (pace.add(ms) ? [index + 1] : []));

const calls = (count: number, ms: number) => new Array<number>(count).fill(ms);

it('takes the first 20 calls as its baseline, and tells it', () => {
  const pace = new Pace();
  expect(toldAt(pace, calls(19, 10))).toEqual([]);
  expect(pace.baselineMs).toBeUndefined();
  pace.add(500);
  expect(pace.baselineMs).toBe(10);
});

it('tells once when the median of 20 has left, and again after it came back', () => {
  const pace = new Pace();
  expect(toldAt(pace, [...calls(20, 10), ...calls(60, 16), ...calls(20, 10), ...calls(20, 16)])).toEqual([31, 111]);
});

it('holds calls against a given baseline, once there are 20', () => {
  expect(toldAt(new Pace(10), calls(40, 16))).toEqual([20]);
  expect(toldAt(new Pace(10), calls(40, 6))).toEqual([20]);
  expect(toldAt(new Pace(10), [...calls(20, 15), ...calls(20, 6.7)])).toEqual([]);
});

it('goes the other way, too', () => {
  expect(toldAt(new Pace(10), [...calls(30, 30), ...calls(30, 3)])).toEqual([20, 40]);
  expect(toldAt(new Pace(10), [...calls(30, 30), ...calls(30, 10), ...calls(30, 3)])).toEqual([20, 70]);
});

it('is moved by no hiccup: nine of twenty calls say nothing', () => {
  const hiccups = fc.uniqueArray(fc.nat({ max: 19 }), { maxLength: 9 });
  fc.assert(
    fc.property(hiccups, fc.double({ min: 0, max: 1e4, noNaN: true }), (at, ms) => {
      const pace = new Pace(10);
      const noisy = Array.from({ length: 200 }, (_, call) => (at.includes(call % 20) ? ms : 10));
      expect(toldAt(pace, noisy)).toEqual([]);
    }),
  );
});
