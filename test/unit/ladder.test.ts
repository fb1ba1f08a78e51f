/** Which backend may be started again after it was lost, and when: with a clock that stands still until it is told. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { BackendName } from '../../src/base/backend-name.js';
import { type ErrorCode, PannierError } from '../../src/base/errors.js';
import { CircuitBreaker } from '../../src/select/circuit-breaker.js';
import { deferred, rest } from '../fixtures/fakes.js';

let nowMs = 0;
let ladder: CircuitBreaker;
beforeEach(() => {
  nowMs = 5_000;
  ladder = new CircuitBreaker(() => nowMs);
});

const wait = (ms: number) => {
  nowMs += ms;
};
const state = (backend: BackendName = 'webgpu') => [ladder.veto(backend) === undefined ? 'free' : 'held', ladder.retryAfterMs(backend)];

describe('losses', () => {
  it('know nothing of a backend at first', () => {
    expect(state()).toEqual(['free', undefined]);
    expect([ladder.isOver('webgpu'), ladder.mayBeLast('webgpu')]).toEqual([false, true]);
  });

  it('let it start again at once after the first', () => {
    ladder.lost('webgpu', 'The GPU went away.');
    expect(state()).toEqual(['free', undefined]);
  });

  it('hold it for 130 s after the second within 130 s', () => {
    ladder.lost('webgpu', 'The GPU went away.');
    wait(129_999);
    ladder.lost('webgpu', 'It went away again.');
    expect(ladder.veto('webgpu')).toBe('it was lost twice within 130 s, at last so: It went away again. It is tried again in 130 s.');
    wait(129_999);
    expect(state()).toEqual(['held', 1]);
    wait(1);
    expect(state()).toEqual(['free', undefined]);
  });

  it('forgive the first after 130 s, but count it', () => {
    ladder.lost('webgpu', 'one');
    wait(130_000);
    ladder.lost('webgpu', 'two');
    expect(state()).toEqual(['free', undefined]);
    wait(10_000_000);
    ladder.lost('webgpu', 'Three.');
    expect(ladder.veto('webgpu')).toBe('it was lost 3 times, at last so: Three. It is tried no more before the page is reloaded.');
    wait(Number.MAX_SAFE_INTEGER / 2);
    expect([...state(), ladder.isOver('webgpu')]).toEqual(['held', undefined, true]);
  });

  it('of one backend hold no other', () => {
    for (let loss = 0; loss < 3; loss++) ladder.lost('wasm', 'It trapped.');
    expect([state('wasm'), state('webgpu'), state('cpu')].map(([each]) => each)).toEqual(['held', 'free', 'free']);
  });

  it('leave it a last chance; a browser that has none to give leaves none', () => {
    for (let loss = 0; loss < 3; loss++) ladder.lost('webgpu', 'gone');
    expect(ladder.mayBeLast('webgpu')).toBe(true);
    ladder.absent('webgpu', 'None.');
    expect(ladder.mayBeLast('webgpu')).toBe(false);
    wait(130_000);
    expect(ladder.mayBeLast('webgpu')).toBe(true);
  });
});

describe('a browser that has none to give', () => {
  it('is asked again after 130 s, then after ten minutes, then no more', () => {
    ladder.absent('webgpu', 'There is no adapter.');
    expect(ladder.veto('webgpu')).toBe('There is no adapter. It is tried again in 130 s.');
    expect(state()).toEqual(['held', 130_000]);
    wait(130_000);
    expect(state()).toEqual(['free', undefined]);
    ladder.absent('webgpu', 'There is no adapter.');
    expect(state()).toEqual(['held', 600_000]);
    wait(600_000);
    expect(state()).toEqual(['free', undefined]);
    ladder.absent('webgpu', 'There is no adapter.');
    expect(ladder.veto('webgpu')).toBe('There is no adapter. It is tried no more before the page is reloaded.');
    expect(ladder.retryAfterMs('webgpu')).toBe(undefined);
  });

  it('right after a loss holds it, though the loss alone would not', () => {
    ladder.lost('webgpu', 'gone');
    wait(100);
    ladder.absent('webgpu', 'There is no adapter.');
    expect(state()).toEqual(['held', 130_000]);
  });
});

it('forgets everything when it is told to', () => {
  for (let loss = 0; loss < 3; loss++) ladder.lost('webgpu', 'gone');
  for (let time = 0; time < 3; time++) ladder.absent('wasm', 'None.');
  ladder.reset();
  expect([state('webgpu'), state('wasm'), ladder.isOver('webgpu')]).toEqual([['free', undefined], ['free', undefined], false]);
});

describe('an engine that is watched', () => {
  /** An engine that can be lost. */
  function engine(backend: BackendName = 'webgpu') {
    const { promise, resolve } = deferred<PannierError>();
    const lose = async (code: ErrorCode = 'device-lost') => {
      resolve(new PannierError(code, 'It is gone.'));
      await rest();
    };
    return { backend, whenLost: promise, lose };
  }
  const watched = (...given: Parameters<typeof engine>) => {
    const made = engine(...given);
    ladder.watch(made);
    return made;
  };

  it.each(['device-lost', 'worker-crashed', 'timeout', 'predict'] as const)('counts when it is lost to %s', async (code) => {
    for (let loss = 0; loss < 2; loss++) await watched('wasm').lose(code);
    expect(ladder.veto('wasm')).toBe('it was lost twice within 130 s, at last so: It is gone. It is tried again in 130 s.');
  });

  it('does not count when its memory ran out', async () => {
    for (let loss = 0; loss < 3; loss++) await watched('wasm').lose('out-of-memory');
    expect(state('wasm')).toEqual(['free', undefined]);
  });

  it('counts once, however often it is watched', async () => {
    const only = watched();
    ladder.watch(only);
    await only.lose();
    expect(state()).toEqual(['free', undefined]);
    await watched().lose();
    expect(state()).toEqual(['held', 130_000]);
  });

  it('counts with those that were there with it: one crash ends them all', async () => {
    const together = [watched(), watched(), watched()];
    for (const each of together) await each.lose();
    expect(state()).toEqual(['free', undefined]);
    await watched().lose();
    expect(state()).toEqual(['held', 130_000]);
  });

  it('does not count when the app has destroyed its own device, and does when that was lost otherwise', async () => {
    const device = (reason: string) => ({ lost: Promise.resolve({ reason }) }) as unknown as GPUDevice;
    const lose = async (given: GPUDevice) => {
      const made = engine();
      ladder.watch(made, given);
      await made.lose();
    };
    for (let loss = 0; loss < 3; loss++) await lose(device('destroyed'));
    expect(state()).toEqual(['free', undefined]);
    await lose(device('unknown'));
    // Lost though the device is whole: a shader that failed.
    await lose({ lost: new Promise(() => undefined) } as unknown as GPUDevice);
    expect(state()).toEqual(['held', 130_000]);
  });

  it('from before a reset counts after it, once', async () => {
    await watched().lose();
    const two = [watched(), watched()];
    ladder.reset();
    for (const each of two) await each.lose();
    expect(state()).toEqual(['free', undefined]);
    await watched().lose();
    expect(state()).toEqual(['held', 130_000]);
  });
});

/** What a page did that obeys a ladder and starts a backend whenever it may. */
interface Seen {
  readonly lostAtMs: number[];
  readonly absentAtMs: number[];
}

type Command = fc.Command<Seen, CircuitBreaker>;

class Wait implements Command {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
  check = () => true;
  run(): void {
    wait(this.ms);
  }
  toString = () => `wait ${this.ms}`;
}

class WaitAsTold implements Command {
  check = () => true;
  run(_: Seen, real: CircuitBreaker): void {
    const ms = real.retryAfterMs('webgpu');
    if (ms === undefined) return;
    expect(ms).toBeGreaterThan(0);
    expect(real.veto('webgpu')).toBeTypeOf('string');
    wait(ms - 1);
    expect(real.veto('webgpu')).toBeTypeOf('string');
    wait(1);
    expect(real.veto('webgpu')).toBe(undefined);
  }
  toString = () => 'wait as told';
}

class Start implements Command {
  readonly fate: 'lost' | 'absent';
  constructor(fate: 'lost' | 'absent') {
    this.fate = fate;
  }
  check = () => true;
  run(seen: Seen, real: CircuitBreaker): void {
    if (real.veto('webgpu') !== undefined) return;
    expect(real.retryAfterMs('webgpu')).toBe(undefined);
    if (this.fate === 'lost') {
      seen.lostAtMs.push(nowMs);
      real.lost('webgpu', 'gone');
    } else {
      seen.absentAtMs.push(nowMs);
      real.absent('webgpu', 'None.');
    }
  }
  toString = () => `start: ${this.fate}`;
}

it('whatever happens, a page that obeys loses a backend twice in 130 s at most, three times in all, and asks in vain three times', () => {
  const commands = fc.commands(
    [
      fc.oneof(fc.integer({ min: 0, max: 1_000_000 }), fc.constantFrom(1, 129_999, 130_000, 599_999, 600_000)).map((ms) => new Wait(ms)),
      fc.constant(new WaitAsTold()),
      fc.constantFrom('lost' as const, 'absent' as const).map((fate) => new Start(fate)),
    ],
    { size: 'medium' },
  );
  fc.assert(
    fc.property(commands, (each) => {
      nowMs = 0;
      const seen: Seen = { lostAtMs: [], absentAtMs: [] };
      const real = new CircuitBreaker(() => nowMs);
      fc.modelRun(() => ({ model: seen, real }), each);
      const { lostAtMs, absentAtMs } = seen;
      expect(lostAtMs.length).toBeLessThanOrEqual(3);
      for (const [index, atMs] of lostAtMs.slice(2).entries()) expect(atMs - lostAtMs[index]!).toBeGreaterThanOrEqual(130_000);
      expect(absentAtMs.length).toBeLessThanOrEqual(3);
      for (const [index, atMs] of absentAtMs.slice(1).entries()) {
        expect(atMs - absentAtMs[index]!).toBeGreaterThanOrEqual([130_000, 600_000][index]!);
      }
      expect(real.isOver('webgpu')).toBe(lostAtMs.length === 3);
    }),
    { numRuns: 500 },
  );
});
