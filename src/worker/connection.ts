/** A worker and the requests that wait for it. None of them waits for ever. */

import type { Target } from '../api/candidate.js';
import type { BackendName } from '../base/backend-name.js';
import { asPannierError, fromWire, messageOf, PannierError } from '../base/errors.js';
import { deferred, withDeadline } from '../base/promise.js';
import { rowOf } from '../engines/registry.js';
import { trustedScriptUrl } from './policy.js';
import { type Answers, type Reply, type Request, transfersOf } from './protocol.js';

/**
 * Longest that a worker's script may take to load. It shares a slow network with the weights, and giving it up costs a
 * download of the same size for the page's thread.
 */
const MAX_READY_MS = 30_000;

/** How often the page checks whether requests wait. */
const TICK_MS = 2_000;

/** A worker that sends nothing for this many ticks is ended. Ticks are counted instead of time, since a laptop that sleeps has none. */
const MAX_SILENT_TICKS = 3;

/** The worker's script did not run: it is missing, or a policy forbids it. The engine may still start on the page's thread. */
export class WorkerUnavailable extends Error {}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: PannierError) => void;
  /** Whether the worker has taken the request up. How long it may take from then on is for deadlines to decide. */
  begun: boolean;
}

/** One worker. */
export class WorkerConnection {
  /** Settles when the worker listens. Rejects with {@link WorkerUnavailable}. */
  readonly ready: Promise<void>;
  readonly #loss = deferred<PannierError>();
  /** Settles with the error that ended the worker, unless it was ended because nobody needed it. */
  readonly whenLost = this.#loss.promise;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #backend: BackendName;
  #nextId = 0;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #silentTicks = 0;
  #ending: PannierError | undefined;

  constructor(target: Target, urlOf: (name: string, url: string) => string) {
    const { name, url } = rowOf(target).worker;
    const { backend } = target;
    this.#backend = backend;
    try {
      this.#worker = new Worker(trustedScriptUrl(urlOf(name, url())), { type: 'module', name: `pannier ${backend}` });
    } catch (thrown) {
      throw new WorkerUnavailable(messageOf(thrown), { cause: thrown });
    }
    const listening = new Promise<void>((resolve, reject) => {
      this.#worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
        try {
          if ('ready' in data) resolve();
          else if ('begun' in data) this.#markBegun(data.begun);
          else if ('lost' in data) this.terminate(fromWire(data.lost));
          else this.#answer(data);
          this.#silentTicks = 0;
        } catch {
          // The message is not ours: an extension or a tool may post from the worker, too.
        }
      });
      this.#worker.addEventListener('messageerror', () =>
        this.terminate(new PannierError('worker-crashed', `A message of the ${backend} worker could not be read.`)),
      );
      this.#worker.addEventListener('error', (event) => {
        const reason = event.message || `its script ${url()} did not load or a policy forbids it`;
        reject(new WorkerUnavailable(reason));
        this.terminate(new PannierError('worker-crashed', `The ${backend} worker crashed: ${reason}`));
      });
    });
    this.ready = withDeadline(listening, MAX_READY_MS, `Loading the ${backend} worker`).catch((thrown) => {
      throw thrown instanceof WorkerUnavailable ? thrown : new WorkerUnavailable(messageOf(thrown));
    });
  }

  /** The error of requests that come after the worker has ended; undefined as long as it runs. */
  get terminatedBy(): PannierError | undefined {
    return this.#ending;
  }

  /** Sends a request. @throws {PannierError} the error of the worker, or the reason for which the worker ended */
  ask<K extends Request['kind']>(kind: K, request: Omit<Extract<Request, { kind: K }>, 'id' | 'kind'>): Promise<Answers[K]> {
    if (this.#ending !== undefined) return Promise.reject(this.#ending);
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const message = { id, kind, ...request } as unknown as Request;
      this.#pending.set(id, { resolve, reject, begun: false });
      this.#ticking ??= setInterval(() => this.#tick(), TICK_MS);
      try {
        this.#worker.postMessage(message, transfersOf(message));
      } catch (thrown) {
        this.#pending.delete(id);
        reject(this.#notSent(message, thrown));
      }
    });
  }

  /**
   * Ends the worker.
   * @param reason the error of every request that waits
   * @param loss what `whenLost` tells, if one request's own error has ended the worker
   */
  terminate(reason: PannierError, loss = reason): void {
    if (this.#ending !== undefined) return;
    this.#ending = reason;
    if (reason.code !== 'disposed') this.#loss.resolve(loss);
    this.#worker.terminate();
    clearInterval(this.#ticking);
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }

  /** Only a picture can be refused for its origin, and only a run sends pictures. */
  #notSent(message: Request, thrown: unknown): PannierError {
    if (message.kind !== 'run' || !message.feeds.some(({ kind }) => kind === 'picture'))
      return asPannierError(thrown, 'predict', `The ${this.#backend} worker could not be sent the request "${message.kind}"`);
    return new PannierError(
      'input',
      'The picture cannot cross to the worker. Is it from another origin? Set crossorigin and let its server allow it.',
      {},
      { cause: thrown },
    );
  }

  #markBegun(id: number): void {
    const pending = this.#pending.get(id);
    if (pending !== undefined) pending.begun = true;
  }

  #tick(): void {
    const waiting = [...this.#pending.values()];
    // A request that has begun may keep the worker busy for long, and then no other request begins.
    if (waiting.length === 0 || waiting.some(({ begun }) => begun)) this.#silentTicks = 0;
    else this.#silentTicks++;
    if (waiting.length === 0) {
      clearInterval(this.#ticking);
      this.#ticking = undefined;
    }
    if (this.#silentTicks < MAX_SILENT_TICKS) return;
    const waitedMs = MAX_SILENT_TICKS * TICK_MS;
    this.terminate(
      new PannierError(
        'worker-unresponsive',
        `The ${this.#backend} worker began none of ${waiting.length} calls in ${waitedMs} ms: it hangs and was ended.`,
        { waitedMs },
      ),
    );
  }

  #answer(reply: Extract<Reply, { id: number }>): void {
    const pending = this.#pending.get(reply.id);
    if ('error' in reply) pending?.reject(fromWire(reply.error));
    else if ('value' in reply) pending?.resolve(reply.value as never);
    else return;
    this.#pending.delete(reply.id);
  }
}
