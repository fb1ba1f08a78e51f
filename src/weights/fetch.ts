/** One asset from its address, as verified bytes or a typed error that says what came instead. */
import { messageOf, PannierError } from '../errors.js';
import type { Asset } from '../manifest.js';
import { isAsset } from './verify.js';

/** No byte for this long ends a download. */
const IDLE_LIMIT_MS = 15_000;

export interface FetchOptions {
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
  /** Told how long verifying took, in milliseconds. */
  readonly onHash?: (durationMs: number) => void;
}

/**
 * Fetches one asset and verifies it.
 * @throws {PannierError} `offline`, `http-status`, `integrity` or `timeout`; an abort rethrows `signal.reason`.
 */
export async function fetchAsset(
  asset: Pick<Asset, 'name' | 'bytes' | 'sha256'>,
  url: string,
  { fetch, signal, onHash }: FetchOptions,
): Promise<ArrayBuffer> {
  const idle = new AbortController();
  const found = await bytesAt(url, asset, fetch, AbortSignal.any([signal, idle.signal]), idle);
  if (await isAsset(asset, found, onHash)) return found;
  throw mismatch(asset, url, found.byteLength, found);
}

async function bytesAt(
  url: string,
  asset: Pick<Asset, 'name' | 'bytes'>,
  fetch: FetchOptions['fetch'],
  signal: AbortSignal,
  idle: AbortController,
): Promise<ArrayBuffer> {
  // A bundler may inline a small asset; fetching a data: address would need a looser CSP.
  if (url.startsWith('data:')) return fromDataUrl(url);
  if (url.startsWith('file:')) return fromFile(url, asset.name);
  const onIdle = () =>
    idle.abort(new PannierError('timeout', `${asset.name}: no byte arrived from ${url} for ${IDLE_LIMIT_MS} ms.`, { url }));
  let timer = setTimeout(onIdle, IDLE_LIMIT_MS);
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) {
      void response.body?.cancel();
      throw new PannierError('http-status', `${asset.name}: ${url} answered ${response.status} ${response.statusText}`.trimEnd(), {
        url,
        status: response.status,
      });
    }
    // The manifest's length is the only one that counts: Content-Length lies under gzip, and a cut body can look complete.
    const bytes = new Uint8Array(asset.bytes);
    let length = 0;
    if (response.body === null) return new ArrayBuffer(0);
    for (const reader = response.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      clearTimeout(timer);
      timer = setTimeout(onIdle, IDLE_LIMIT_MS);
      if (length + value.byteLength > asset.bytes) {
        void reader.cancel();
        throw mismatch(asset, url, length + value.byteLength, bytes.buffer);
      }
      bytes.set(value, length);
      length += value.byteLength;
    }
    if (length < asset.bytes) throw mismatch(asset, url, length, bytes.buffer);
    return bytes.buffer;
  } catch (thrown) {
    if (thrown instanceof PannierError) throw thrown;
    if (signal.aborted) throw signal.reason;
    throw new PannierError(
      'offline',
      `${asset.name}: ${url} did not answer (${messageOf(thrown)}). Check the address and the connection.`,
      { url },
      { cause: thrown },
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Says what came instead: a page of HTML is the usual answer of an app server to a missing file. */
function mismatch(asset: Pick<Asset, 'name' | 'bytes'>, url: string, length: number, found: ArrayBuffer): PannierError {
  const start = new TextDecoder().decode(new Uint8Array(found, 0, Math.min(16, found.byteLength)));
  const html = /^\s*<(!|html)/i.test(start);
  const got = html
    ? 'a page of HTML'
    : length > asset.bytes
      ? `more (${length} or above)`
      : length < asset.bytes
        ? `${length} bytes`
        : 'other bytes of the same length';
  const next = html
    ? 'The server answers missing files with its index page: check where the packed folder is served from.'
    : 'Deploy the packed folder again, whole.';
  return new PannierError('integrity', `${asset.name}: ${url} gave ${got}, not the ${asset.bytes} bytes that were packed. ${next}`, {
    url,
    wantedBytes: asset.bytes,
    gotBytes: length,
  });
}

function fromDataUrl(url: string): ArrayBuffer {
  const comma = url.indexOf(',');
  const text = decodeURIComponent(url.slice(comma + 1));
  const binary = url.slice(0, comma).endsWith(';base64') ? atob(text) : text;
  return Uint8Array.from(binary, (character) => character.charCodeAt(0)).buffer;
}

/** Only in Node, reached without an import that a browser bundle would trip over. */
async function fromFile(url: string, name: string): Promise<ArrayBuffer> {
  type NodeProcess = { getBuiltinModule?(id: string): { promises: { readFile(path: URL): Promise<Uint8Array<ArrayBuffer>> } } };
  const fs = (globalThis as { process?: NodeProcess }).process?.getBuiltinModule?.('node:fs');
  if (fs === undefined)
    throw new PannierError('offline', `${name}: ${url} is a file: address, which only Node can read. Serve the page over http.`, { url });
  try {
    const { buffer, byteOffset, byteLength } = await fs.promises.readFile(new URL(url));
    return buffer.slice(byteOffset, byteOffset + byteLength);
  } catch (thrown) {
    throw new PannierError('offline', `${name}: ${messageOf(thrown)}`, { url }, { cause: thrown });
  }
}
