/** A model that is open on some target and stays open: when its target is lost, the next call opens it again. */
import type { Candidate, TargetId } from '../api/candidate.js';
import { isSameTarget, reasonsOf } from '../api/candidate.js';
import type { LoadTiming, ModelEvents } from '../api/model.js';
import { messageOf, PannierError } from '../base/errors.js';
import type { Notes } from '../base/notes.js';
import type { TransferBytes } from '../download/model-downloads.js';
import type { Call, RunResult, Session } from '../engines/engine.js';
import type { GoldenTest } from '../golden/golden-test.js';
import type { Manifest } from '../manifest/manifest.js';
import { holdModel } from '../storage/held.js';
import type { EngineHandle } from './engine-pool.js';

/** A call as the app made it: what the app's fallback takes, and no engine ever sees. */
export interface AppRequest {
  /** As they were given to `predict`. */
  readonly inputs: unknown;
  /** Aborts with the app's call, and when the model is disposed. */
  readonly signal: AbortSignal;
}

/** The model opened on a target, or the app's fallback in its place. */
export interface Instance extends TargetId {
  readonly handle: Pick<EngineHandle, 'queue' | 'thread'>;
  /**
   * Runs one call. Its caller takes it through the queue of `handle`.
   * @throws {PannierError} the failure of the run; after a loss, `session.lost` is set
   */
  run(call: Call, request: AppRequest): Promise<RunResult>;
  /**
   * Holds a batch against the golden sample before the first call with more rows than the samples have, in that call's own turn of
   * the queue. If the answer is off, the target is left, and the call has to run elsewhere.
   * @throws {PannierError} a loss, or a lack of memory
   */
  testBatch?(feeds: Call['feeds']): Promise<void>;
  /** Absent for the fallback, which no engine runs. */
  readonly session?: Session;
  /** Absent for the fallback, which runs no golden sample. */
  readonly goldenTest?: GoldenTest;
  /** Disposes the session and releases the engine. */
  dispose(): void;
}

/** The outcome of opening a model: the instance, and the state of every candidate. */
export interface Opened {
  readonly instance: Instance;
  readonly selection: readonly Candidate[];
  readonly loadTiming: LoadTiming;
}

/** Hears what happens to a model after its load. */
export type Listener = <K extends keyof ModelEvents>(type: K, detail: ModelEvents[K]) => void;

/** A model that the handles of one page share. */
export class ServedModel {
  readonly manifest: Manifest;
  readonly notes: Notes;
  readonly transfers: TransferBytes;
  readonly listeners = new Set<Listener>();
  /** Aborts when the last handle is disposed. */
  readonly disposing = new AbortController();
  /** Settles when autotuning is over, or at once if there is none; never rejects. */
  autotune: Promise<unknown> = Promise.resolve();
  readonly #releaseHold: () => void;
  readonly #open: (lost: TargetId, signal: AbortSignal) => Promise<Opened>;
  #current: Instance;
  #selection: readonly Candidate[];
  #loadTiming: LoadTiming;
  #reopening: Promise<Instance> | undefined;
  /** Why the current instance takes no more calls, until the model is open again. */
  #leavingReason: string | undefined;

  /** @param open opens the model again, on whichever target then is right */
  constructor(
    manifest: Manifest,
    { instance, selection, loadTiming }: Opened,
    notes: Notes,
    transfers: TransferBytes,
    open: (lost: TargetId, signal: AbortSignal) => Promise<Opened>,
  ) {
    this.manifest = manifest;
    this.notes = notes;
    this.transfers = transfers;
    this.#current = instance;
    this.#selection = selection;
    this.#loadTiming = loadTiming;
    this.#open = open;
    this.#releaseHold = holdModel(manifest.hash);
    if (instance.backend === 'fallback')
      notes.add('fallback', `No backend can run this model here, and the app's fallback answers. ${reasonsOf(selection)}`);
    notes.onNote = (note) => this.#tell('note', note);
  }

  /** The instance that runs calls, even if it has just been lost. */
  get current(): Instance {
    return this.#current;
  }
  get selection(): readonly Candidate[] {
    return this.#selection;
  }
  get loadTiming(): LoadTiming {
    return this.#loadTiming;
  }
  /** Bytes of the weights as the current target holds them. */
  get bytesResident(): number {
    return this.#current.backend === 'fallback' ? 0 : this.manifest.residentBytes;
  }

  /** The state of one target. */
  candidate(target: TargetId): Candidate {
    return this.#selection.find((each) => isSameTarget(each, target)) as Candidate;
  }

  /** Replaces what was known of one candidate. */
  learn(candidate: Candidate): void {
    this.#selection = this.#selection.map((known) => (isSameTarget(known, candidate) ? candidate : known));
  }

  /** The instance for the next call: at once, unless the current one is lost or being left. */
  instance(): Instance | Promise<Instance> {
    const { backend, session } = this.#current;
    const reason =
      this.#leavingReason ??
      (session?.lost && `The ${backend} backend was lost and the model was opened again. ${messageOf(session.lost)}`);
    return reason === undefined ? this.#current : this.reopen(reason);
  }

  /** Whether a call that waited in the queue of `instance` may still run there. */
  isCurrent(instance: Instance): boolean {
    return this.#current === instance && this.#leavingReason === undefined && !instance.session?.lost;
  }

  /** Leaves the current instance and opens the model again; calls made meanwhile wait for that. */
  async reopen(reason: string): Promise<Instance> {
    this.#reopening ??= this.#reopen(reason).finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #reopen(reason: string): Promise<Instance> {
    if (this.disposing.signal.aborted)
      throw new PannierError('disposed', `Model "${this.manifest.name}" was disposed and is not opened again.`);
    this.#leavingReason = reason;
    this.#current.dispose();
    const { instance, selection, loadTiming } = await this.#open(this.#current, this.disposing.signal);
    // A candidate that was not tried this time keeps what is known of it.
    const known = (target: TargetId) => this.#selection.find((each) => isSameTarget(each, target) && each.state !== 'chosen');
    this.#selection = selection.map((each) => (each.state === 'untried' ? (known(each) ?? each) : each));
    this.#loadTiming = loadTiming;
    this.#switchTo(instance, reason);
    this.notes.add('reopened', reason);
    return instance;
  }

  /**
   * Has the next calls run on `next`. Only in a turn of the current instance's queue in which no call
   * waits, so that no call is overtaken.
   */
  moveTo(next: Instance, reason: string): void {
    this.#current.dispose();
    this.#switchTo(next, reason);
  }

  #switchTo(next: Instance, reason: string): void {
    const from = this.#current.backend;
    this.#current = next;
    this.#leavingReason = undefined;
    if (this.disposing.signal.aborted) next.dispose();
    else if (from !== next.backend) this.#tell('backendchange', { from, to: next.backend, reason });
  }

  #tell<K extends keyof ModelEvents>(type: K, detail: ModelEvents[K]): void {
    for (const listener of this.listeners) listener(type, detail);
  }

  dispose(): void {
    this.disposing.abort();
    this.#releaseHold();
    this.#current.dispose();
  }
}
