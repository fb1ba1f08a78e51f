/** The worker's side of the wall: what is no request of ours gets no answer and does no harm. */
import { afterEach, expect, it, vi } from 'vitest';
import { serve } from '../../src/worker/host.js';

/** A worker's own global. */
class FakeSelf extends EventTarget {
  readonly posted: unknown[] = [];
  postMessage(reply: unknown): void {
    this.posted.push(reply);
  }
  close(): void {}
}

afterEach(() => vi.unstubAllGlobals());

it('X3: forged messages to a worker are ignored', async () => {
  const self = new FakeSelf();
  vi.stubGlobal('self', self);
  serve('cpu', () => Promise.reject(new Error('Nobody started it.')));
  const forged = [
    undefined,
    null,
    5,
    'start',
    [],
    {},
    { kind: 'close' },
    { id: '1', kind: 'close' },
    { id: 1, kind: 'toString' },
    { id: 1 },
  ];
  for (const data of forged) self.dispatchEvent(new MessageEvent('message', { data }));
  await new Promise(setImmediate);
  expect(self.posted).toEqual([{ ready: true }]);
  self.dispatchEvent(new MessageEvent('message', { data: { id: 1, kind: 'close', session: 0 } }));
  await new Promise(setImmediate);
  expect(self.posted.slice(1)).toEqual([{ begun: 1 }, { id: 1, error: expect.objectContaining({ code: 'backend-unavailable' }) }]);
});
