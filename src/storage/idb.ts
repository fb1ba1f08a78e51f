/** The weights cache in IndexedDB, through idb-keyval, in a database of its own. */
import { del, keys, promisifyRequest, set, type UseStore } from 'idb-keyval';
import type { WeightsCache } from '../api/cache.js';
import { DatabaseConnection, reasonOf } from './connection.js';

/** With the number of its layout: another one would take another name, and neither version of Pannier touch the other's. */
const DATABASE = 'pannier-1';
const SHARDS = 'weights';
/** A store of their own: in one store a small record would wait until all shards before it are written. */
const RECORDS = 'records';

export function idbCache(): WeightsCache {
  const connection = new DatabaseConnection(DATABASE, [SHARDS, RECORDS]);
  const shards = storeOf(connection, SHARDS, 'relaxed');
  // On the disk before the browser says so: a record tells of shards that are whole, or of a run that may end the page.
  const records = storeOf(connection, RECORDS, 'strict');
  const at = (key: string) => (/^[\da-f]{64}$/.test(key) ? shards : records);
  return {
    async get(key) {
      const found = await at(key)('readonly', (store) => read(store, key));
      if (found !== UNREADABLE) return found;
      // Its key would say that it is there.
      await del(key, at(key)).catch(() => undefined);
      return undefined;
    },
    set: (key, bytes) => set(key, bytes, at(key)),
    delete: async (key) => {
      try {
        await del(key, at(key));
      } catch (thrown) {
        if ((thrown as Error).name !== 'QuotaExceededError') throw thrown;
        // Firefox may let nothing more be written on a connection that has met a full disk, deletions neither.
        connection.renew();
        await del(key, at(key));
      }
    },
    keys: async () => (await Promise.all([keys<string>(shards), keys<string>(records)])).flat(),
  };
}

/** A value whose key is there: the file behind it is gone, or cut short. It is missing, and no other value. */
const UNREADABLE = Symbol('unreadable');

async function read(store: IDBObjectStore, key: string): Promise<ArrayBuffer | undefined | typeof UNREADABLE> {
  try {
    return await promisifyRequest<ArrayBuffer | undefined>(store.get(key));
  } catch (thrown) {
    const name = (thrown as Error | null)?.name;
    // Chromium says so.
    if (name === 'NotReadableError') return UNREADABLE;
    if (name !== 'UnknownError') throw thrown;
    // Firefox does not: a lost connection ends with the same error, but on that one no key is to be had either.
    const { db } = store.transaction;
    const anew = () => db.transaction(store.name).objectStore(store.name);
    await promisifyRequest(anew().getKey(key));
    return promisifyRequest<ArrayBuffer | undefined>(anew().get(key)).catch(() => UNREADABLE);
  }
}

function storeOf(connection: DatabaseConnection, name: string, durability: IDBTransactionDurability): UseStore {
  return (mode, use) =>
    connection.run(async (database) => {
      const transaction = database.transaction(name, mode, { durability });
      let reason: DOMException | null = null;
      // Where a large value meets a full disk, Firefox's transaction ends with an AbortError, and only the request says why.
      transaction.addEventListener('error', ({ target }) => {
        const { error } = target as unknown as IDBRequest;
        if (error?.name !== 'AbortError') reason ??= error;
      });
      const aborted = new Promise<Error>((resolve) => {
        transaction.addEventListener('abort', () => resolve(reasonOf(reason ?? transaction.error, 'A transaction of the weights cache')));
      });
      const result = use(transaction.objectStore(name));
      // No more comes, and a page that is being left does not hear that the first was done.
      if (mode === 'readwrite') transaction.commit();
      try {
        return await result;
      } catch (thrown) {
        // idb-keyval rejects with null where a transaction is about to abort: its reason comes with that event.
        throw thrown ?? (await aborted);
      }
    });
}
