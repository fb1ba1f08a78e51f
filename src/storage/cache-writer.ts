/** Writes the assets that a load downloads into the cache, while the load goes on. */

import type { WeightsCache } from '../api/cache.js';
import { ownTask, withDeadline } from '../base/promise.js';
import { now } from '../base/timing.js';
import type { Asset } from '../manifest/assets.js';
import type { Manifest } from '../manifest/manifest.js';
import { Recording, type RecordingOptions } from './recording.js';

/** Bytes of the copies that may wait for the cache at once: one shard. A larger asset waits alone. */
const MAX_COPIED_BYTES = 2 * 2 ** 20;

/** Longest that writes may delay a load, in all. */
const MAX_DELAY_MS = 2_000;

export interface CacheWriterOptions extends RecordingOptions {
  /** Called when the cache fails: nothing more is written. */
  readonly onFault: (thrown: unknown) => void;
  /** No engine waits for the bytes: each write is waited for, however long it takes. */
  readonly storeOnly?: boolean;
}

export class CacheWriter {
  readonly #recording: Recording;
  readonly #options: CacheWriterOptions;
  readonly #writing = new Set<Promise<void>>();
  #queue: Promise<unknown> = Promise.resolve();
  #copiedBytes = 0;
  #delayLeftMs = MAX_DELAY_MS;
  #isBroken = false;
  readonly #leftOut: string[] = [];

  /** @param assets that will be given, if the cache lacks them */
  constructor(cache: WeightsCache, manifest: Manifest, assets: readonly Asset[], options: CacheWriterOptions) {
    this.#recording = new Recording(cache, manifest, assets, options);
    this.#options = options;
  }

  /**
   * Begins to write a copy, so that the engine can take the bytes before the write is done. Waits for room first: a disk that is
   * slower than the network would else fill the memory with copies. If that takes too long, the asset is not stored.
   * @returns `stored` resolves when the cache has the copy, or will not have it. Neither promise rejects.
   */
  async keep(asset: Asset, bytes: ArrayBuffer): Promise<{ readonly stored: Promise<void> }> {
    if (this.#options.storeOnly) {
      await this.#write(asset.sha256, bytes);
      return { stored: Promise.resolve() };
    }
    const copied = this.#queue.then(() => this.#keepCopy(asset, bytes));
    this.#queue = copied;
    return copied;
  }

  /** Resolves when everything is written and recorded. Rejects as the cache does. */
  async finish(): Promise<void> {
    await Promise.all(this.#writing);
    if (this.#isBroken) return;
    if (this.#leftOut.length > 0) {
      const message = `The cache writes slower than the network delivers: ${this.#leftOut.join(', ')} will be fetched again.`;
      this.#options.note('cache-slow', message);
    }
    await this.#recording.finish();
  }

  async #keepCopy(asset: Asset, bytes: ArrayBuffer): Promise<{ readonly stored: Promise<void> }> {
    while (!this.#hasRoomFor(bytes) && this.#delayLeftMs > 0) await this.#waitForRoom();
    try {
      if (!this.#isBroken && this.#hasRoomFor(bytes)) return { stored: this.#begin(asset.sha256, bytes.slice(0)) };
      if (!this.#isBroken) this.#leftOut.push(asset.name);
    } catch (thrown) {
      // There is not enough memory for a copy.
      this.#fail(thrown);
    }
    return { stored: Promise.resolve() };
  }

  #hasRoomFor({ byteLength }: ArrayBuffer): boolean {
    return this.#isBroken || this.#copiedBytes === 0 || this.#copiedBytes + byteLength <= MAX_COPIED_BYTES;
  }

  async #waitForRoom(): Promise<void> {
    const sinceMs = now();
    await withDeadline(Promise.race(this.#writing), this.#delayLeftMs, 'A write').catch(() => undefined);
    this.#delayLeftMs -= now() - sinceMs;
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
