/** What executes a graph: the seam between Pannier and TF.js, in this thread or behind a worker. */
import type { BackendName, EngineName } from '../base/backend-name.js';
import type { RawTensor } from '../base/dtype.js';
import type { PannierError } from '../base/errors.js';
import type { Feed } from '../preprocess/feed.js';

/** One output, in memory that nobody else holds. */
export interface RawOutput extends RawTensor {
  /** Whether all values are, seen in the thread where they were computed; absent where nobody has looked. */
  readonly finite?: boolean;
}

/** What one run is to do. Its feeds stay the caller's, who may run them again elsewhere: nobody below closes a picture or takes an array away. */
export interface Call {
  /** One for each input, in any order. */
  readonly feeds: readonly Feed[];
  /** Names of outputs, in the order in which they are answered. A name may stand twice. */
  readonly outputs: readonly string[];
  /** Held where the engine has a worker of its own; this thread cannot be interrupted. */
  readonly deadlineMs: number;
}

/** What one run answered and where its time went, measured in the thread that ran it. */
export interface RunResult {
  /** In the order in which they were asked for. */
  readonly outputs: readonly RawOutput[];
  readonly prepareMs: number;
  readonly computeMs: number;
  readonly readMs: number | undefined;
  readonly cold: boolean;
}

/** A model's inputs and outputs by name, with the node of the graph that each one is. */
export interface EngineSignature {
  readonly inputs: Readonly<Record<string, { readonly node: string }>>;
  readonly outputs: Readonly<Record<string, { readonly node: string }>>;
}

/** A model's verified bytes and what an engine must know about it. */
export interface EngineModel {
  readonly name: string;
  /** The graph file's bytes: TF.js graph-model JSON. */
  readonly graph: ArrayBuffer;
  /**
   * The weight shards in order, asked for one at a time: each is decoded and uploaded before the next one is asked for.
   * The engine may consume them; who gives them lets go of them.
   */
  readonly weights: Iterable<ArrayBuffer> | AsyncIterable<ArrayBuffer>;
  /** The names by which calls speak of inputs and outputs. */
  readonly signature: EngineSignature;
  readonly controlFlow: boolean;
}

/** One loaded model on one backend. */
export interface Session {
  /**
   * Runs the graph once. Calls never overlap: the queue above takes turns. Frees every tensor it made, also
   * when it throws, and reads no feed once it has settled.
   * @throws {PannierError} typed; after `worker-crashed` or `timeout` the session is lost.
   */
  run(call: Call): Promise<RunResult>;
  /** What its backend was lost to: nothing will run here any more. Undefined while it is there. */
  readonly lost: PannierError | undefined;
  /** Frees everything. Safe to call twice. */
  dispose(): void;
}

/** What a target needs to start. */
export interface EngineStart {
  /** Verified bytes of the binary that the target's row in the registry names. */
  readonly binary?: ArrayBuffer;
  /** The app's own device: it never crosses to a worker, and the engine never destroys it. */
  readonly device?: GPUDevice;
}

/** Starts a target in the calling thread. @throws {PannierError} if it cannot start here */
export type StartEngine = (options: EngineStart) => Promise<Engine>;

/** One started backend with an engine on it; serves any number of models. */
export interface Engine {
  readonly backend: BackendName;
  readonly name: EngineName;
  /** Largest single buffer in bytes. */
  readonly maxBufferBytes: number;
  /** What makes this backend another one elsewhere: the GPU's vendor and architecture, or nothing. */
  readonly identity: string;
  /** The backend is gone: nothing can be opened or run here any more. */
  readonly lost: boolean;
  /**
   * Settles as soon as the backend is gone for any reason but `dispose`, with that reason, also while
   * nobody runs anything. Once; never rejects.
   */
  readonly whenLost: Promise<PannierError>;
  /**
   * Uploads the weights as they come and builds the graph. Other models' calls go between two shards. Leaves nothing
   * behind where it fails.
   * @throws what the weights fail with, as it is; of its own, {@link PannierError}
   */
  open(model: EngineModel): Promise<Session>;
  /** Ends the backend and every session on it. Safe to call twice. */
  dispose(): void;
}
