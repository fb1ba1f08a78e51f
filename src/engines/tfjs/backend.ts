/** What the tfjs engine asks of one of TF.js's backends. */
import type { ErrorCode } from '../../base/errors.js';
import type { EngineStart } from '../engine.js';

/** One backend, switched on in this realm. */
export interface StartedBackend {
  /** Largest single buffer in bytes; Infinity where there is no such limit. */
  readonly maxBufferBytes: number;
  /** What makes it another one elsewhere: the GPU's vendor and architecture, or nothing. */
  readonly identity: string;
  /** What ended this backend, if anything has: every run fails with it from then on. */
  failure(): Failure | undefined;
  /** Settles as `failure` comes true, also while nobody runs anything; never where none does. */
  readonly whenFailed: Promise<Failure>;
  /**
   * Compiles all that `run` would, at the same time and beside whatever else the backend does; computes nothing. Absent
   * where nothing is compiled.
   * @param run may throw where it needs a value that a real run would have computed
   */
  compile?(run: () => void): Promise<void>;
  /**
   * Awaited beside every reading, before `failure` is asked: settles no sooner than all that was asked of the backend
   * has been computed, or will never be, which `failure` then knows. Never rejects.
   */
  confirm(): void | Promise<void>;
  /** Takes note of what a run threw, before `failure` is asked: an end may show there first. */
  examine(thrown: unknown): void | Promise<void>;
  /** Frees what it holds. Safe to call twice. */
  dispose(): void;
}

/** A lost device, a shader that did not compile, memory that ran out half-way, a trap. */
export interface Failure {
  readonly code: Extract<ErrorCode, 'device-lost' | 'out-of-memory' | 'backend-rejected'>;
  readonly reason: string;
}

/** Starts one of TF.js's backends in this thread, without the engine on it. */
export type StartBackend = (options: EngineStart) => Promise<StartedBackend>;
