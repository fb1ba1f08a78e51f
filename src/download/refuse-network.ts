/** Replaces `fetch` under `network: 'cache-only'`. */
import type { WeightsCache } from '../api/cache.js';
import { PannierError } from '../base/errors.js';
import type { Asset } from '../manifest/assets.js';
import type { Manifest } from '../manifest/manifest.js';

/**
 * Rejects with an error that names the files which the cache lacks.
 * @param assets that the load needs
 * @throws {PannierError} `not-cached`, always
 */
export async function refuseNetwork({ name }: Manifest, assets: readonly Asset[], caching: Promise<WeightsCache | null>): Promise<never> {
  const keys = await caching.then((cache) => cache?.keys()).catch(() => undefined);
  const missing = assets.filter(({ sha256 }) => keys?.includes(sha256) !== true).map((asset) => asset.name);
  const which =
    keys === undefined || missing.length === 0
      ? 'the cache does not answer'
      : `the cache lacks ${missing.length} of ${assets.length} files (${missing.join(', ')})`;
  const message = `"${name}" is not whole in the cache, and network: 'cache-only' fetches nothing: ${which}. Call prefetchModel or loadModel once with a connection.`;
  throw new PannierError('not-cached', message, { missing });
}
