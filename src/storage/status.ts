/** Answers to apps about the weights cache: which models are there, whether they are whole and will stay; and deletes them. */

import type { CachedModel, CacheStatus, ClearedCache, WeightsCache } from '../api/cache.js';
import type { ClearCacheOptions } from '../api/options.js';
import { asPannierError, PannierError } from '../base/errors.js';
import { type Checks, check, checkCall } from '../base/fields.js';
import { withDeadline } from '../base/promise.js';
import { type Manifest, readManifest } from '../manifest/manifest.js';
import { cacheFor } from './cache-for.js';
import { Inventory } from './inventory.js';
import { readRecord } from './records.js';

const CHECKS: Checks<ClearCacheOptions> = {
  except: check(Array.isArray, "an array of models, the default exports of packed model.js's"),
  cache: check((value) => Object(value) === value, 'a cache'),
};

/** A question that the browser does not answer in this time counts as one that it cannot answer. */
const MAX_ANSWER_MS = 2_000;

/** Implements the public function of this name. */
export async function cacheStatus(given?: WeightsCache): Promise<CacheStatus> {
  const [inventory, persisted, estimate] = await Promise.all([
    take(given, (cache) => Inventory.read(cache)),
    ask((storage) => storage.persisted()),
    ask((storage) => storage.estimate()),
  ]);
  return {
    models: models(inventory),
    bytes: inventory.bytesOf(inventory.versions()),
    persisted,
    quotaBytes: estimate?.quota,
    usageBytes: estimate?.usage,
  };
}

/** Implements the public function of this name. */
export async function isOfflineReady(manifest: Manifest, given?: WeightsCache): Promise<boolean> {
  try {
    const cache = await openCache(given);
    const [record, keys] = await Promise.all([readRecord(cache, manifest.hash), cache.keys()]);
    const present = new Set(keys);
    return record?.complete === true && record.assets.every(({ sha256 }) => present.has(sha256));
  } catch {
    return false;
  }
}

/** Implements the public function of this name. */
export async function clearCache(options: ClearCacheOptions): Promise<ClearedCache> {
  // A mistyped option would delete models that should stay.
  checkCall('clearCache', options, CHECKS);
  const { except = [], cache: given } = options;
  const kept = new Set(except.map((source) => readManifest(source).hash));
  return take(given, async (cache) => {
    const inventory = await Inventory.read(cache);
    let freedBytes = 0;
    for (const version of inventory.versions())
      if (!kept.has(version.hash) && inventory.mayDrop(version)) freedBytes += await inventory.drop(version);
    for (const key of inventory.orphans()) freedBytes += await sizeOf(key, cache);
    await inventory.sweep();
    return { freedBytes, held: models(inventory).filter(({ hash }) => !kept.has(hash)) };
  });
}

/** Size of an asset that no record names; 0 if it cannot be read. */
const sizeOf = async (key: string, cache: WeightsCache): Promise<number> => (await cache.get(key).catch(() => undefined))?.byteLength ?? 0;

/** Implements the public function of this name. */
export const requestPersistence = async (): Promise<boolean> => (await ask((storage) => storage.persist(), Infinity)) ?? false;

/**
 * Opens the cache that the app gave, or the browser's own.
 * @throws {PannierError} `cache-unavailable`
 */
export async function openCache(given: WeightsCache | null | undefined): Promise<WeightsCache> {
  const refuse = (reason: string) => {
    throw new PannierError('cache-unavailable', reason);
  };
  const cache = await cacheFor(given, (_code, message) => refuse(message));
  return (
    cache ??
    refuse(
      given === null
        ? 'There is nothing to keep a model in: the cache that was given is null. Leave it out for the one of the browser.'
        : 'There is no IndexedDB here to keep a model in, and no cache of your own was given.',
    )
  );
}

function models(inventory: Inventory): CachedModel[] {
  const [next] = inventory.evictable(undefined);
  // A model that did not fit has a record, and no bytes.
  const present = inventory.versions().filter((each) => inventory.bytesOf([each]) > 0);
  return present.map((each) => ({
    name: each.name,
    version: each.version,
    hash: each.hash,
    bytes: inventory.bytesOf([each]),
    complete: inventory.isComplete(each),
    usedAt: new Date(each.usedAtMs),
    held: inventory.isHeld(each),
    evictedNext: each === next,
  }));
}

async function take<T>(given: WeightsCache | undefined, step: (cache: WeightsCache) => Promise<T>): Promise<T> {
  try {
    return await step(await openCache(given));
  } catch (thrown) {
    throw asPannierError(thrown, 'cache-unavailable', 'The weights cache does not answer');
  }
}

/** A page's storage: in a worker `persist` is missing. */
type Storage = StorageManager & { persist(): Promise<boolean> };

/** Undefined if the browser does not answer. */
async function ask<T>(question: (storage: Storage) => Promise<T>, limitMs = MAX_ANSWER_MS): Promise<T | undefined> {
  try {
    const { storage } = (globalThis as unknown as { navigator?: { storage?: Storage } }).navigator ?? {};
    return storage && (await withDeadline(question(storage), limitMs, 'Asking for storage'));
  } catch {
    return undefined;
  }
}
