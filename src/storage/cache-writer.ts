/** What a load downloads, on its way into the cache: behind the load, but never far behind. */

import type { WeightsCache } from '../api/cache.js';
import { ownTask, withDeadline } from '../base/promise.js';
import { now } from '../base/timing.js';
import type { Asset, Manifest } from '../manifest/manifest.js';
import { Recording, type RecordingOptions } from './recording.js';

/** Bytes of copies that may wait for the cache at once: of one shard. One that is larger waits alone. */
const COPIES_BYTES = 2 * 2 ** 20;

/** Longest that a load is held up by writes, in all. */
const PATIENCE_MS = 2_000;

export interface CacheWriterOptions extends RecordingOptions {
  /** The cache failed: nothing more is written. */
  readonly onFault: (thrown: unknown) => void;
  /** Nobody waits for the model: each write is waited for, however long it takes. */
  readonly storeOnly?: boolean;
}

export class CacheWriter {
  readonly #recording: Recording;
  readonly #options: CacheWriterOptions;
  readonly #writing = new Set<Promise<void>>();
  #line: Promise<unknown> = Promise.resolve();
  #copiedBytes = 0;
  #patienceMs = PATIENCE_MS;
  #isBroken = false;
  readonly #leftOut: string[] = [];

  constructor(cache: WeightsCache, manifest: Manifest, options: CacheWriterOptions) {
    this.#recording = new Recording(cache, manifest, options);
    this.#options = options;
  }

  /**
   * Begins to write a copy: the bytes go on to the engine before the write is done. Waits for room first, so that a disk
   * that is slower than the network holds one shard of ours, not a model; where that takes too long, the shard is left out.
   * Never rejects, nor does `stored`, which settles when the cache has the copy, or will not have it.
   */
  async keep(asset: Asset, bytes: ArrayBuffer): Promise<{ readonly stored: Promise<void> }> {
    if (this.#options.storeOnly) {
      await this.#write(asset.sha256, bytes);
      return { stored: Promise.resolve() };
    }
    const turn = this.#line.then(() => this.#inTurn(asset, bytes));
    this.#line = turn;
    return turn;
  }

  /** Settles when all is written and recorded. Rejects where the cache fails at that. */
  async finish(): Promise<void> {
    await Promise.all(this.#writing);
    if (this.#isBroken) return;
    if (this.#leftOut.length > 0) {
      const message = `The cache writes slower than the network delivers: ${this.#leftOut.join(', ')} will be fetched again.`;
      this.#options.note('cache-slow', message);
    }
    await this.#recording.finish();
  }

  async #inTurn(asset: Asset, bytes: ArrayBuffer): Promise<{ readonly stored: Promise<void> }> {
    while (!this.#hasRoomFor(bytes) && this.#patienceMs > 0) await this.#waitForRoom();
    try {
      if (!this.#isBroken && this.#hasRoomFor(bytes)) return { stored: this.#begin(asset.sha256, bytes.slice(0)) };
      if (!this.#isBroken) this.#leftOut.push(asset.name);
    } catch (thrown) {
      // There is no memory for a copy.
      this.#fail(thrown);
    }
    return { stored: Promise.resolve() };
  }

  #hasRoomFor({ byteLength }: ArrayBuffer): boolean {
    return this.#isBroken || this.#copiedBytes === 0 || this.#copiedBytes + byteLength <= COPIES_BYTES;
  }

  async #waitForRoom(): Promise<void> {
    const sinceMs = now();
    await withDeadline(Promise.race(this.#writing), this.#patienceMs, 'A write').catch(() => undefined);
    this.#patienceMs -= now() - sinceMs;
  }

  #begin(key: string, copy: ArrayBuffer): Promise<void> {
    this.#copiedBytes += copy.byteLength;
    const writing = this.#write(key, copy).finally(() => {
      this.#copiedBytes -= copy.byteLength;
      this.#writing.delete(writing);
    });
    this.#writing.add(writing);
    return writing;
  }

  async #write(key: string, bytes: ArrayBuffer): Promise<void> {
    try {
      await ownTask();
      await this.#recording.keep(key, bytes);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #fail(thrown: unknown): void {
    this.#isBroken = true;
    this.#options.onFault(thrown);
  }
}
