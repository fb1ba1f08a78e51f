/** What a cache holds, as of one reading: versions of models, who of them makes way for others, and what belongs to none. */
import type { WeightsCache } from '../api/cache.js';
import { heldModels } from './held.js';
import { type ModelRecord, RECORD, readRecord } from './records.js';

/** A version that was replaced by another one may still be what another app of this origin, or a page that is cached, loads. */
const SUPERSEDED_MS = 7 * 24 * 3_600_000;

/** What was used later than so far ahead was written by a clock that was wrong. */
const AHEAD_MS = 24 * 3_600_000;

/** What a clock from the future has written would count as newest for as long as it was ahead: it counts as oldest. */
const lastUsedMs = ({ usedAtMs }: ModelRecord): number => (usedAtMs - Date.now() > AHEAD_MS ? Number.MIN_SAFE_INTEGER : usedAtMs);

const ASSET = /^[\da-f]{64}$/;
/** What is remembered of one model on one device: the hash stands first. */
const OF_MODEL = /^(?:golden|choice|trial|quarantine):(\S+)/;

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
    const hashes = keys.filter((key) => key.startsWith(RECORD)).map((key) => key.slice(RECORD.length));
    const found = await Promise.all(hashes.map(async (hash) => ({ hash, record: await readRecord(cache, hash) })));
    const versions = found.flatMap(({ hash, record }) => (record === undefined ? [] : [{ ...record, hash }]));
    return new Inventory(cache, new Set(keys), versions, await holding);
  }

  /**
   * In the order in which they make way: those that another version of the model replaces, then the least recently used.
   * @param own the hash of one that is on its way: it replaces others before it is whole
   */
  versions(own?: string): readonly Version[] {
    const rank = (version: Version) => (this.#isReplaced(version, own) ? 0 : 1);
    return [...this.#versions].sort((a, b) => rank(a) - rank(b) || lastUsedMs(a) - lastUsedMs(b));
  }

  /** Those that may make way for the model `own`, next one first. */
  evictable(own: string | undefined): readonly Version[] {
    return this.versions(own).filter((each) => each.hash !== own && this.mayDrop(each) && this.bytesOf([each]) > 0);
  }

  /** Whether a model is open in some tab; undefined where nothing tells. */
  isHeld({ hash }: Version): boolean | undefined {
    return this.#held === undefined || this.#held === 'untold' ? undefined : this.#held.has(hash);
  }

  /** A browser that has locks and does not answer may be busy with the very tabs that hold them. */
  mayDrop(version: Version): boolean {
    return this.#held !== 'untold' && this.isHeld(version) !== true;
  }

  isComplete({ assets, complete }: ModelRecord): boolean {
    return complete && assets.every(({ sha256 }) => this.has(sha256));
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** Bytes that are there of these versions; what they share counts once. */
  bytesOf(versions: readonly ModelRecord[]): number {
    const present = versions.flatMap(({ assets }) => assets).filter(({ sha256 }) => this.has(sha256));
    return [...new Map(present.map(({ sha256, bytes }) => [sha256, bytes])).values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Bytes that would be free without these versions. */
  bytesWithout(versions: readonly Version[]): number {
    return this.bytesOf(this.#versions) - this.bytesOf(this.#versions.filter((each) => !versions.includes(each)));
  }

  /** Whether a version other than `own` names an asset. */
  isShared(sha256: string, own: string): boolean {
    return this.#versions.some(({ hash, assets }) => hash !== own && assets.some((asset) => asset.sha256 === sha256));
  }

  /** A record that was written since. */
  add(version: Version): void {
    this.#versions = [...this.#versions.filter(({ hash }) => hash !== version.hash), version];
  }

  /** Deletes a version, its record first, and of its assets those that no other one names. Gives the bytes that this freed. */
  async drop(version: Version): Promise<number> {
    const freedBytes = this.bytesWithout([version]);
    await this.#delete(`${RECORD}${version.hash}`);
    this.#versions = this.#versions.filter((each) => each !== version);
    for (const { sha256 } of version.assets) if (this.has(sha256) && !this.isShared(sha256, version.hash)) await this.#delete(sha256);
    return freedBytes;
  }

  /** Drops what was replaced, or has not got beyond a part, and was not used for seven days. */
  async dropOutdated(own: string): Promise<void> {
    // Neither counts as used just now what a clock from the future has written.
    const isOld = ({ usedAtMs }: Version) => Math.abs(Date.now() - usedAtMs) > SUPERSEDED_MS;
    for (const each of this.versions())
      if (each.hash !== own && this.mayDrop(each) && isOld(each) && (!this.isComplete(each) || this.#isReplaced(each)))
        await this.drop(each);
  }

  /** Keys of assets that no version names. */
  orphans(): readonly string[] {
    const named = new Set(this.#versions.flatMap(({ assets }) => assets.map(({ sha256 }) => sha256)));
    return [...this.#keys].filter((key) => ASSET.test(key) && !named.has(key));
  }

  /** Deletes what belongs to no version: assets, records that nobody can read, what was found out about models that are gone. */
  async sweep(): Promise<void> {
    for (const key of this.orphans()) await this.#delete(key);
    const hashes = new Set(this.#versions.map(({ hash }) => hash));
    for (const key of this.#keys) {
      const isRecord = key.startsWith(RECORD);
      const hash = isRecord ? key.slice(RECORD.length) : OF_MODEL.exec(key)?.[1];
      if (hash !== undefined && !hashes.has(hash)) await this.#delete(key);
    }
  }

  #isReplaced(version: Version, own?: string): boolean {
    const replaces = (other: Version) => other.hash === own || this.isComplete(other);
    return this.#versions.some((other) => other.name === version.name && lastUsedMs(other) > lastUsedMs(version) && replaces(other));
  }

  async #delete(key: string): Promise<void> {
    await this.#cache.delete(key);
    this.#keys.delete(key);
  }
}
