/** The weights cache in IndexedDB, through idb-keyval, in a database of its own with one store. */
import { del, get, keys, set, type UseStore } from 'idb-keyval';
import { PannierError } from '../errors.js';
import { withDeadline } from '../promise.js';
import type { WeightsCache } from './cache.js';

const DATABASE = 'pannier';
const STORE = 'weights';

/** A pending deleteDatabase in another tab leaves every open waiting for ever. */
const OPEN_LIMIT_MS = 2_000;

export function idbCache(): WeightsCache {
  const store = openStore();
  return {
    get: (key) => get<ArrayBuffer>(key, store),
    set: (key, bytes) => set(key, bytes, store),
    delete: (key) => del(key, store),
    keys: () => keys<string>(store),
  };
}

/**
 * idb-keyval's own `createStore` neither gives way to another tab's upgrade nor ends a blocked open.
 * A connection that closed or failed to open is forgotten, so that the next call opens anew.
 */
function openStore(): UseStore {
  let connection: Promise<IDBDatabase> | undefined;
  const forget = () => {
    connection = undefined;
  };
  const open = () => {
    if (globalThis.indexedDB === undefined) throw new PannierError('policy-blocked', 'There is no IndexedDB here.');
    const request = indexedDB.open(DATABASE);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
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
  return async (mode, use) => {
    for (let again = true; ; again = false) {
      const opening = connection ?? open();
      const database = await opening;
      try {
        return use(database.transaction(STORE, mode).objectStore(STORE));
      } catch (thrown) {
        // The connection is closing, and its `close` event has not come yet or never will.
        if (!again || (thrown as DOMException).name !== 'InvalidStateError') throw thrown;
        if (connection === opening) forget();
      }
    }
  };
}
