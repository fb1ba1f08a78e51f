/** Writes one load to the cache: a record that it has begun, the verified bytes, and a record that all of them are there. */

import type { WeightsCache } from '../api/cache.js';
import { oneAtATime } from '../base/promise.js';
import { type Asset, allAssetsOf } from '../manifest/assets.js';
import type { Manifest } from '../manifest/manifest.js';
import { Inventory, type Version } from './inventory.js';
import { type ModelRecord, readRecord, recordOf, writeRecord } from './records.js';

/** A record is not written again within this time after its last use. */
const REFRESH_MS = 60_000;

export interface RecordingOptions {
  /** Most bytes that all models may take in the cache after this load. */
  readonly budgetBytes: number;
  readonly note: (code: string, message: string) => void;
}

/** Methods reject as the cache does, except for a full cache, which is a note. */
export class Recording {
  readonly #cache: WeightsCache;
  readonly #manifest: Manifest;
  readonly #assets: readonly Asset[];
  readonly #options: RecordingOptions;
  readonly #totalBytes: number;
  /** Keys of the assets that this load wrote. */
  readonly #written = new Set<string>();
  #begun: Promise<unknown> | undefined;
  /** Writes that found the cache full; one at a time makes room. */
  readonly #inTurn = oneAtATime();
  /** Hashes of versions that made way. A cache that does not delete would offer them for ever. */
  readonly #dropped = new Set<string>();
  /** Nothing more is stored of this load. */
  #isFull = false;

  /** @param assets those of the model's that the load needs */
  constructor(cache: WeightsCache, manifest: Manifest, assets: readonly Asset[], options: RecordingOptions) {
    this.#cache = cache;
    this.#manifest = manifest;
    this.#assets = assets;
    this.#options = options;
    this.#totalBytes = assets.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get #allAssets(): readonly Asset[] {
    return allAssetsOf(this.#manifest);
  }

  /** Writes verified bytes, after a record that says which version they belong to. */
  async keep(sha256: string, bytes: ArrayBuffer): Promise<void> {
    this.#begun ??= this.#begin();
    await this.#begun;
    if (this.#isFull) return;
    await this.#write(() => this.#cache.set(sha256, bytes), bytes.byteLength);
    this.#written.add(sha256);
    // Another write may have found the cache full meanwhile.
    if (this.#isFull) await this.#cache.delete(sha256);
  }

  /** Records that the assets are there, and the time of use; then drops versions and assets that are not needed any more. */
  async finish(): Promise<void> {
    const { hash } = this.#manifest;
    if (this.#isFull) return;
    const known = await readRecord(this.#cache, hash);
    const isFresh = known?.complete === true && Math.abs(Date.now() - known.usedAtMs) < REFRESH_MS;
    if (isFresh && this.#written.size === 0) return;
    const inventory = await Inventory.read(this.#cache);
    const isThere = ({ sha256 }: Asset): boolean => inventory.has(sha256);
    const isWhole = this.#assets.every(isThere);
    // The graphs of engines that no visit has used are not there.
    const record = recordOf(this.#manifest, isWhole, isWhole ? this.#allAssets.filter(isThere) : this.#allAssets);
    await this.#record(record);
    if (this.#isFull) return;
    inventory.add({ ...record, hash });
    await inventory.dropReplaced();
    const { budgetBytes } = this.#options;
    // Only a complete model makes others go: two that do not fit together would else drop each other.
    if (record.complete && this.#totalBytes <= budgetBytes)
      for (const version of inventory.evictable(hash))
        if (inventory.bytesOf(inventory.versions()) > budgetBytes) await inventory.drop(version);
    await inventory.sweep();
  }

  async #begin(): Promise<void> {
    const { hash, name } = this.#manifest;
    const { budgetBytes, note } = this.#options;
    const known = await readRecord(this.#cache, hash);
    // A version that an earlier visit did not finish gets a new time of use, too.
    if (known?.complete !== true) await this.#record(recordOf(this.#manifest, false, this.#allAssets));
    if (this.#totalBytes <= budgetBytes) return;
    this.#isFull = true;
    note('cache-full', `"${name}" is not kept for the next visit: it takes ${this.#totalBytes} bytes, cacheBudgetBytes is ${budgetBytes}.`);
  }

  /** Writes a record. It is so small that if dropping one version gives no room for it, dropping more would not. */
  async #record(record: ModelRecord): Promise<void> {
    const { hash, name } = this.#manifest;
    for (let tries = 1; ; tries++) {
      try {
        return await writeRecord(this.#cache, hash, record);
      } catch (thrown) {
        if (!isQuota(thrown)) throw thrown;
      }
      // The shortage may have passed: try again before a version is dropped.
      if (tries === 1) continue;
      const inventory = await Inventory.read(this.#cache);
      const [next] = inventory.evictable(hash);
      if (tries === 3 || next === undefined) break;
      await inventory.drop(next);
    }
    this.#isFull = true;
    this.#options.note('cache-full', `"${name}" is not kept for the next visit: there is no room for its record.`);
  }

  /** Writes; if the cache is full, versions make way one by one. */
  async #write(write: () => Promise<void>, bytes: number): Promise<void> {
    try {
      return await write();
    } catch (thrown) {
      if (!isQuota(thrown) && !isDisk(thrown)) throw thrown;
    }
    return this.#inTurn(() => this.#writeWithRoom(write, bytes));
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
      // If so much room was made, the disk has another fault.
      const mayHelp = isQuota(failure) || (isDisk(failure) && freedBytes < bytes);
      if (next !== undefined && mayHelp) {
        this.#dropped.add(next.hash);
        freedBytes += await inventory.drop(next);
      } else if (isQuota(failure)) await this.#giveUp(inventory);
      else {
        // No version makes way for another write of this load, either.
        this.#isFull = true;
        throw failure;
      }
    }
  }

  /** The version that makes way next; undefined if evicting all of them would not make room. A write of `bytes` has just failed, so less than that is free. */
  #nextFor(bytes: number, inventory: Inventory): Version | undefined {
    const evictable = inventory.evictable(this.#manifest.hash).filter(({ hash }) => !this.#dropped.has(hash));
    const missingBytes = this.#totalBytes - inventory.bytesOf([recordOf(this.#manifest, false, this.#assets)]);
    return inventory.bytesFreedBy(evictable) + bytes <= missingBytes ? undefined : evictable[0];
  }

  /** Deletes what this load wrote of a model that does not fit: the disk would stay full for the app, too. */
  async #giveUp(inventory: Inventory): Promise<void> {
    const { hash, name } = this.#manifest;
    this.#isFull = true;
    this.#options.note('cache-full', `"${name}" is not kept for the next visit: there is no room for its ${this.#totalBytes} bytes.`);
    for (const sha256 of this.#written) if (!inventory.isShared(sha256, hash)) await this.#cache.delete(sha256);
  }
}

/** Browsers differ in the class and the code of this error, but agree in its name. */
const isQuota = (thrown: unknown): boolean => (thrown as Error | null)?.name === 'QuotaExceededError';

/** Chromium's error for a value above 64 KiB that it cannot write to a file. Most often the disk is full. */
const isDisk = (thrown: unknown): boolean => (thrown as Error | null)?.name === 'DataError';
