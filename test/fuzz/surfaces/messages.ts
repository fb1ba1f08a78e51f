/** Messages between a page and its worker, from either side, among them some that nobody of ours has sent. */
import fc from 'fast-check';
import { PannierError } from '../../../src/base/errors.js';
import { start } from '../../../src/engines/tfjs/cpu.js';
import { WorkerConnection } from '../../../src/worker/connection.js';
import { serve } from '../../../src/worker/host.js';
import { changed, poison } from '../mutation.js';
import { refusable, surface } from '../surface.js';

/** As `postMessage` hands them over: what cannot be cloned never arrives. */
const cloned = (value: unknown): { readonly data: unknown } | undefined => {
  try {
    return { data: structuredClone(value) };
  } catch {
    return undefined;
  }
};

class FakeWorker extends EventTarget {
  static last: FakeWorker;
  readonly asked: { readonly id: number }[] = [];
  constructor() {
    super();
    FakeWorker.last = this;
  }
  postMessage(request: { readonly id: number }): void {
    this.asked.push(request);
  }
  terminate(): void {}
  say(data: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }
}

const wire = { code: 'device-lost', message: 'It is gone.', detail: { reason: 'unknown' }, stack: 'Error' };
const replies = fc.constantFrom<object>(
  ...[{ ready: true }, { begun: 0 }, { begun: 7 }, { lost: wire }, { id: 7, value: 1 }, { id: 7, error: wire }, { id: 0, error: wire }],
);

export const fromWorker = surface({
  name: 'replies',
  share: 60,
  inputs: fc.array(changed(replies, poison), { minLength: 1, maxLength: 3 }),
  async feed(messages) {
    Object.assign(globalThis, { Worker: FakeWorker });
    const connection = new WorkerConnection({ engine: 'tfjs', backend: 'wasm' }, (_name, url) => url);
    const worker = FakeWorker.last;
    worker.say({ ready: true });
    await connection.ready;
    const answer = connection.ask('close', { session: 0 });
    answer.catch(() => undefined);
    for (const message of messages) {
      const arrived = cloned(message);
      if (arrived !== undefined) worker.say(arrived.data);
    }
    worker.say({ id: worker.asked[0]?.id, value: undefined });
    try {
      return await refusable(() => answer);
    } finally {
      connection.terminate(new PannierError('disposed', 'It is over.'));
    }
  },
});

/** A worker's own global. */
class FakeSelf extends EventTarget {
  readonly posted: Record<string, unknown>[] = [];
  postMessage(reply: Record<string, unknown>): void {
    this.posted.push(reply);
  }
  close(): void {}
  ask(data: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }
  /** Waits for it as long as anything goes on. */
  async answerTo(id: number): Promise<Record<string, unknown> | undefined> {
    const answer = () => this.posted.find((reply) => reply['id'] === id);
    for (let turn = 0; turn < 1_000 && answer() === undefined; turn++) await new Promise(setImmediate);
    return answer();
  }
}

const model = { name: 'x', graph: new ArrayBuffer(4), controlFlow: false };
const requests = fc.constantFrom<object>(
  ...[
    { id: 2, kind: 'close', session: 0 },
    { id: 3, kind: 'run', session: 9, feeds: [], outputs: [] },
  ],
  ...[
    { id: 4, kind: 'open', session: 1, model },
    { id: 5, kind: 'upload', session: 1, shard: new ArrayBuffer(4) },
    { id: 6, kind: 'build', session: 1 },
  ],
);

let worker: Promise<FakeSelf> | undefined;

async function startWorker(): Promise<FakeSelf> {
  const self = new FakeSelf();
  Object.assign(globalThis, { self });
  serve('cpu', start);
  self.ask({ id: 0, kind: 'start', options: {} });
  await self.answerTo(0);
  return self;
}

export const toWorker = surface({
  name: 'requests',
  share: 40,
  inputs: fc.array(changed(requests, poison), { minLength: 1, maxLength: 5 }),
  async feed(messages) {
    worker ??= startWorker();
    const self = await worker;
    self.posted.length = 0;
    for (const message of messages) {
      const arrived = cloned(message);
      if (arrived !== undefined) self.ask(arrived.data);
    }
    const id = 1e6;
    self.ask({ id, kind: 'close', session: 0 });
    const answer = await self.answerTo(id);
    if (answer === undefined || !('value' in answer)) throw new Error(`The worker answers no more: ${JSON.stringify(self.posted)}`);
    if (self.posted.some((reply) => 'lost' in reply)) throw new Error(`The worker gave itself up: ${JSON.stringify(self.posted)}`);
    return self.posted.some((reply) => 'error' in reply) ? 'refused' : 'accepted';
  },
});
