/** An open in the worker, between an engine that asks for shards and a page that sends them. */
import { expect, it } from 'vitest';
import type { Engine, EngineModel, Session } from '../../src/engines/engine.js';
import { StreamedOpen } from '../../src/worker/opening.js';
import { deferred, rejection, rest, stateOf } from '../fixtures/fakes.js';

const model = { name: 'm', graph: new ArrayBuffer(0), controlFlow: false };

/** An engine that opens a model as its test says. */
const engineOf = (open: (weights: AsyncIterable<ArrayBuffer>) => Promise<Session>): Engine =>
  ({ open: ({ weights }: EngineModel) => open(weights as AsyncIterable<ArrayBuffer>) }) as Engine;

const session = () => {
  const seen = { disposed: 0 };
  return { seen, session: { dispose: () => void seen.disposed++ } as unknown as Session };
};

it('settles each upload when the engine asks for the next shard, and the build with the session', async () => {
  const gates = [deferred(), deferred()];
  const taken: number[] = [];
  const { session: opened } = session();
  const opening = new StreamedOpen(
    engineOf(async (weights) => {
      for await (const { byteLength } of weights) {
        await gates[taken.length]!.promise;
        taken.push(byteLength);
      }
      return opened;
    }),
    model,
  );
  await opening.nextRequest();
  for (const [index, gate] of gates.entries()) {
    const uploading = opening.upload(new ArrayBuffer(index + 1));
    expect(await stateOf(uploading)).toBe('pending');
    gate.resolve();
    await uploading;
    expect(taken).toHaveLength(index + 1);
  }
  expect(await opening.build()).toBe(opened);
  expect(taken).toEqual([1, 2]);
});

it('that the page gives up ends where the engine asks next, also for the first time', async () => {
  for (const asksLater of [false, true]) {
    const gate = deferred();
    const { promise: ended, resolve: end } = deferred<unknown>();
    const opening = new StreamedOpen(
      engineOf(async (weights) => {
        if (asksLater) await gate.promise;
        end(await rejection(weights[Symbol.asyncIterator]().next()));
        throw new Error('given up');
      }),
      model,
    );
    opening.giveUp();
    gate.resolve();
    expect(await ended).toMatchObject({ code: 'disposed' });
    await rest();
  }
});

it('disposes a session that is open when the page gives up', async () => {
  const { session: opened, seen } = session();
  const opening = new StreamedOpen(
    engineOf(async () => opened),
    model,
  );
  expect(await opening.build()).toBe(opened);
  opening.giveUp();
  await rest();
  expect(seen.disposed).toBe(1);
});

it('tells the page what the engine failed with, whatever it sends next', async () => {
  const reason = new Error('no graph');
  const opening = new StreamedOpen(
    engineOf(async () => {
      throw reason;
    }),
    model,
  );
  expect(await rejection(opening.nextRequest())).toBe(reason);
  expect(await rejection(opening.upload(new ArrayBuffer(1)))).toBe(reason);
  expect(await rejection(opening.build())).toBe(reason);
});
