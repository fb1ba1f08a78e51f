/** The seam between Pannier and what computes: an engine opens models as sessions, and a session runs calls. */
import type { BackendName, EngineName } from '../base/backend-name.js';
import type { RawTensor } from '../base/dtype.js';
import type { PannierError } from '../base/errors.js';
import type { Feed } from '../preprocess/feed.js';

/** One output, in memory that nobody else holds. */
export interface RawOutput extends RawTensor {
  /** Whether all values are finite, checked in the thread that computed them; undefined if they were not checked. */
  readonly finite?: boolean;
}

/**
 * One run. Its feeds stay the caller's, who may run them again on another engine: a session closes no picture and
 * transfers no array.
 */
export interface Call {
  /** One for each input, in any order. */
  readonly feeds: readonly Feed[];
  /** Names of outputs, in the order in which they are answered. A name may stand twice. */
  readonly outputs: readonly string[];
  /** Enforced if the engine has a worker of its own, since a thread cannot interrupt itself. */
  readonly deadlineMs: number;
}

/** The answer of one run, and its times as measured in the thread that ran it. */
export interface RunResult {
  /** In the order in which the call asks for them. */
  readonly outputs: readonly RawOutput[];
  /** Making tensors of the feeds. */
  readonly prepareMs: number;
  readonly computeMs: number;
  /** Copying outputs to JavaScript; undefined if the backend computes within the read, so that `computeMs` holds both. */
  readonly readMs: number | undefined;
  /** Whether it was the first run of its shapes and outputs, which may compile. */
  readonly cold: boolean;
}

/** A model's verified bytes, and what an engine needs to know about them. */
export interface EngineModel {
  /** For messages. */
  readonly name: string;
  /** The graph file, in the format of the engine. It has the names by which calls speak of inputs and outputs. */
  readonly graph: ArrayBuffer;
  /**
   * The weight shards in order. The engine decodes and uploads each one before it asks for the next, and may detach
   * it; the giver keeps no reference to it.
   */
  readonly weights: Iterable<ArrayBuffer> | AsyncIterable<ArrayBuffer>;
  /** Whether the graph has loops or branches. */
  readonly controlFlow: boolean;
}

/** A model that is open on an engine. */
export interface Session {
  /**
   * Runs the graph once. Calls never overlap, since a queue stands in front of the engine. Frees every tensor that
   * the run made, also if it throws, and reads no feed after it has settled.
   * @throws {PannierError} after `worker-crashed` or `timeout` the session is lost
   */
  run(call: Call): Promise<RunResult>;
  /** The error that ended the backend, after which nothing runs here any more; undefined as long as it works. */
  readonly lost: PannierError | undefined;
  /** Frees everything. Safe to call twice. */
  dispose(): void;
}

/** The needs of a target's start. */
export interface EngineStart {
  /** Verified bytes of the binary that the target's row in the registry names. */
  readonly binary?: ArrayBuffer;
  /** The address of the module that the target's row names; absent where the engine's own import finds it. */
  readonly hostParts?: string;
  /** The app's own device: it never crosses to a worker, and the engine never destroys it. */
  readonly device?: GPUDevice;
}

/** Starts a target in the calling thread. @throws {PannierError} if it cannot start here */
export type StartEngine = (options: EngineStart) => Promise<Engine>;

/** An engine that has started on a backend; it serves any number of models. */
export interface Engine {
  readonly backend: BackendName;
  readonly name: EngineName;
  /** Size of the largest single buffer, in bytes. */
  readonly maxBufferBytes: number;
  /** Tells the hardware apart on which answers may differ: the GPU's vendor and architecture, else the empty string. */
  readonly identity: string;
  /** Whether the backend has failed: nothing can be opened or run here any more. */
  readonly isLost: boolean;
  /** Resolves with the reason as soon as the backend fails, also while nothing runs; not after `dispose`. Never rejects. */
  readonly whenLost: Promise<PannierError>;
  /**
   * Builds the graph and uploads the weights as they come. Calls of other models run between two shards. An open that
   * fails leaves nothing behind.
   * @throws the failure of the weights, as it is; {@link PannierError} for the engine's own failures
   */
  open(model: EngineModel): Promise<Session>;
  /** Ends the backend and every session on it. Safe to call twice. */
  dispose(): void;
}
