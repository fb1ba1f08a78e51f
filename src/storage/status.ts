/** What apps ask of the weights cache: what is there, whether it is whole, whether it stays; and to let go of it. */

import type { CachedModel, CacheStatus, ClearedCache, WeightsCache } from '../api/cache.js';
import type { ClearCacheOptions } from '../api/options.js';
import { asPannierError, PannierError } from '../base/errors.js';
import { checkKnown } from '../base/known-options.js';
import { withDeadline } from '../base/promise.js';
import { assetsOf, type Manifest, readManifest } from '../manifest/manifest.js';
import { cacheFor } from './cache-for.js';
import { Inventory } from './inventory.js';
import { readRecord } from './records.js';

const KNOWN: readonly (keyof ClearCacheOptions)[] = ['except', 'cache'];

/** A question that the browser does not answer is one that it cannot. */
const ANSWER_LIMIT_MS = 2_000;

/** Behind the public function of this name. */
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

/** Behind the public function of this name. */
export async function isOfflineReady(manifest: Manifest, given?: WeightsCache): Promise<boolean> {
  try {
    const cache = await openCache(given);
    const [record, keys] = await Promise.all([readRecord(cache, manifest.hash), cache.keys()]);
    const present = new Set(keys);
    return record?.complete === true && assetsOf(manifest).every(({ sha256 }) => present.has(sha256));
  } catch {
    return false;
  }
}

/** Behind the public function of this name. */
export async function clearCache(options: ClearCacheOptions): Promise<ClearedCache> {
  // What is not understood would delete models that were to stay.
  checkKnown('clearCache', options, KNOWN);
  const { except = [], cache: given } = options;
  if (!Array.isArray(except))
    throw new PannierError('options', "clearCache's option except should be an array of models, the default exports of packed model.js's.");
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

/** Of what no record tells the size; 0 where it cannot be read: it is deleted all the same. */
const sizeOf = async (key: string, cache: WeightsCache): Promise<number> => (await cache.get(key).catch(() => undefined))?.byteLength ?? 0;

/** Behind the public function of this name. */
export const requestPersistence = async (): Promise<boolean> => (await ask((storage) => storage.persist(), Infinity)) ?? false;

/**
 * The cache that is meant, guarded.
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
  // What could not be kept has a record, and no bytes.
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

/** As a page has it: a worker cannot ask to persist. */
type Storage = StorageManager & { persist(): Promise<boolean> };

/** Undefined where the browser does not tell. */
async function ask<T>(question: (storage: Storage) => Promise<T>, limitMs = ANSWER_LIMIT_MS): Promise<T | undefined> {
  try {
    const { storage } = (globalThis as unknown as { navigator?: { storage?: Storage } }).navigator ?? {};
    return storage && (await withDeadline(question(storage), limitMs, 'Asking for storage'));
  } catch {
    return undefined;
  }
}
