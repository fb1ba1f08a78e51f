/** Calls, losses, aborts, moves and failed openings at random: what a turn promises holds in any order of them. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ErrorCode, PannierError } from '../../src/base/errors.js';
import { Notes } from '../../src/base/notes.js';
import type { Call, RunResult } from '../../src/engines/engine.js';
import { LoadedModel } from '../../src/model.js';
import { Queue } from '../../src/runtime/queue.js';
import { type Opened, ServedModel } from '../../src/runtime/served-model.js';
import { fakeModel } from '../fixtures/fakes.js';
import { LONG_MS, runs } from '../tier.js';

const CODES: readonly ErrorCode[] = [
  'device-lost',
  'worker-crashed',
  'worker-unresponsive',
  'backend-rejected',
  'timeout',
  'out-of-memory',
];

/** One thing that a test does, and how many turns of the event loop it lets go by before the next. */
const step = fc.record({
  what: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('call', 'background call') },
    { weight: 2, arbitrary: fc.constantFrom('abort', 'lose', 'move', 'reopen') },
  ),
  pick: fc.nat(1_000),
  pause: fc.nat(3),
});

/** How each run and each opening ends, one after another, over and over. */
const fates = fc.array(fc.record({ how: fc.nat(9), turns: fc.nat(3), code: fc.constantFrom(...CODES) }), { minLength: 1, maxLength: 20 });

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function live(
  steps: readonly { what: string; pick: number; pause: number }[],
  ends: readonly { how: number; turns: number; code: ErrorCode }[],
) {
  let next = 0;
  const fate = () => ends[next++ % ends.length]!;
  let alive: ReturnType<typeof place> | undefined;
  const wrong: string[] = [];

  function place() {
    let running = false;
    let isClosed = false;
    const loss = new PannierError('device-lost', 'The place is gone.');
    const session = {
      lost: undefined as PannierError | undefined,
      async run({ feeds: [feed] }: Call): Promise<RunResult> {
        if (running) wrong.push('two runs at a time');
        if (isClosed) wrong.push('a run where all is closed');
        running = true;
        const { how, turns, code } = fate();
        for (let left = turns; left > 0; left--) await turn();
        running = false;
        if (how === 0) throw new PannierError('predict', 'not the fault of the place');
        if (how === 1) session.lost = loss;
        if (session.lost !== undefined) throw new PannierError(code, 'lost');
        const value = feed?.kind === 'tensor' ? (feed.data[0] as number) : Number.NaN;
        const data = new Float32Array(4).fill(value);
        return {
          outputs: [{ dtype: 'float32', shape: [1, 4], data }],
          finite: true,
          prepareMs: 0,
          computeMs: 0,
          readMs: 0,
          cold: false,
        } as RunResult;
      },
      dispose() {},
    };
    const close = () => {
      isClosed = true;
    };
    const at = {
      engine: 'tfjs',
      backend: 'wasm',
      handle: { queue: new Queue(), thread: 'worker' },
      session,
      run: (call: Call) => session.run(call),
      dispose: close,
    } as const;
    return { at, session, lose: () => Object.assign(session, { lost: loss }), isClosed: () => isClosed };
  }

  const first = place();
  alive = first;
  const all = [first];
  const opened = new ServedModel(
    fakeModel().manifest,
    { instance: first.at, selection: [], loadTiming: {} } as unknown as Opened,
    new Notes(),
    { bytesDownloaded: 0, bytesFromCache: 0 },
    async () => {
      const { how, turns } = fate();
      for (let left = turns; left > 0; left--) await turn();
      if (how === 2) throw new PannierError('backend-unavailable', 'none just now');
      alive = place();
      if (how === 3) alive.lose();
      all.push(alive);
      return { instance: alive.at, selection: [], loadTiming: {} } as unknown as Opened;
    },
  );
  const model = new LoadedModel({ value: opened, release: () => opened.dispose() }, { deadlineMs: 30_000, trace: false } as never);

  const calls: { abort: AbortController; settled: number; how?: string }[] = [];
  const waiting: Promise<unknown>[] = [];
  for (const { what, pick, pause } of steps) {
    if (what.endsWith('call')) {
      const id = calls.length + 1;
      const entry: (typeof calls)[number] = { abort: new AbortController(), settled: 0 };
      calls.push(entry);
      const prediction = model.predict(
        { x: Float32Array.of(id, 0, 0, 0) },
        { signal: entry.abort.signal, priority: what === 'call' ? 'user' : 'background' },
      );
      const settle = (how: string) => {
        entry.settled++;
        entry.how = how;
      };
      waiting.push(
        prediction.then(
          ({ outputs }) => settle(outputs['y']!.data[0] === id ? 'right' : 'wrong'),
          (thrown) => settle(thrown === 'enough' ? 'aborted' : (thrown as PannierError).code),
        ),
      );
    }
    if (what === 'abort' && calls.length > 0) calls[pick % calls.length]!.abort.abort('enough');
    if (what === 'lose') (alive as ReturnType<typeof place>).lose();
    if (what === 'reopen') void opened.reopen('a better reason').catch(() => undefined);
    if (what === 'move') {
      const from = opened.current;
      const to = place();
      all.push(to);
      void from.handle.queue.run(
        async () => {
          if (!opened.isCurrent(from)) return to.at.dispose();
          alive = to;
          opened.moveTo(to.at, 'it is faster');
        },
        'background',
        undefined,
      );
    }
    for (let left = pause; left > 0; left--) await turn();
  }
  const hung = Promise.all(waiting).then(() => false);
  let turns = 0;
  const given = (async () => {
    while (turns++ < 5_000) await turn();
    return true;
  })();
  const isHung = await Promise.race([hung, given]);
  turns = 5_000;
  model.dispose();
  for (let left = 10; left > 0; left--) await turn();
  return { calls, wrong, isHung, open: all.filter((each) => !each.isClosed()).length };
}

it(
  'whatever happens: each call settles once, right or with a typed error, and nothing stays open',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), fates, async (steps, ends) => {
        // Somewhere there is a run that answers, or calls are lost for ever.
        const { calls, wrong, isHung, open } = await live(steps, [...ends, { how: 9, turns: 0, code: 'device-lost' }]);
        expect({ isHung, wrong, open }).toEqual({ isHung: false, wrong: [], open: 0 });
        for (const { settled, how } of calls) {
          expect(settled).toBe(1);
          expect(['right', 'aborted', 'predict', 'backend-unavailable', ...CODES]).toContain(how);
        }
      }),
      { numRuns: runs(20_000, 300) },
    );
  },
  LONG_MS,
);
