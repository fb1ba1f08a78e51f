/** A worker, the calls that wait for it, and the promise that none of them waits for ever. */

import type { Target } from '../api/candidate.js';
import type { BackendName } from '../base/backend-name.js';
import { asPannierError, fromWire, messageOf, PannierError } from '../base/errors.js';
import { deferred, withDeadline } from '../base/promise.js';
import { rowOf } from '../engines/registry.js';
import { trustedScriptUrl } from './policy.js';
import { type Answers, type Reply, type Request, transfersOf } from './protocol.js';

/**
 * No worker script takes this long to load and listen, except one that never will: it shares a slow line with the weights,
 * and whoever gives it up downloads as much again for the page's thread.
 */
const READY_LIMIT_MS = 30_000;

/** How often the page looks at calls that wait. */
const TICK_MS = 2_000;

/** So many ticks without a sign of life end a worker. Ticks, not time: a laptop that sleeps lets none go by. */
const SILENT_TICKS = 3;

/** The worker could not even begin (blocked by a policy, missing): the page itself may still do. */
export class WorkerUnavailable extends Error {}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: PannierError) => void;
  /** The worker has said that it is at it: how long that takes is for deadlines to say. */
  begun: boolean;
}

export class WorkerConnection {
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
          else this.#settle(data);
          this.#silentTicks = 0;
        } catch {
          // No reply of ours: an extension's or a tool's code may post from there, too.
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
    this.ready = withDeadline(listening, READY_LIMIT_MS, `Loading the ${backend} worker`).catch((thrown) => {
      throw thrown instanceof WorkerUnavailable ? thrown : new WorkerUnavailable(messageOf(thrown));
    });
  }

  /** What ended the worker, as calls are told that had no part in it; undefined while it is there. */
  get terminatedBy(): PannierError | undefined {
    return this.#ending;
  }

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

  /** Ends the worker; every call that waits rejects with `reason`. @param loss what it was lost to, where that was one call's matter. */
  terminate(reason: PannierError, loss = reason): void {
    if (this.#ending !== undefined) return;
    this.#ending = reason;
    if (reason.code !== 'disposed') this.#loss.resolve(loss);
    this.#worker.terminate();
    clearInterval(this.#ticking);
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }

  /** Of all that is sent, only a picture can be refused for its origin, and only a run sends pictures. */
  #notSent(message: Request, thrown: unknown): PannierError {
    if (message.kind !== 'run' || !message.feeds.some(({ kind }) => kind === 'picture'))
      return asPannierError(thrown, 'predict', `The ${this.#backend} worker could not be sent the request "${message.kind}"`);
    return new PannierError(
      'input',
      `The picture cannot cross to the worker (${messageOf(thrown)}). Is it from another origin? Set crossorigin and let its server allow it.`,
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
    // What has begun may keep the thread for as long as it likes, and then nothing else begins.
    if (waiting.length === 0 || waiting.some(({ begun }) => begun)) this.#silentTicks = 0;
    else this.#silentTicks++;
    if (waiting.length === 0) {
      clearInterval(this.#ticking);
      this.#ticking = undefined;
    }
    if (this.#silentTicks < SILENT_TICKS) return;
    const waitedMs = SILENT_TICKS * TICK_MS;
    this.terminate(
      new PannierError(
        'worker-unresponsive',
        `The ${this.#backend} worker began none of ${waiting.length} calls in ${waitedMs} ms: it hangs and was ended.`,
        { waitedMs },
      ),
    );
  }

  #settle(reply: Extract<Reply, { id: number }>): void {
    const pending = this.#pending.get(reply.id);
    if ('error' in reply) pending?.reject(fromWire(reply.error));
    else if ('value' in reply) pending?.resolve(reply.value as never);
    else return;
    this.#pending.delete(reply.id);
  }
}
