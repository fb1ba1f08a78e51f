/** The page's side of a worker: an engine behind `postMessage`. Every call settles. */
import type { Target } from '../api/candidate.js';
import type { BackendName, EngineName } from '../base/backend-name.js';
import { type ErrorCode, PannierError } from '../base/errors.js';
import { withDeadline } from '../base/promise.js';
import type { Call, Engine, EngineModel, RunResult, Session } from '../engines/engine.js';
import { withBitmapCopies } from './bitmap-copies.js';
import type { WorkerConnection } from './connection.js';

/**
 * Errors that end the worker. A run cannot be interrupted, an engine does not recover from a lost device or a trap, and
 * a WebAssembly heap that was full never shrinks: only a new worker helps.
 */
const ENDINGS: ReadonlySet<ErrorCode> = new Set(['timeout', 'device-lost', 'out-of-memory', 'backend-rejected']);

/** An engine in a worker. */
export class WorkerEngine implements Engine {
  readonly name: EngineName;
  readonly backend: BackendName;
  readonly maxBufferBytes: number;
  readonly identity: string;
  readonly #connection: WorkerConnection;
  #sessions = 0;

  constructor(connection: WorkerConnection, { engine, backend }: Target, maxBufferBytes: number, identity: string) {
    this.#connection = connection;
    this.name = engine;
    this.backend = backend;
    this.maxBufferBytes = maxBufferBytes;
    this.identity = identity;
  }

  get isLost(): boolean {
    return this.#connection.terminatedBy !== undefined;
  }

  get whenLost(): Promise<PannierError> {
    return this.#connection.whenLost;
  }

  async open({ weights, ...model }: EngineModel): Promise<Session> {
    const session = this.#sessions++;
    const connection = this.#connection;
    const dispose = () => void connection.ask('close', { session }).catch(() => undefined);
    try {
      await connection.ask('open', { session, model });
      // The answer comes when the shard is uploaded, so that no second one lies in the worker.
      for await (const shard of weights) await connection.ask('upload', { session, shard });
      await connection.ask('build', { session });
    } catch (thrown) {
      dispose();
      throw thrown;
    }
    return {
      get lost() {
        return connection.terminatedBy;
      },
      run: (call) => this.#run(session, model.name, call),
      dispose,
    };
  }

  async #run(session: number, name: string, { feeds, outputs, deadlineMs }: Call): Promise<RunResult> {
    const answer = withBitmapCopies(feeds, (copies) => this.#connection.ask('run', { session, feeds: copies, outputs }));
    try {
      return await withDeadline(answer, deadlineMs, `Predict of model "${name}" on ${this.backend}`);
    } catch (thrown) {
      const error = thrown as PannierError;
      if (ENDINGS.has(error.code)) {
        this.#connection.terminate(new PannierError('worker-crashed', `The ${this.backend} worker was ended: ${error.message}`), error);
      }
      throw error;
    }
  }

  dispose(): void {
    this.#connection.terminate(new PannierError('disposed', `The ${this.backend} worker ended with its last model.`));
  }
}
