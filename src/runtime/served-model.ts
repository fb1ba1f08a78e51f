/** A model that is open somewhere, and stays open: what broke is opened anew for the next call. */

import type { Session } from '../engines/engine.js';
import { messageOf, PannierError } from '../base/errors.js';
import type { Manifest } from '../manifest/manifest.js';
import type { LoadTiming, ModelEvents, Note } from '../api/model.js';
import { type Candidate, isPair, type Named, reasonsOf } from '../api/candidate.js';
import { holdModel } from '../storage/held.js';
import type { Agreement } from '../golden/golden-test.js';
import type { PooledEngine } from './engine-pool.js';

/** A session on an engine, held by a lease; or the app's own function. */
export interface Place extends Named {
  readonly pooled: Pick<PooledEngine, 'queue' | 'thread'>;
  readonly session: Session;
  /** With the golden sample, where there is one to be run. */
  readonly agreement?: Agreement;
  /** Closes the session and lets go of the engine. */
  close(): void;
}

/** What a load found, besides the place where the model now runs. */
export interface Opening {
  readonly place: Place;
  readonly selection: readonly Candidate[];
  readonly loadTiming: LoadTiming;
}

/** Bytes that all openings and trials of a model took together, so far. */
export interface BytesTaken {
  readonly bytesDownloaded: number;
  readonly bytesFromCache: number;
}

/** Hears what happens to a model after its load. */
export type Listener = <K extends keyof ModelEvents>(type: K, detail: ModelEvents[K]) => void;

export class OpenedModel {
  readonly manifest: Manifest;
  readonly notes: Note[] = [];
  readonly taken: BytesTaken;
  readonly listeners = new Set<Listener>();
  /** Aborts when the last handle is disposed. */
  readonly closing = new AbortController();
  /** Settles when the trial is over, if there is one; never rejects. */
  trial: Promise<unknown> = Promise.resolve();
  /** Told what each warm call took on the present backend, in milliseconds, without its wait in line. */
  onWarmCall: ((ms: number) => void) | undefined;
  readonly #letGo: () => void;
  readonly #open: (lost: Named, signal: AbortSignal) => Promise<Opening>;
  #place: Place;
  #selection: readonly Candidate[];
  #loadTiming: LoadTiming;
  #reopening: Promise<Place> | undefined;
  /** Why the present place is used no more, until there is another. */
  #left: string | undefined;

  /** @param open opens the model again, on whichever backend then does. */
  constructor(
    manifest: Manifest,
    { place, selection, loadTiming }: Opening,
    taken: BytesTaken,
    open: (lost: Named, signal: AbortSignal) => Promise<Opening>,
  ) {
    this.manifest = manifest;
    this.taken = taken;
    this.#place = place;
    this.#selection = selection;
    this.#loadTiming = loadTiming;
    this.#open = open;
    this.#letGo = holdModel(manifest.hash);
    if (place.backend === 'fallback')
      this.note('fallback', `No backend can run this model here, and the app's fallback answers. ${reasonsOf(selection)}`);
  }

  /** Where the model is now, though it may be lost. */
  get present(): Place {
    return this.#place;
  }
  get selection(): readonly Candidate[] {
    return this.#selection;
  }
  get loadTiming(): LoadTiming {
    return this.#loadTiming;
  }
  /** Bytes of the weights where the model is. */
  get bytesResident(): number {
    return this.#place.backend === 'fallback' ? 0 : this.manifest.residentBytes;
  }

  note(code: string, message: string): void {
    const note = { code, message };
    this.notes.push(note);
    this.#tell('note', note);
  }

  /** What was found out about one pair replaces what was known. */
  learn(candidate: Candidate): void {
    this.#selection = this.#selection.map((known) => (isPair(known, candidate) ? candidate : known));
  }

  /** The place to run at: at once, unless the last one is lost or was left. */
  place(): Place | Promise<Place> {
    const { backend, session } = this.#place;
    const reason =
      this.#left ?? (session.lost && `The ${backend} backend was lost and the model was opened again. ${messageOf(session.lost)}`);
    return reason === undefined ? this.#place : this.reopen(reason);
  }

  /** Whether a call that waited for its turn may still run there. */
  isAt(place: Place): boolean {
    return this.#place === place && this.#left === undefined && !place.session.lost;
  }

  /** Leaves the present place and opens the model anew; calls made meanwhile wait for it. */
  async reopen(reason: string): Promise<Place> {
    this.#reopening ??= this.#replace(reason).finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #replace(reason: string): Promise<Place> {
    if (this.closing.signal.aborted)
      throw new PannierError('disposed', `Model "${this.manifest.name}" was disposed and is not opened again.`);
    this.#left = reason;
    this.#place.close();
    const { place, selection, loadTiming } = await this.#open(this.#place, this.closing.signal);
    // What was not needed now is known from before.
    const known = (pair: Named) => this.#selection.find((each) => isPair(each, pair) && each.state !== 'chosen');
    this.#selection = selection.map((each) => (each.state === 'untried' ? (known(each) ?? each) : each));
    this.#loadTiming = loadTiming;
    this.#settle(place, reason);
    this.note('reopened', reason);
    return place;
  }

  /**
   * Calls go to `next` from now on. Only in a turn of the present place's queue in which no call waits,
   * so that none is overtaken.
   */
  move(next: Place, reason: string): void {
    this.#place.close();
    this.#settle(next, reason);
  }

  #settle(next: Place, reason: string): void {
    const from = this.#place.backend;
    this.#place = next;
    this.#left = undefined;
    if (this.closing.signal.aborted) next.close();
    else if (from !== next.backend) this.#tell('backendchange', { from, to: next.backend, reason });
  }

  #tell<K extends keyof ModelEvents>(type: K, detail: ModelEvents[K]): void {
    for (const listener of this.listeners) listener(type, detail);
  }

  close(): void {
    this.closing.abort();
    this.#letGo();
    this.#place.close();
  }
}
