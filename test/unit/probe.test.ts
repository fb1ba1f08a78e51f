/** Whether a pair is out of the race before its model is opened: by what two small products take on engines of known speed. */
import { expect, test } from 'vitest';
import type { Call, Engine, EngineModel, Session } from '../../src/engines/engine.js';
import { Queue } from '../../src/runtime/queue.js';
import { hopelessReason } from '../../src/select/probe.js';
import { deferred, rejection, rest } from '../fixtures/fakes.js';

const GIGA = 1e9;

interface Speed {
  readonly gflopsPerSecond: number;
  /** Of every run, however small. */
  readonly latencyMs?: number;
  /** Of the first run of each size. */
  readonly compileMs?: number;
  readonly fails?: boolean;
}

function engineOf({ gflopsPerSecond, latencyMs = 0, compileMs = 0, fails = false }: Speed) {
  const seen = { opened: [] as EngineModel[], runs: [] as Call[], disposed: 0 };
  const session: Session = {
    lost: undefined,
    async run(call) {
      if (fails) throw new Error('The device was lost.');
      const [{ shape = [] } = {}] = call.feeds;
      const cold = !seen.runs.some(({ feeds }) => feeds[0]?.shape[0] === shape[0]);
      seen.runs.push(call);
      const workMs = (2 * (shape[0] ?? 0) ** 3) / (gflopsPerSecond * 1e6);
      return { outputs: [], prepareMs: 5, computeMs: latencyMs + workMs + (cold ? compileMs : 0), readMs: undefined, cold };
    },
    dispose: () => {
      seen.disposed++;
    },
  };
  const open = async (model: EngineModel) => {
    seen.opened.push(model);
    return session;
  };
  return { engine: { open } as unknown as Engine, seen };
}

const ask = (speed: Speed, flops: number, incumbentMs: number) => {
  const { engine, seen } = engineOf(speed);
  const asking = hopelessReason(flops, incumbentMs, { engine, queue: new Queue() }, 1_000, new AbortController().signal);
  return { asking, seen };
};

test.each<[string, Speed, number, number]>([
  ['a GPU in software, of a large model', { gflopsPerSecond: 0.4, latencyMs: 3, compileMs: 900 }, 2.6 * GIGA, 300],
  ['a GPU in software, of a middling one', { gflopsPerSecond: 0.4, latencyMs: 3 }, 0.54 * GIGA, 40],
])('%s is out', async (_what, speed, flops, incumbentMs) => {
  const { asking, seen } = ask(speed, flops, incumbentMs);
  const wanted = `at 0.4 GFLOP a second, as measured, one call would take about ${flops / 4e5} ms; where the model runs now, one takes ${incumbentMs} ms`;
  expect(await asking).toBe(wanted);
  expect(seen.disposed).toBe(1);
});

test.each<[string, Speed, number, number]>([
  ['one that is faster', { gflopsPerSecond: 500 }, 2.6 * GIGA, 300],
  ['one that takes long for nothing', { gflopsPerSecond: 100, latencyMs: 200, compileMs: 4_000 }, 2.6 * GIGA, 300],
  ['one that loses a race, but not by eight times', { gflopsPerSecond: 1.3 }, 2.6 * GIGA, 300],
  ['one whose half a second does no harm', { gflopsPerSecond: 0.4 }, 0.18 * GIGA, 1],
  ['one whose work takes no time that a clock could see', { gflopsPerSecond: Number.POSITIVE_INFINITY, latencyMs: 2 }, 2.6 * GIGA, 300],
])('%s may try', async (_what, speed, flops, incumbentMs) => {
  const { asking, seen } = ask(speed, flops, incumbentMs);
  expect(await asking).toBeUndefined();
  expect(seen.disposed).toBe(1);
});

test('it asks for a graph that an engine can open, and feeds it squares', async () => {
  const { asking, seen } = ask({ gflopsPerSecond: 1 }, GIGA, 1);
  await asking;
  const [{ graph = new ArrayBuffer(), weights } = {}] = seen.opened;
  const { modelTopology } = JSON.parse(new TextDecoder().decode(graph)) as { modelTopology: { node: { name: string; op: string }[] } };
  expect(modelTopology.node.map(({ name, op }) => `${name} ${op}`)).toEqual(['matrix Placeholder', 'product MatMul']);
  expect(weights).toEqual([]);
  const sizes = seen.runs.map(({ feeds }) => feeds[0]?.shape);
  expect(sizes).toEqual([...Array(4).fill([128, 128]), ...Array(4).fill([256, 256])]);
});

test('one that breaks is closed, and says why', async () => {
  const { asking, seen } = ask({ gflopsPerSecond: 1, fails: true }, GIGA, 1);
  expect(await rejection(asking)).toMatchObject({ message: 'The device was lost.' });
  expect(seen.disposed).toBe(1);
});

test('one that never opens is given up; what opens late is closed', async () => {
  const { engine, seen } = engineOf({ gflopsPerSecond: 1 });
  const { open } = engine;
  const late = deferred();
  engine.open = (model) => late.promise.then(() => open(model));
  const pooled = { engine, queue: new Queue() };
  expect(await rejection(hopelessReason(GIGA, 1, pooled, 1, new AbortController().signal))).toMatchObject({ code: 'timeout' });
  late.resolve();
  await rest();
  expect([seen.opened.length, seen.disposed]).toEqual([1, 1]);
});
