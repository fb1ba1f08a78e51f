/** The page's side of a worker: an engine like any other, behind `postMessage`. Every call settles. */
import { WORKERS } from '../assets.js';
import type { BackendStart } from '../backend/backend.js';
import type { BackendName } from '../backend-name.js';
import type { Call, Engine, EngineModel, RunResult, Session } from '../engine/engine.js';
import { fromWire, messageOf, PannierError } from '../errors.js';
import { withDeadline } from '../promise.js';
import { scriptUrl } from './policy.js';
import { type Answers, type Reply, type Request, transfersOf, withBitmapCopies } from './protocol.js';

/** No worker script takes this long to load and listen, except one that never will. */
const READY_LIMIT_MS = 10_000;

/** The worker could not even begin (blocked by a policy, missing): the page itself may still do. */
export class WorkerUnavailable extends Error {}

/**
 * Starts a backend in a worker of its own.
 * @throws {WorkerUnavailable} where no worker can run; PannierError where the backend cannot start.
 */
export async function startWorkerEngine(
  backend: BackendName,
  options: Promise<BackendStart>,
  urlOf: (name: string, url: string) => string,
  signal: AbortSignal,
): Promise<Engine> {
  const connection = new Connection(backend, urlOf);
  // A start that nobody waits for may hang in the browser for ever.
  const onAbort = () => connection.end(new PannierError('backend-unavailable', `Nobody waits for the ${backend} worker any more.`));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await connection.ready;
    const { maxBufferBytes, identity } = await connection.ask('start', { options: await options });
    return new WorkerEngine(connection, backend, maxBufferBytes, identity);
  } catch (thrown) {
    connection.end(new PannierError('backend-unavailable', `The ${backend} worker did not start.`));
    throw thrown;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

class WorkerEngine implements Engine {
  readonly name = 'tfjs';
  readonly backend: BackendName;
  readonly maxBufferBytes: number;
  readonly identity: string;
  readonly #connection: Connection;
  #sessions = 0;

  constructor(connection: Connection, backend: BackendName, maxBufferBytes: number, identity: string) {
    this.#connection = connection;
    this.backend = backend;
    this.maxBufferBytes = maxBufferBytes;
    this.identity = identity;
  }

  get lost(): boolean {
    return this.#connection.ended;
  }

  get whenLost(): Promise<PannierError> {
    return this.#connection.whenLost;
  }

  async open(model: EngineModel): Promise<Session> {
    const session = this.#sessions++;
    const connection = this.#connection;
    await connection.ask('open', { session, model });
    return {
      get lost() {
        return connection.ended;
      },
      run: (call) => this.#run(session, model.name, call),
      dispose: () => void connection.ask('close', { session }).catch(() => undefined),
    };
  }

  async #run(session: number, name: string, { feeds, outputs, deadlineMs }: Call): Promise<RunResult> {
    const answer = withBitmapCopies(feeds, (copies) => this.#connection.ask('run', { session, feeds: copies, outputs }));
    try {
      return await withDeadline(answer, deadlineMs, `Predict of model "${name}" on ${this.backend}`);
    } catch (thrown) {
      // TF.js can neither be interrupted nor get over a lost device, nor does a heap that was full ever shrink: only a new worker helps.
      const error = thrown as PannierError;
      if (error.code === 'timeout' || error.code === 'device-lost' || error.code === 'out-of-memory') {
        this.#connection.end(new PannierError('worker-crashed', `The ${this.backend} worker was ended: ${error.message}`), error);
      }
      throw error;
    }
  }

  memory(): Promise<Answers['memory']> {
    return this.#connection.ask('memory', {});
  }

  dispose(): void {
    this.#connection.end(new PannierError('disposed', `The ${this.backend} worker ended with its last model.`));
  }
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: PannierError) => void;
}

/** A worker, the calls that wait for it, and the promise that none of them waits for ever. */
class Connection {
  readonly ready: Promise<void>;
  /** Settles with what ended the worker, unless it was nobody's need for it. */
  readonly whenLost: Promise<PannierError>;
  #tellLoss: (loss: PannierError) => void = () => undefined;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #ending: PannierError | undefined;

  constructor(backend: BackendName, urlOf: (name: string, url: string) => string) {
    const { name, url } = WORKERS[backend];
    this.whenLost = new Promise((resolve) => {
      this.#tellLoss = resolve;
    });
    try {
      this.#worker = new Worker(scriptUrl(urlOf(name, url())) as string, { type: 'module', name: `pannier ${backend}` });
    } catch (thrown) {
      throw new WorkerUnavailable(messageOf(thrown), { cause: thrown });
    }
    const listening = new Promise<void>((resolve, reject) => {
      this.#worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
        if ('ready' in data) resolve();
        else if ('lost' in data) this.end(fromWire(data.lost));
        else this.#settle(data);
      });
      this.#worker.addEventListener('messageerror', () =>
        this.end(new PannierError('worker-crashed', `A message of the ${backend} worker could not be read.`)),
      );
      this.#worker.addEventListener('error', (event) => {
        const reason = event.message || `its script ${url()} did not load or a policy forbids it`;
        reject(new WorkerUnavailable(reason));
        this.end(new PannierError('worker-crashed', `The ${backend} worker crashed: ${reason}`));
      });
    });
    this.ready = withDeadline(listening, READY_LIMIT_MS, `Loading the ${backend} worker`).catch((thrown) => {
      throw thrown instanceof WorkerUnavailable ? thrown : new WorkerUnavailable(messageOf(thrown));
    });
  }

  get ended(): boolean {
    return this.#ending !== undefined;
  }

  ask<K extends Request['kind']>(kind: K, request: Omit<Extract<Request, { kind: K }>, 'id' | 'kind'>): Promise<Answers[K]> {
    if (this.#ending !== undefined) return Promise.reject(this.#ending);
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const message = { id, kind, ...request } as unknown as Request;
      this.#pending.set(id, { resolve, reject });
      try {
        this.#worker.postMessage(message, transfersOf(message));
      } catch (thrown) {
        this.#pending.delete(id);
        reject(
          new PannierError(
            'input',
            'The picture cannot cross to the worker. Is it from another origin? Set crossorigin and let its server allow it.',
            {},
            { cause: thrown },
          ),
        );
      }
    });
  }

  /** Ends the worker; every call that waits rejects with `reason`. @param loss what it was lost to, where that was one call's matter. */
  end(reason: PannierError, loss = reason): void {
    if (this.#ending !== undefined) return;
    this.#ending = reason;
    if (reason.code !== 'disposed') this.#tellLoss(loss);
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }

  #settle(reply: Extract<Reply, { id: number }>): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('error' in reply) pending?.reject(fromWire(reply.error));
    else pending?.resolve(reply.value as never);
  }
}
