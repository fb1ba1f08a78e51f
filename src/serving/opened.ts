/** A model that is open somewhere, and stays open: what broke is opened anew for the next call. */

import type { Candidate } from '../backend/choose.js';
import type { BackendName } from '../backend-name.js';
import type { Session } from '../engine/engine.js';
import { PannierError } from '../errors.js';
import type { Manifest } from '../manifest.js';
import type { LoadTiming, Note } from '../prediction.js';
import type { PooledEngine } from './pool.js';

/** A session on an engine, held by a lease. */
export interface Place {
  readonly backend: BackendName;
  readonly pooled: Pick<PooledEngine, 'queue' | 'thread'>;
  readonly session: Session;
  /** Closes the session and lets go of the engine. */
  close(): void;
}

/** What a load found, besides the place where the model now runs. */
export interface Opening {
  readonly place: Place;
  readonly selection: readonly Candidate[];
  readonly loadTiming: LoadTiming;
  readonly bytesDownloaded: number;
  readonly bytesFromCache: number;
}

export class OpenedModel {
  readonly manifest: Manifest;
  readonly notes: Note[] = [];
  readonly noteListeners = new Set<(note: Note) => void>();
  readonly #open: () => Promise<Opening>;
  #opening: Opening;
  #reopening: Promise<Opening> | undefined;
  /** Why the present place is used no more, until there is another. */
  #left: string | undefined;
  #closed = false;

  /** @param open opens the model again, on whichever backend then does. */
  constructor(manifest: Manifest, opening: Opening, open: () => Promise<Opening>) {
    this.manifest = manifest;
    this.#opening = opening;
    this.#open = open;
  }

  get opening(): Opening {
    return this.#opening;
  }

  note(code: string, message: string): void {
    const note = { code, message };
    this.notes.push(note);
    for (const listener of this.noteListeners) listener(note);
  }

  /** The place to run at: at once, unless the last one is lost or was left. */
  place(): Place | Promise<Place> {
    const { place } = this.#opening;
    const lost = place.session.lost ? `The ${place.backend} backend was lost and the model was opened again.` : undefined;
    const reason = this.#left ?? lost;
    return reason === undefined ? place : this.reopen(reason);
  }

  /** Whether a call that waited for its turn may still run there. */
  isAt(place: Place): boolean {
    return this.#opening.place === place && this.#left === undefined && !place.session.lost;
  }

  /** Leaves the present place and opens the model anew; calls made meanwhile wait for it. */
  async reopen(reason: string): Promise<Place> {
    this.#reopening ??= this.#replace(reason).finally(() => {
      this.#reopening = undefined;
    });
    return (await this.#reopening).place;
  }

  async #replace(reason: string): Promise<Opening> {
    if (this.#closed) throw new PannierError('disposed', `Model "${this.manifest.name}" was disposed and is not opened again.`);
    this.#left = reason;
    this.#opening.place.close();
    const opening = await this.#open();
    if (this.#closed) opening.place.close();
    this.#opening = opening;
    this.#left = undefined;
    this.note('reopened', reason);
    return opening;
  }

  close(): void {
    this.#closed = true;
    this.#opening.place.close();
  }
}
