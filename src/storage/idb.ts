/** The weights cache in IndexedDB, through idb-keyval, in a database of its own. */
import { del, keys, promisifyRequest, set, type UseStore } from 'idb-keyval';
import type { WeightsCache } from '../api/cache.js';
import { DatabaseConnection, reasonOf } from './connection.js';

/** The name ends in the number of the layout: a Pannier with another layout uses another database. */
const DATABASE = 'pannier-1';
const SHARDS = 'weights';
/** Records have a store of their own: in one store a small record would wait until all shards before it are written. */
const RECORDS = 'records';

export function idbCache(): WeightsCache {
  const connection = new DatabaseConnection(DATABASE, [SHARDS, RECORDS]);
  const shards = storeOf(connection, SHARDS, 'relaxed');
  // A record has to be on the disk: it says that shards are whole, or that a run may end the page.
  const records = storeOf(connection, RECORDS, 'strict');
  const at = (key: string) => (/^[\da-f]{64}$/.test(key) ? shards : records);
  return {
    async get(key) {
      const found = await at(key)('readonly', (store) => read(store, key));
      if (found !== UNREADABLE) return found;
      // Delete the key, which would say that the value is there.
      await del(key, at(key)).catch(() => undefined);
      return undefined;
    },
    set: (key, bytes) => set(key, bytes, at(key)),
    delete: async (key) => {
      try {
        await del(key, at(key));
      } catch (thrown) {
        if ((thrown as Error).name !== 'QuotaExceededError') throw thrown;
        // Firefox may refuse every write on a connection that met a full disk, deletions too.
        connection.renew();
        await del(key, at(key));
      }
    },
    keys: async () => (await Promise.all([keys<string>(shards), keys<string>(records)])).flat(),
  };
}

/** A key whose value cannot be read: the file behind it is gone or cut. The value counts as missing. */
const UNREADABLE = Symbol('unreadable');

async function read(store: IDBObjectStore, key: string): Promise<ArrayBuffer | undefined | typeof UNREADABLE> {
  try {
    return await promisifyRequest<ArrayBuffer | undefined>(store.get(key));
  } catch (thrown) {
    const name = (thrown as Error | null)?.name;
    // Chromium's error for such a value.
    if (name === 'NotReadableError') return UNREADABLE;
    if (name !== 'UnknownError') throw thrown;
    // Firefox gives this error for such a value and for a lost connection; on a lost connection `getKey` fails, too.
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
      // If a large value meets a full disk, Firefox's transaction ends with an AbortError, and only the request's error tells the reason.
      transaction.addEventListener('error', ({ target }) => {
        const { error } = target as unknown as IDBRequest;
        if (error?.name !== 'AbortError') reason ??= error;
      });
      const aborted = new Promise<Error>((resolve) => {
        transaction.addEventListener('abort', () => resolve(reasonOf(reason ?? transaction.error, 'A transaction of the weights cache')));
      });
      const result = use(transaction.objectStore(name));
      // Commit now: a page that is being left gets no event of the request, and the transaction would not be committed.
      if (mode === 'readwrite') transaction.commit();
      try {
        return await result;
      } catch (thrown) {
        // idb-keyval rejects with null if a transaction is about to abort; the `abort` event brings the reason.
        throw thrown ?? (await aborted);
      }
    });
}
