/** The reference cache: a Map. Lives as long as the page. */
import type { WeightsCache } from './cache.js';

export function memoryCache(): WeightsCache {
  const entries = new Map<string, ArrayBuffer>();
  return {
    get: async (key) => entries.get(key)?.slice(0),
    set: async (key, bytes) => {
      entries.set(key, bytes.slice(0));
    },
    delete: async (key) => {
      entries.delete(key);
    },
    keys: async () => [...entries.keys()],
  };
}
