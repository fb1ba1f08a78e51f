/** What one load leaves in the cache: a record that it is under way, its bytes, a record that they are all there. */

import type { WeightsCache } from '../api/cache.js';
import { assetsOf, type Manifest } from '../manifest/manifest.js';
import { Inventory, type Version } from './inventory.js';
import { type ModelRecord, readRecord, recordOf, writeRecord } from './records.js';

/** A model that was loaded a moment ago counts as used now: reloads need no write each. */
const REFRESH_MS = 60_000;

export interface RecordingOptions {
  /** Most bytes that all models may take in the cache once this one is there. */
  readonly budgetBytes: number;
  readonly note: (code: string, message: string) => void;
}

/** Methods reject as the cache does, but for a cache that is full: that is noted. */
export class Recording {
  readonly #cache: WeightsCache;
  readonly #manifest: Manifest;
  readonly #options: RecordingOptions;
  readonly #totalBytes: number;
  /** Keys that this load wrote. */
  readonly #written = new Set<string>();
  #begun: Promise<unknown> | undefined;
  /** One write at a time finds out whether there is room. */
  #line: Promise<unknown> = Promise.resolve();
  /** Hashes of versions that made way for it. One that is there all the same would do so for ever. */
  readonly #dropped = new Set<string>();
  /** Nothing more is kept of this load. */
  #isFull = false;

  constructor(cache: WeightsCache, manifest: Manifest, options: RecordingOptions) {
    this.#cache = cache;
    this.#manifest = manifest;
    this.#options = options;
    this.#totalBytes = assetsOf(manifest).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Writes verified bytes, behind a record that says whose they are. */
  async keep(sha256: string, bytes: ArrayBuffer): Promise<void> {
    this.#begun ??= this.#begin();
    await this.#begun;
    if (this.#isFull) return;
    await this.#write(() => this.#cache.set(sha256, bytes), bytes.byteLength);
    this.#written.add(sha256);
    // Another write may have found the cache full meanwhile.
    if (this.#isFull) await this.#cache.delete(sha256);
  }

  /** Says in the record that all is there, and when it was used; then clears away what nobody needs any more. */
  async finish(): Promise<void> {
    const { hash } = this.#manifest;
    if (this.#isFull) return;
    const known = await readRecord(this.#cache, hash);
    const isFresh = known?.complete === true && Math.abs(Date.now() - known.usedAtMs) < REFRESH_MS;
    if (isFresh && this.#written.size === 0) return;
    const inventory = await Inventory.read(this.#cache);
    const record = recordOf(
      this.#manifest,
      assetsOf(this.#manifest).every(({ sha256 }) => inventory.has(sha256)),
    );
    await this.#record(record);
    if (this.#isFull) return;
    inventory.add({ ...record, hash });
    await inventory.dropReplaced();
    const { budgetBytes } = this.#options;
    // Two that do not fit together would else drop each other, while neither is whole.
    if (record.complete && this.#totalBytes <= budgetBytes)
      for (const version of inventory.evictable(hash))
        if (inventory.bytesOf(inventory.versions()) > budgetBytes) await inventory.drop(version);
    await inventory.sweep();
  }

  async #begin(): Promise<void> {
    const { hash, name } = this.#manifest;
    const { budgetBytes, note } = this.#options;
    const known = await readRecord(this.#cache, hash);
    // One that an earlier visit did not finish is in use again, and not to be dropped for its age.
    if (known?.complete !== true) await this.#record(recordOf(this.#manifest, false));
    if (this.#totalBytes <= budgetBytes) return;
    this.#isFull = true;
    note('cache-full', `"${name}" is not kept for the next visit: it takes ${this.#totalBytes} bytes, cacheBudgetBytes is ${budgetBytes}.`);
  }

  /** Writes a record. It is so small that one version that makes way is enough, or none is. */
  async #record(record: ModelRecord): Promise<void> {
    const { hash, name } = this.#manifest;
    for (let tries = 1; ; tries++) {
      try {
        return await writeRecord(this.#cache, hash, record);
      } catch (thrown) {
        if (!isQuota(thrown)) throw thrown;
      }
      // A shortage may have passed: nobody makes way before it is seen again.
      if (tries === 1) continue;
      const inventory = await Inventory.read(this.#cache);
      const [next] = inventory.evictable(hash);
      if (tries === 3 || next === undefined) break;
      await inventory.drop(next);
    }
    this.#isFull = true;
    this.#options.note('cache-full', `"${name}" is not kept for the next visit: there is no room for its record.`);
  }

  /** Writes; where the cache is full, versions that nobody holds make way, least recently used first. */
  async #write(write: () => Promise<void>, bytes: number): Promise<void> {
    try {
      return await write();
    } catch (thrown) {
      if (!isQuota(thrown) && !isDisk(thrown)) throw thrown;
    }
    const turn = this.#line.then(() => this.#writeWithRoom(write, bytes));
    this.#line = turn.catch(() => undefined);
    return turn;
  }

  async #writeWithRoom(write: () => Promise<void>, bytes: number): Promise<void> {
    let freedBytes = 0;
    while (!this.#isFull) {
      let failure: unknown;
      try {
        return await write();
      } catch (thrown) {
        failure = thrown;
      }
      const inventory = await Inventory.read(this.#cache);
      const next = this.#nextFor(bytes, inventory);
      // With that much room made, room is not what it lacks.
      const mayHelp = isQuota(failure) || (isDisk(failure) && freedBytes < bytes);
      if (next !== undefined && mayHelp) {
        this.#dropped.add(next.hash);
        freedBytes += await inventory.drop(next);
      } else if (isQuota(failure)) await this.#giveUp(inventory);
      else {
        // Nor does anybody make way for another write of this load.
        this.#isFull = true;
        throw failure;
      }
    }
  }

  /** Who makes way. Nobody in vain, for a model that would not fit even so: of free space there is less than these bytes. */
  #nextFor(bytes: number, inventory: Inventory): Version | undefined {
    const evictable = inventory.evictable(this.#manifest.hash).filter(({ hash }) => !this.#dropped.has(hash));
    const missingBytes = this.#totalBytes - inventory.bytesOf([recordOf(this.#manifest, false)]);
    return inventory.bytesWithout(evictable) + bytes <= missingBytes ? undefined : evictable[0];
  }

  /** A model that does not fit leaves no bytes behind: the disk would stay full for the app, too. */
  async #giveUp(inventory: Inventory): Promise<void> {
    const { hash, name } = this.#manifest;
    this.#isFull = true;
    this.#options.note('cache-full', `"${name}" is not kept for the next visit: there is no room for its ${this.#totalBytes} bytes.`);
    for (const sha256 of this.#written) if (!inventory.isShared(sha256, hash)) await this.#cache.delete(sha256);
  }
}

/** By its name: browsers differ in its class and its code. */
const isQuota = (thrown: unknown): boolean => (thrown as Error | null)?.name === 'QuotaExceededError';

/** Chromium's word for a value above 64 KiB that it cannot write to its file: most often the disk is full, but not surely. */
const isDisk = (thrown: unknown): boolean => (thrown as Error | null)?.name === 'DataError';
