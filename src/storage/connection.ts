/** A connection to an IndexedDB database: opened when it is needed, and replaced if the browser closes or loses it. */
import { PannierError } from '../base/errors.js';
import { withDeadline } from '../base/promise.js';
import { now } from '../base/timing.js';

/** A pending `deleteDatabase` in another tab blocks every open request for ever. */
const MAX_OPEN_MS = 2_000;

/** Open requests a minute. A page whose browser lost its databases would else do nothing but open them. */
const MAX_OPENS = 3;
const MINUTE_MS = 60_000;

/** Names of errors that a new connection may cure, and the pauses before each try on one. */
const PAUSES_MS: Readonly<Record<string, readonly number[]>> = {
  // The connection is closing; its `close` event may never come.
  InvalidStateError: [0],
  AbortError: [0],
  // Safari's "Connection to Indexed Database server lost": the server takes a moment to come back.
  UnknownError: [100, 1_000],
};

interface Opening {
  /** Rejects after `MAX_OPEN_MS`; replaced if the database opens after all. */
  database: Promise<IDBDatabase>;
}

export class DatabaseConnection {
  readonly #name: string;
  readonly #stores: readonly string[];
  #opening: Opening | undefined;
  #opensMs: readonly number[] = [];

  /** Opens nothing yet. @param stores created if there is no database of this name */
  constructor(name: string, stores: readonly string[]) {
    this.#name = name;
    this.#stores = stores;
  }

  /**
   * Runs a step on the database; runs it again on a new connection if the present one turns out to be closed or lost.
   * @throws {PannierError} `policy-blocked`, `timeout`, `cache-unavailable`; else the browser's own error
   */
  async run<T>(step: (database: IDBDatabase) => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      const opening = this.#present();
      try {
        return await step(await opening.database);
      } catch (thrown) {
        const pausesMs = PAUSES_MS[(thrown as Error).name];
        if (pausesMs === undefined) throw thrown;
        this.#drop(opening);
        const pauseMs = pausesMs[tries];
        if (pauseMs === undefined) throw thrown;
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  /** Drops the connection: the next step gets a new one. */
  renew(): void {
    if (this.#opening !== undefined) this.#drop(this.#opening);
  }

  #drop(opening: Opening): void {
    if (this.#opening === opening) this.#opening = undefined;
    opening.database.then((database) => database.close()).catch(() => undefined);
  }

  #present(): Opening {
    if (this.#opening !== undefined) return this.#opening;
    if (globalThis.indexedDB === undefined) throw new PannierError('policy-blocked', 'There is no IndexedDB here.');
    const beganMs = now();
    this.#opensMs = this.#opensMs.filter((openedMs) => beganMs - openedMs < MINUTE_MS);
    if (this.#opensMs.length >= MAX_OPENS) {
      const message = `IndexedDB was opened ${MAX_OPENS} times within a minute, and was lost or failed each time. It is left alone until the minute is over.`;
      throw new PannierError('cache-unavailable', message);
    }
    this.#opensMs = [...this.#opensMs, beganMs];
    const coming = this.#open();
    const forget = () => {
      if (this.#opening === opening) this.#opening = undefined;
    };
    const opening: Opening = { database: withDeadline(coming, MAX_OPEN_MS, 'Opening the weights cache', forget) };
    this.#opening = opening;
    coming.then((database) => {
      // An open request that was blocked is used as soon as it succeeds, unless another one has replaced it.
      this.#opening ??= opening;
      if (this.#opening !== opening) return database.close();
      opening.database = Promise.resolve(database);
      database.onclose = () => this.#drop(opening);
      database.onversionchange = () => {
        this.#drop(opening);
        // Close at once: another tab waits to delete or upgrade the database.
        database.close();
      };
    }, forget);
    return opening;
  }

  #open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      // This throws in a sandboxed frame.
      const request = indexedDB.open(this.#name);
      request.onupgradeneeded = () => {
        for (const name of this.#stores) request.result.createObjectStore(name);
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(reasonOf(request.error, 'Opening the weights cache'));
    });
  }
}

/** The reason of a failed request. Some browsers give none. */
export const reasonOf = (error: DOMException | null, step: string): Error =>
  error ?? new PannierError('cache-unavailable', `${step} failed, and the browser does not say why.`);
