/** The weights cache in IndexedDB, through idb-keyval, in a database of its own. */
import { del, get, keys, set, type UseStore } from 'idb-keyval';
import { PannierError } from '../errors.js';
import { withDeadline } from '../promise.js';
import type { WeightsCache } from './cache.js';

/** With the number of its layout: another one would take another name, and neither version of Pannier touch the other's. */
const DATABASE = 'pannier-1';
const SHARDS = 'weights';
/** A store of their own: in one store a small record would wait until all shards before it are written. */
const RECORDS = 'records';

/** A pending deleteDatabase in another tab leaves every open waiting for ever. */
const OPEN_LIMIT_MS = 2_000;

export function idbCache(): WeightsCache {
  const storeOf = openStores();
  const shards = storeOf(SHARDS, 'relaxed');
  // On the disk before the browser says so: a record tells of shards that are whole, or of a run that may end the page.
  const records = storeOf(RECORDS, 'strict');
  const at = (key: string) => (/^[\da-f]{64}$/.test(key) ? shards : records);
  return {
    get: (key) => get<ArrayBuffer>(key, at(key)),
    set: (key, bytes) => set(key, bytes, at(key)),
    delete: (key) => del(key, at(key)),
    keys: async () => (await Promise.all([keys<string>(shards), keys<string>(records)])).flat(),
  };
}

/**
 * idb-keyval's own `createStore` neither gives way to another tab's upgrade nor ends a blocked open.
 * A connection that closed or failed to open is forgotten, so that the next call opens anew.
 */
function openStores(): (name: string, durability: IDBTransactionDurability) => UseStore {
  let connection: Promise<IDBDatabase> | undefined;
  const forget = () => {
    connection = undefined;
  };
  const open = () => {
    if (globalThis.indexedDB === undefined) throw new PannierError('policy-blocked', 'There is no IndexedDB here.');
    const request = indexedDB.open(DATABASE);
    request.onupgradeneeded = () => {
      for (const name of [SHARDS, RECORDS]) request.result.createObjectStore(name);
    };
    const opened = new Promise<IDBDatabase>((resolve, reject) => {
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const database = request.result;
        database.onclose = forget;
        database.onversionchange = () => {
          forget();
          database.close();
        };
        resolve(database);
      };
    });
    connection = withDeadline(opened, OPEN_LIMIT_MS, 'Opening the weights cache');
    connection.catch(forget);
    return connection;
  };
  return (name, durability) => async (mode, use) => {
    for (let again = true; ; again = false) {
      const opening = connection ?? open();
      const database = await opening;
      try {
        const transaction = database.transaction(name, mode, { durability });
        const result = use(transaction.objectStore(name));
        // No more comes, and a page that is being left does not hear that the first was done.
        if (mode === 'readwrite') transaction.commit();
        return result;
      } catch (thrown) {
        // The connection is closing, and its `close` event has not come yet or never will.
        if (!again || (thrown as DOMException).name !== 'InvalidStateError') throw thrown;
        if (connection === opening) forget();
      }
    }
  };
}
