/** The interface between the tfjs engine and each of TF.js's backends. */
import type { ErrorCode } from '../../base/errors.js';
import type { EngineStart } from '../engine.js';

/** One backend, switched on in this realm. */
export interface StartedBackend {
  /** Size of the largest single buffer, in bytes; Infinity if there is no limit. */
  readonly maxBufferBytes: number;
  /** The GPU's vendor and architecture; the empty string on other backends. */
  readonly identity: string;
  /** The failure that ended this backend, if any has: from then on every run fails with it. */
  failure(): Failure | undefined;
  /** Settles with the failure as soon as there is one, also while nothing runs. */
  readonly whenFailed: Promise<Failure>;
  /**
   * Compiles everything that `run` would compile, in parallel, and computes nothing. Absent if the backend compiles nothing.
   * @param run may throw if it needs a value that only a real run computes
   */
  compile?(run: () => void): Promise<void>;
  /**
   * Settles when the backend has computed everything that was enqueued so far, or has failed. It is awaited with every
   * read, before `failure` is asked. Never rejects.
   */
  confirm(): void | Promise<void>;
  /** Looks at the error of a run, before `failure` is asked: it may be the first sign of a failure. */
  examine(thrown: unknown): void | Promise<void>;
  /** Frees everything. Safe to call twice. */
  dispose(): void;
}

/** A lost device, a shader that did not compile, memory that ran out within a kernel, a trap of WebAssembly. */
export interface Failure {
  readonly code: Extract<ErrorCode, 'device-lost' | 'out-of-memory' | 'backend-rejected'>;
  readonly reason: string;
}

/** Starts one of TF.js's backends in this thread, without the engine on it. */
export type StartBackend = (options: EngineStart) => Promise<StartedBackend>;
