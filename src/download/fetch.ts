/** The first try to fetch an asset. `retry.ts`, which follows if that fails, is downloaded only then. */
import { lazily } from '../base/lazily.js';
import { type FetchOptions, type Incoming, isWhole, receive, type Wanted } from './receive.js';

/**
 * Fetches one asset and verifies it.
 * @throws {PannierError} `offline`, `http-status`, `integrity`, `timeout`, `out-of-memory`, or `options` if an address has no host;
 * an abort rethrows `signal.reason`
 */
export async function fetchAsset(asset: Wanted, url: string, options: FetchOptions): Promise<ArrayBuffer> {
  const incoming: Incoming = { asset, url, bytes: new Uint8Array(), arrivedBytes: 0, response: undefined };
  let thrown: unknown;
  try {
    incoming.bytes = new Uint8Array(asset.bytes);
    // A bundler may inline a small asset; to fetch a data: address would need a looser CSP.
    if (!/^(data|file):/.test(url) && (await receive(incoming, options)) && (await isWhole(incoming, options)))
      return incoming.bytes.buffer;
  } catch (failure) {
    thrown = failure;
  }
  options.signal.throwIfAborted();
  const { retryFetch } = await lazily(() => import('./retry.js'));
  return retryFetch(incoming, thrown, options);
}
