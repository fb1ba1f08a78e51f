/** A connection to a database that may be blocked, taken away or lost: opened when it is needed, dropped when it is no good. */
import { PannierError } from '../base/errors.js';
import { withDeadline } from '../base/promise.js';
import { now } from '../base/timing.js';

/** A pending deleteDatabase in another tab leaves every open waiting for ever. */
const OPEN_LIMIT_MS = 2_000;

/** Where a browser has lost its databases, opening again and again is all that a page would do. */
const MOST_OPENS = 3;
const MINUTE_MS = 60_000;

/** What a step fails with, and how long to wait before each further try, on a new connection. */
const PAUSES_MS: Readonly<Record<string, readonly number[]>> = {
  // The connection is closing, and its `close` event has not come yet or never will.
  InvalidStateError: [0],
  AbortError: [0],
  // Safari's "Connection to Indexed Database server lost": the server takes a moment to come back.
  UnknownError: [100, 1_000],
};

interface Opening {
  /** Rejects past the limit; where the database comes after all, it is replaced. */
  database: Promise<IDBDatabase>;
}

export class DatabaseConnection {
  readonly #name: string;
  readonly #stores: readonly string[];
  #opening: Opening | undefined;
  #opensMs: readonly number[] = [];

  /** Opens nothing yet. @param stores made where there is no database of this name */
  constructor(name: string, stores: readonly string[]) {
    this.#name = name;
    this.#stores = stores;
  }

  /**
   * Runs a step on the database, on a new connection where this one turns out to be closed or lost.
   * @throws {PannierError} `policy-blocked`, `timeout`, `cache-unavailable`; else what the browser gave as the reason
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
    if (this.#opensMs.length >= MOST_OPENS) {
      const message = `IndexedDB was opened ${MOST_OPENS} times within a minute, and was lost or failed each time. It is left alone until the minute is over.`;
      throw new PannierError('cache-unavailable', message);
    }
    this.#opensMs = [...this.#opensMs, beganMs];
    const coming = this.#open();
    const forget = () => {
      if (this.#opening === opening) this.#opening = undefined;
    };
    const opening: Opening = { database: withDeadline(coming, OPEN_LIMIT_MS, 'Opening the weights cache', forget) };
    this.#opening = opening;
    coming.then((database) => {
      // One that was blocked serves as soon as it comes, where none has taken its place.
      this.#opening ??= opening;
      if (this.#opening !== opening) return database.close();
      opening.database = Promise.resolve(database);
      database.onclose = () => this.#drop(opening);
      database.onversionchange = () => {
        this.#drop(opening);
        // At once, so that another tab's deletion or upgrade is not blocked.
        database.close();
      };
    }, forget);
    return opening;
  }

  #open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      // Throws at once in a sandboxed frame.
      const request = indexedDB.open(this.#name);
      request.onupgradeneeded = () => {
        for (const name of this.#stores) request.result.createObjectStore(name);
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(reasonOf(request.error, 'Opening the weights cache'));
    });
  }
}

/** Some browsers give none. */
export const reasonOf = (error: DOMException | null, step: string): Error =>
  error ?? new PannierError('cache-unavailable', `${step} failed, and the browser does not say why.`);
