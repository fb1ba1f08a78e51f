/** A model that is opened in the worker while the page sends its shards, one for each request of the engine. */

import { PannierError } from '../base/errors.js';
import { type Deferred, deferred } from '../base/promise.js';
import type { Engine, EngineModel, Session } from '../engines/engine.js';

/** The promise that the engine awaits after it has asked for a shard. */
type Requested = Deferred<IteratorResult<ArrayBuffer, undefined>>;

/**
 * The two sides of an open wait for each other: the engine for the next shard, and the page until the engine asks for
 * one, so that no shard lies in the worker unused.
 */
export class StreamedOpen {
  readonly #session: Promise<Session>;
  /** Resolves when the engine asks for its next shard. */
  #request = deferred<Requested>();

  constructor(engine: Engine, model: Omit<EngineModel, 'weights'>) {
    const next = () => {
      const requested: Requested = deferred();
      this.#request.resolve(requested);
      return requested.promise;
    };
    this.#session = engine.open({ ...model, weights: { [Symbol.asyncIterator]: () => ({ next }) } });
  }

  /** Settles when the engine asks for a shard. @throws what the open failed with, if it fails before */
  async nextRequest(): Promise<undefined> {
    await Promise.race([this.#request.promise, this.#session]);
    return undefined;
  }

  /** Gives the engine a shard. Settles when it asks for another: by then this one is uploaded and dropped. */
  async upload(shard: ArrayBuffer): Promise<undefined> {
    await this.#answer(({ resolve }) => resolve({ done: false, value: shard }));
    return this.nextRequest();
  }

  /** Tells the engine that there are no more shards. Settles with the session. */
  async build(): Promise<Session> {
    await this.#answer(({ resolve }) => resolve({ done: true, value: undefined }));
    return this.#session;
  }

  /** Ends the open, since the page sends no more. A session that is open by then is disposed. */
  giveUp(): void {
    const reason = new PannierError('disposed', 'The page gave the model up before it was open.');
    this.#answer(({ reject }) => reject(reason)).catch(() => undefined);
    void this.#session.then((late) => late.dispose()).catch(() => undefined);
  }

  /** Answers the engine's request as soon as it is made. An engine that has opened the session makes none. */
  async #answer(answer: (requested: Requested) => void): Promise<void> {
    const requested = await Promise.race([this.#request.promise, this.#session.then(() => undefined)]);
    if (requested === undefined) return;
    this.#request = deferred();
    answer(requested);
  }
}
