/** A model that is being opened in the worker, shard by shard, as the page sends them. */

import { PannierError } from '../base/errors.js';
import type { Engine, EngineModel, Session } from '../engines/engine.js';

type Next = IteratorResult<ArrayBuffer, undefined>;

/** Who comes first waits: the engine for the next shard, the page until the engine asks for another one. */
export class StreamedOpen {
  readonly #session: Promise<Session>;
  #ask: { readonly give: (next: Next) => void; readonly fail: (reason: unknown) => void } | undefined;
  #tellPage: () => void = () => undefined;
  #asked: Promise<void> = this.#nextAsk();
  /** Settles when the engine asks for the first shard, or fails before. */
  readonly begun: Promise<undefined>;

  constructor(engine: Engine, model: Omit<EngineModel, 'weights'>) {
    const next = () =>
      new Promise<Next>((give, fail) => {
        this.#ask = { give, fail };
        this.#tellPage();
      });
    this.#session = engine.open({ ...model, weights: { [Symbol.asyncIterator]: () => ({ next }) } });
    this.begun = this.#whenAsked();
  }

  /** Settles when the shard is uploaded, and was let go of. */
  upload(shard: ArrayBuffer): Promise<undefined> {
    this.#asked = this.#nextAsk();
    this.#ask?.give({ done: false, value: shard });
    return this.#whenAsked();
  }

  build(): Promise<Session> {
    this.#ask?.give({ done: true, value: undefined });
    return this.#session;
  }

  /** The page sends no more. */
  giveUp(): void {
    this.#ask?.fail(new PannierError('disposed', 'The page gave the model up before it was open.'));
    void this.#session.then((late) => late.dispose()).catch(() => undefined);
  }

  async #whenAsked(): Promise<undefined> {
    await Promise.race([this.#asked, this.#session]);
    return undefined;
  }

  #nextAsk(): Promise<void> {
    return new Promise((resolve) => {
      this.#tellPage = resolve;
    });
  }
}
