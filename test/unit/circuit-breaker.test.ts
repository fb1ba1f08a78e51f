/** Which backend may start again after it failed, and when, with a clock that stands still until a test moves it. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { BackendName } from '../../src/base/backend-name.js';
import { type ErrorCode, PannierError } from '../../src/base/errors.js';
import { CircuitBreaker } from '../../src/select/circuit-breaker.js';
import { deferred, rest } from '../fixtures/fakes.js';

let nowMs = 0;
let breaker: CircuitBreaker;
beforeEach(() => {
  nowMs = 5_000;
  breaker = new CircuitBreaker(() => nowMs);
});

const wait = (ms: number) => {
  nowMs += ms;
};
const state = (backend: BackendName = 'webgpu') => [
  breaker.openReason(backend) === undefined ? 'may start' : 'left alone',
  breaker.retryAfterMs(backend),
];

describe('a backend that', () => {
  it('has not failed, or once, may start at once', () => {
    expect(state()).toEqual(['may start', undefined]);
    breaker.fail('webgpu', 'The GPU went away.');
    expect(state()).toEqual(['may start', undefined]);
  });

  it('failed twice within 130 s is left alone for 130 s', () => {
    breaker.fail('webgpu', 'The GPU went away.');
    wait(129_999);
    breaker.fail('webgpu', 'It went away again.');
    expect(breaker.openReason('webgpu')).toBe(
      'it failed 2 times, the last time like this: It went away again. It is tried again in 130 s.',
    );
    wait(129_999);
    expect(state()).toEqual(['left alone', 1]);
    wait(1);
    expect(state()).toEqual(['may start', undefined]);
  });

  it('failed a third time is left alone for the session, however far apart the failures were', () => {
    breaker.fail('webgpu', 'One.');
    wait(130_000);
    breaker.fail('webgpu', 'Two.');
    expect(state()).toEqual(['may start', undefined]);
    wait(10_000_000);
    breaker.fail('webgpu', 'Three.');
    expect(breaker.openReason('webgpu')).toBe(
      'it failed 3 times, the last time like this: Three. It is tried no more before the page is reloaded.',
    );
    wait(Number.MAX_SAFE_INTEGER / 2);
    expect(state()).toEqual(['left alone', undefined]);
  });

  it('the browser does not have just now is left alone for 130 s at once', () => {
    breaker.fail('webgpu', 'There is no adapter.', true);
    expect(breaker.openReason('webgpu')).toBe('There is no adapter. It is tried again in 130 s.');
    expect(state()).toEqual(['left alone', 130_000]);
    for (let time = 0; time < 2; time++) {
      wait(130_000);
      expect(state()).toEqual(['may start', undefined]);
      breaker.fail('webgpu', 'There is no adapter.', true);
    }
    expect(state()).toEqual(['left alone', undefined]);
  });

  it('fails while it is left alone, as a last resort, fails for nothing', () => {
    for (let time = 0; time < 9; time++) breaker.fail('webgpu', 'Gone.');
    expect(state()).toEqual(['left alone', 130_000]);
  });

  it('failed says nothing of the others', () => {
    for (let time = 0; time < 2; time++) breaker.fail('wasm', 'It trapped.');
    expect([state('wasm'), state('webgpu')].map(([each]) => each)).toEqual(['left alone', 'may start']);
  });
});

it('forgets everything at a reset', () => {
  for (let time = 0; time < 2; time++) breaker.fail('webgpu', 'Gone.');
  breaker.reset();
  expect(state()).toEqual(['may start', undefined]);
  breaker.fail('webgpu', 'Gone.');
  expect(state()).toEqual(['may start', undefined]);
});

describe('an engine that is watched', () => {
  /** Started now, and to be lost later. */
  function watched(backend: BackendName = 'webgpu', device?: GPUDevice) {
    const { promise, resolve } = deferred<PannierError>();
    const handle = { engine: { backend, whenLost: promise }, startedAtMs: nowMs };
    breaker.watch(handle, device);
    const lose = async (code: ErrorCode = 'device-lost') => {
      resolve(new PannierError(code, 'It is gone.'));
      await rest();
    };
    return { handle, lose };
  }

  it.each(['device-lost', 'worker-crashed', 'timeout', 'predict'] as const)('counts when it is lost to %s', async (code) => {
    for (let loss = 0; loss < 2; loss++) await watched('wasm').lose(code);
    expect(state('wasm')).toEqual(['left alone', 130_000]);
  });

  it('does not count when its memory ran out', async () => {
    for (let loss = 0; loss < 3; loss++) await watched('wasm').lose('out-of-memory');
    expect(state('wasm')).toEqual(['may start', undefined]);
  });

  it('counts once, however often it is watched', async () => {
    const { handle, lose } = watched();
    breaker.watch(handle);
    await lose();
    expect(state()).toEqual(['may start', undefined]);
    await watched().lose();
    expect(state()).toEqual(['left alone', 130_000]);
  });

  it.each(['before', 'after'])('counts together with those that one crash ended with it, %s a reset', async (when) => {
    await watched().lose();
    const together = [watched(), watched(), watched()];
    wait(1);
    if (when === 'after') breaker.reset();
    for (const each of together) await each.lose();
    const [second, third] = [
      ['left alone', 130_000],
      ['may start', undefined],
    ];
    expect(state()).toEqual(when === 'before' ? second : third);
  });

  it('does not count when the app has destroyed its own device, and does when that was lost otherwise', async () => {
    const device = (reason: string) => ({ lost: Promise.resolve({ reason }) }) as unknown as GPUDevice;
    for (let loss = 0; loss < 3; loss++) await watched('webgpu', device('destroyed')).lose();
    await watched('webgpu', device('unknown')).lose();
    expect(state()).toEqual(['may start', undefined]);
    // The engine is lost though the device is whole: a shader has failed.
    await watched('webgpu', { lost: new Promise(() => undefined) } as unknown as GPUDevice).lose();
    expect(state()).toEqual(['left alone', 130_000]);
  });
});

it('a page that obeys loses a backend twice in 130 s at most and three times in all, whatever happens', () => {
  const step = fc.oneof(
    fc.record({ waitMs: fc.oneof(fc.integer({ min: 0, max: 1_000_000 }), fc.constantFrom(1, 129_999, 130_000)) }),
    fc.constant('wait as told' as const),
    fc.record({ isAbsent: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      nowMs = 0;
      breaker = new CircuitBreaker(() => nowMs);
      const failedAtMs: number[] = [];
      for (const each of steps) {
        const retryMs = breaker.retryAfterMs('webgpu');
        if (each === 'wait as told') {
          if (retryMs === undefined) continue;
          wait(retryMs - 1);
          expect(breaker.openReason('webgpu')).toBeTypeOf('string');
          wait(1);
          expect(breaker.openReason('webgpu')).toBe(undefined);
        } else if ('waitMs' in each) wait(each.waitMs);
        else if (breaker.openReason('webgpu') === undefined) {
          failedAtMs.push(nowMs);
          breaker.fail('webgpu', 'Gone.', each.isAbsent);
        }
      }
      expect(failedAtMs.length).toBeLessThanOrEqual(3);
      const [first = 0, , third = Number.POSITIVE_INFINITY] = failedAtMs;
      expect(third - first).toBeGreaterThanOrEqual(130_000);
    }),
    { numRuns: 500 },
  );
});
