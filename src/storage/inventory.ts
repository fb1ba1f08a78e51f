/** The content of a cache at one moment: versions of models, the order in which they are evicted, and entries that belong to no version. */
import type { WeightsCache } from '../api/cache.js';
import { CHOICE_PREFIX, CRASH_PREFIX, GOLDEN_PREFIX, RECORD_PREFIX } from '../base/cache-keys.js';
import { heldModels } from './held.js';
import { type ModelRecord, readRecord } from './records.js';

/**
 * Whole versions of one model that stay, the newest one included. The version before it may still be loaded by another app
 * of this origin, or by a page that a service worker cached; also, a release may be taken back.
 */
const MAX_VERSIONS = 2;

const ASSET = /^[\da-f]{64}$/;
/** Keys of what was measured for one model on this device; they begin with the hash of the model. */
const OF_MODEL = new RegExp(`^(?:${GOLDEN_PREFIX}|${CHOICE_PREFIX}|${CRASH_PREFIX})(\\S+)`);

/** One version of a model. */
export interface Version extends ModelRecord {
  readonly hash: string;
}

export class Inventory {
  readonly #cache: WeightsCache;
  readonly #keys: Set<string>;
  #versions: readonly Version[];
  readonly #held: Awaited<ReturnType<typeof heldModels>>;

  private constructor(cache: WeightsCache, keys: Set<string>, versions: readonly Version[], held: Awaited<ReturnType<typeof heldModels>>) {
    this.#cache = cache;
    this.#keys = keys;
    this.#versions = versions;
    this.#held = held;
  }

  /** Rejects as the cache does. */
  static async read(cache: WeightsCache): Promise<Inventory> {
    const holding = heldModels();
    const keys = await cache.keys();
    const hashes = keys.filter((key) => key.startsWith(RECORD_PREFIX)).map((key) => key.slice(RECORD_PREFIX.length));
    const found = await Promise.all(hashes.map(async (hash) => ({ hash, record: await readRecord(cache, hash) })));
    const versions = found.flatMap(({ hash, record }) => (record === undefined ? [] : [{ ...record, hash }]));
    return new Inventory(cache, new Set(keys), versions, await holding);
  }

  /**
   * All versions, in the order in which they make way: replaced and incomplete ones first, then the least recently used.
   * @param own hash of the version that is being stored, which replaces others before it is complete
   */
  versions(own?: string): readonly Version[] {
    const rank = (version: Version) => (this.isComplete(version) && this.#newerVersions(version, own) === 0 ? 1 : 0);
    return [...this.#versions].sort((a, b) => rank(a) - rank(b) || a.usedAtMs - b.usedAtMs);
  }

  /** Versions that may make way for the version `own`, next one first. */
  evictable(own: string | undefined): readonly Version[] {
    return this.versions(own).filter((each) => each.hash !== own && this.mayDrop(each) && this.bytesOf([each]) > 0);
  }

  /** Whether a version is open in some tab; undefined if the browser does not tell. */
  isHeld({ hash }: Version): boolean | undefined {
    return this.#held === undefined || this.#held === 'untold' ? undefined : this.#held.has(hash);
  }

  /** Nothing is dropped while a browser that has locks does not answer: tabs may hold any of the versions. */
  mayDrop(version: Version): boolean {
    return this.#held !== 'untold' && this.isHeld(version) !== true;
  }

  isComplete({ assets, complete }: ModelRecord): boolean {
    return complete && assets.every(({ sha256 }) => this.has(sha256));
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** Bytes that the cache holds of these versions; a shard that several of them share counts once. */
  bytesOf(versions: readonly ModelRecord[]): number {
    const present = versions.flatMap(({ assets }) => assets).filter(({ sha256 }) => this.has(sha256));
    return [...new Map(present.map(({ sha256, bytes }) => [sha256, bytes])).values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Bytes that dropping these versions would free. */
  bytesFreedBy(versions: readonly Version[]): number {
    return this.bytesOf(this.#versions) - this.bytesOf(this.#versions.filter((each) => !versions.includes(each)));
  }

  /** Whether a version other than `own` names an asset. */
  isShared(sha256: string, own: string): boolean {
    return this.#versions.some(({ hash, assets }) => hash !== own && assets.some((asset) => asset.sha256 === sha256));
  }

  /** Adds a version whose record was written since. */
  add(version: Version): void {
    this.#versions = [...this.#versions.filter(({ hash }) => hash !== version.hash), version];
  }

  /** Deletes a version: its record first, then the assets that no other version names. @returns the bytes that this freed */
  async drop(version: Version): Promise<number> {
    const freedBytes = this.bytesFreedBy([version]);
    await this.#delete(`${RECORD_PREFIX}${version.hash}`);
    this.#versions = this.#versions.filter((each) => each !== version);
    for (const { sha256 } of version.assets) if (this.has(sha256) && !this.isShared(sha256, version.hash)) await this.#delete(sha256);
    return freedBytes;
  }

  /** Drops versions that `MAX_VERSIONS` newer versions of their model replace, unless a tab has them open. */
  async dropReplaced(): Promise<void> {
    for (const each of this.versions()) if (this.mayDrop(each) && this.#newerVersions(each) >= MAX_VERSIONS) await this.drop(each);
  }

  /** Keys of assets that no version names. */
  orphans(): readonly string[] {
    const named = new Set(this.#versions.flatMap(({ assets }) => assets.map(({ sha256 }) => sha256)));
    return [...this.#keys].filter((key) => ASSET.test(key) && !named.has(key));
  }

  /** Deletes entries that belong to no version: assets, records that cannot be read, measurements of versions that are gone. */
  async sweep(): Promise<void> {
    for (const key of this.orphans()) await this.#delete(key);
    const hashes = new Set(this.#versions.map(({ hash }) => hash));
    for (const key of this.#keys) {
      const isRecord = key.startsWith(RECORD_PREFIX);
      const hash = isRecord ? key.slice(RECORD_PREFIX.length) : OF_MODEL.exec(key)?.[1];
      if (hash !== undefined && !hashes.has(hash)) await this.#delete(key);
    }
  }

  /** How many complete versions of the same model were used later than this one; the version `own` counts as complete. */
  #newerVersions(version: Version, own?: string): number {
    const replaces = (other: Version) => other.hash === own || this.isComplete(other);
    return this.#versions.filter((other) => other.name === version.name && other.usedAtMs > version.usedAtMs && replaces(other)).length;
  }

  async #delete(key: string): Promise<void> {
    await this.#cache.delete(key);
    this.#keys.delete(key);
  }
}
