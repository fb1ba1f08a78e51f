/** The page's side of a worker that dies, hangs or sleeps: every call settles, once, and a busy worker is left alone. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PannierError, toWire } from '../../src/base/errors.js';
import type { Engine, Session } from '../../src/engines/engine.js';
import { startWorkerEngine } from '../../src/worker/client.js';
import { WorkerConnection } from '../../src/worker/connection.js';
import type { Reply, Request } from '../../src/worker/protocol.js';
import { rejection, rest, stateOf } from '../fixtures/fakes.js';

/** A worker that a test speaks for. */
class FakeWorker extends EventTarget {
  static last: FakeWorker;
  readonly asked: Request[] = [];
  terminated = 0;
  constructor() {
    super();
    FakeWorker.last = this;
  }
  postMessage(request: Request): void {
    this.asked.push(request);
  }
  terminate(): void {
    this.terminated++;
  }
  say(reply: Reply): void {
    this.dispatchEvent(new MessageEvent('message', { data: reply }));
  }
  begin(id: number): void {
    this.say({ begun: id });
  }
}

const WASM = { engine: 'tfjs', backend: 'wasm' } as const;
const TICK_MS = 2_000;
const addressOf = (_name: string, url: string) => url;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  vi.stubGlobal('Worker', FakeWorker);
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function connect() {
  const connection = new WorkerConnection(WASM, addressOf);
  FakeWorker.last.say({ ready: true });
  return { connection, worker: FakeWorker.last };
}
const run = (connection: WorkerConnection) => connection.ask('run', { session: 0, feeds: [], outputs: [] });

it('lets messages pass that are no replies of ours', async () => {
  const { connection, worker } = connect();
  await connection.ready;
  const call = run(connection);
  const forged = [
    5,
    null,
    'ready',
    [],
    { id: 0 },
    { id: 0, error: null },
    { id: 0, error: { message: 1 } },
    { lost: undefined },
    { lost: {} },
  ];
  for (const message of forged) expect(() => worker.say(message as never)).not.toThrow();
  // One that is no sign of life is no reason to wait either.
  vi.advanceTimersByTime(2 * TICK_MS);
  worker.say('still here' as never);
  expect([connection.terminatedBy, await stateOf(call)]).toEqual([undefined, 'pending']);
  vi.advanceTimersByTime(TICK_MS);
  expect(await rejection(call)).toMatchObject({ code: 'worker-unresponsive' });
});

describe('a worker that takes no call', () => {
  it('is ended after three ticks; every call is told, and so is whoever watches', async () => {
    const { connection, worker } = connect();
    await connection.ready;
    const calls = [rejection(run(connection)), rejection(run(connection))];
    vi.advanceTimersByTime(3 * TICK_MS - 1);
    expect([connection.terminatedBy, worker.terminated]).toEqual([undefined, 0]);
    vi.advanceTimersByTime(1);
    const reason = await connection.whenLost;
    expect(reason).toMatchObject({ code: 'worker-unresponsive', retryable: true, detail: { waitedMs: 6_000 } });
    expect(await Promise.all(calls)).toEqual([reason, reason]);
    expect(await rejection(run(connection))).toBe(reason);
    expect([connection.terminatedBy, worker.terminated]).toEqual([reason, 1]);
  });

  it('is left alone while it is at another one, however long', async () => {
    const { connection, worker } = connect();
    await connection.ready;
    const [busy, waiting] = [run(connection), run(connection)];
    worker.begin(0);
    vi.advanceTimersByTime(1_000 * TICK_MS);
    expect([await stateOf(busy), await stateOf(waiting)]).toEqual(['pending', 'pending']);
    const value = { maxBufferBytes: 0, identity: '' };
    worker.say({ id: 0, value });
    vi.advanceTimersByTime(2 * TICK_MS);
    worker.begin(1);
    vi.advanceTimersByTime(1_000 * TICK_MS);
    worker.say({ id: 1, value });
    expect(await Promise.all([busy, waiting])).toEqual([value, value]);
    vi.advanceTimersByTime(TICK_MS);
  });

  it('is looked at only while calls wait', async () => {
    const { connection, worker } = connect();
    await connection.ready;
    expect(vi.getTimerCount()).toBe(0);
    for (let id = 0; id < 3; id++) {
      const call = run(connection);
      vi.advanceTimersByTime(2 * TICK_MS);
      worker.begin(id);
      worker.say({ id, value: undefined });
      await call;
      vi.advanceTimersByTime(TICK_MS);
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  it('is judged by ticks, not by time: of a sleep of an hour only one comes', async () => {
    vi.useRealTimers();
    let tick = () => undefined as unknown;
    vi.stubGlobal('setInterval', (callback: () => void) => {
      tick = callback;
      return 1;
    });
    vi.stubGlobal('clearInterval', () => undefined);
    const { connection } = connect();
    await connection.ready;
    const call = rejection(run(connection));
    for (let slept = 0; slept < 2; slept++) tick();
    expect(connection.terminatedBy).toBeUndefined();
    tick();
    expect(await call).toMatchObject({ code: 'worker-unresponsive' });
    vi.useFakeTimers();
  });
});

describe('a message that cannot be sent', () => {
  const clone = new DOMException('The object can not be cloned.', 'DataCloneError');
  const picture = { kind: 'picture', picture: { data: new Uint8Array(4), width: 1, height: 1 } } as never;
  const tensor = { kind: 'tensor' } as never;
  it.each<[what: string, ask: (to: WorkerConnection) => Promise<unknown>, told: object]>([
    [
      'a run with a picture',
      (to) => to.ask('run', { session: 0, feeds: [tensor, picture], outputs: [] }),
      { code: 'input', message: expect.stringMatching(/^The picture cannot cross.*crossorigin/) },
    ],
    [
      'a run without one',
      (to) => to.ask('run', { session: 0, feeds: [tensor], outputs: [] }),
      { code: 'predict', message: expect.stringMatching(/^The wasm worker could not be sent the request "run": The object can not/) },
    ],
    ['a shard', (to) => to.ask('upload', { session: 0, shard: new ArrayBuffer(1) }), { code: 'predict' }],
    ['a start', (to) => to.ask('start', { options: {} }), { code: 'predict', message: expect.not.stringContaining('picture') }],
  ])('%s is told as what it is, and the worker goes on', async (_what, ask, told) => {
    const { connection, worker } = connect();
    await connection.ready;
    const sending = vi.spyOn(worker, 'postMessage').mockImplementationOnce(() => {
      throw clone;
    });
    expect(await rejection(ask(connection))).toMatchObject({ ...told, cause: clone });
    expect(connection.terminatedBy).toBeUndefined();
    sending.mockRestore();
    const next = run(connection);
    worker.begin(1);
    worker.say({ id: 1, value: undefined });
    await next;
    vi.advanceTimersByTime(TICK_MS);
  });
});

describe('a script that takes its time on a slow line', () => {
  it.each([
    [29_000, 'ready'],
    [30_000, 'WorkerUnavailable: Loading the wasm worker took longer than 30000 ms.'],
  ])('of %i ms is waited for until it is too long', async (tookMs, became) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const { ready } = new WorkerConnection(WASM, addressOf);
    const told = ready.then(
      () => 'ready',
      (thrown) => `${thrown.constructor.name}: ${thrown.message}`,
    );
    await vi.advanceTimersByTimeAsync(tookMs);
    FakeWorker.last.say({ ready: true });
    expect(await told).toBe(became);
  });
});

describe('a start that nobody waits for any more', () => {
  it.each(['before', 'while'])('ends at once, its worker too: given up %s the script loads', async (when) => {
    const giveUp = new AbortController();
    if (when === 'before') giveUp.abort();
    const starting = rejection(startWorkerEngine(WASM, Promise.resolve({}), addressOf, giveUp.signal));
    giveUp.abort();
    // Not as if no worker could run here: the page's thread would take its place.
    expect(await starting).toBe(giveUp.signal.reason);
    expect(FakeWorker.last.terminated).toBe(1);
    vi.advanceTimersByTime(30_000);
  });
});

describe('an engine in a worker', () => {
  async function started(): Promise<{ engine: Engine; session: Session; worker: FakeWorker }> {
    const starting = startWorkerEngine(WASM, Promise.resolve({}), addressOf, new AbortController().signal);
    const worker = FakeWorker.last;
    worker.say({ ready: true });
    await rest();
    worker.say({ id: 0, value: { maxBufferBytes: 1, identity: '' } });
    const engine = await starting;
    const opening = engine.open({
      name: 'add',
      graph: new ArrayBuffer(0),
      weights: [],
      controlFlow: false,
    });
    worker.say({ id: 1, value: undefined });
    await rest();
    worker.say({ id: 2, value: undefined });
    return { engine, session: await opening, worker };
  }
  const call = { feeds: [], outputs: [], deadlineMs: 4 * TICK_MS };

  it('that fails while idle is lost at once, by what it failed of', async () => {
    const { engine, session, worker } = await started();
    worker.say({ lost: toWire(new PannierError('device-lost', 'The GPU fell out.')) });
    expect([engine.isLost, session.lost, worker.terminated]).toEqual([true, await engine.whenLost, 1]);
    expect(await engine.whenLost).toMatchObject({ code: 'device-lost', message: expect.stringContaining('The GPU fell out.') });
    expect(await rejection(session.run(call))).toBe(await engine.whenLost);
  });

  it('ends at the deadline of a run that has begun, which is the loss; a late answer is dropped', async () => {
    const { engine, session, worker } = await started();
    const [running, other] = [rejection(session.run(call)), rejection(session.run({ ...call, deadlineMs: Number.POSITIVE_INFINITY }))];
    await rest();
    worker.begin(3);
    vi.advanceTimersByTime(call.deadlineMs);
    const timeout = await running;
    expect(timeout).toMatchObject({ code: 'timeout' });
    expect(await engine.whenLost).toBe(timeout);
    expect(await other).toMatchObject({ code: 'worker-crashed' });
    worker.say({ id: 3, value: { outputs: [], prepareMs: 0, computeMs: 0, readMs: 0, cold: false } });
    worker.say({ lost: toWire(new PannierError('device-lost', 'Too late.')) });
    expect(await engine.whenLost).toBe(timeout);
    expect([session.lost, worker.terminated]).toEqual([await other, 1]);
  });

  it('that is disposed is no loss; who waits is told', async () => {
    const { engine, session, worker } = await started();
    const running = rejection(session.run(call));
    await rest();
    engine.dispose();
    engine.dispose();
    expect(await running).toMatchObject({ code: 'disposed' });
    worker.say({ lost: toWire(new PannierError('device-lost', 'Its device was destroyed.')) });
    expect([await stateOf(engine.whenLost), engine.isLost, worker.terminated]).toEqual(['pending', true, 1]);
  });
});
