/** One asset from its address, as verified bytes or a typed error that says what came instead. */
import { messageOf, PannierError } from '../errors.js';
import type { Asset } from '../manifest.js';
import { abortable, ownTask } from '../promise.js';
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
 * @throws {PannierError} `offline`, `http-status`, `integrity`, `timeout`, or `options` where an address has no host; an abort rethrows `signal.reason`.
 */
export async function fetchAsset(
  asset: Pick<Asset, 'name' | 'bytes' | 'sha256'>,
  url: string,
  { fetch, signal, onHash }: FetchOptions,
): Promise<ArrayBuffer> {
  const idle = new AbortController();
  const found = await bytesAt(url, asset, fetch, AbortSignal.any([signal, idle.signal]), idle);
  // Chromium hashes on the calling thread.
  await ownTask();
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
  if (url.startsWith('data:')) return fromDataUrl(url, asset.name);
  if (url.startsWith('file:')) return fromFile(url, asset.name);
  const onIdle = () =>
    idle.abort(new PannierError('timeout', `${asset.name}: no byte arrived from ${url} for ${IDLE_LIMIT_MS} ms.`, { url }));
  let timer = setTimeout(onIdle, IDLE_LIMIT_MS);
  let letGo = () => {};
  try {
    // An app's own fetch may not look at the signal.
    const response = await abortable((async () => fetch(url, { signal }))(), signal);
    const { body } = response;
    letGo = () => void body?.cancel().catch(() => undefined);
    if (!response.ok) {
      throw new PannierError('http-status', `${asset.name}: ${url} answered ${response.status} ${response.statusText}`.trimEnd(), {
        url,
        status: response.status,
      });
    }
    // The manifest's length is the only one that counts: Content-Length lies under gzip, and a cut body can look complete.
    const bytes = new Uint8Array(asset.bytes);
    let length = 0;
    if (body === null) return new ArrayBuffer(0);
    const reader = body.getReader();
    letGo = () => void reader.cancel().catch(() => undefined);
    for (;;) {
      const { done, value } = await abortable(reader.read(), signal);
      if (done) break;
      clearTimeout(timer);
      timer = setTimeout(onIdle, IDLE_LIMIT_MS);
      bytes.set(value.subarray(0, asset.bytes - length), length);
      length += value.byteLength;
      if (length > asset.bytes) throw mismatch(asset, url, length, bytes.buffer);
    }
    if (length < asset.bytes) throw mismatch(asset, url, length, bytes.buffer);
    return bytes.buffer;
  } catch (thrown) {
    letGo();
    if (thrown instanceof PannierError) throw thrown;
    if (signal.aborted) throw signal.reason;
    if (globalThis.location === undefined && !/^[a-z][a-z\d+.-]*:/i.test(url)) throw withoutHost(url, asset.name, thrown);
    throw new PannierError(
      'offline',
      `${asset.name}: ${url} did not answer (${messageOf(thrown)}). Check the address, the connection and the page's connect-src.`,
      { url },
      { cause: thrown },
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Some bundlers write addresses for browsers into what runs on the server, too; an app's own `fetch` may know what to do. */
function withoutHost(url: string, name: string, cause: unknown): PannierError {
  const message = `${name}: there is no page here whose host its address ${url} could belong to. Load the model in the browser, or pass assetUrl: (name, url) => new URL(url, 'https://your.site').href.`;
  return new PannierError('options', message, { url }, { cause });
}

/** Says what came instead: a page of HTML is the usual answer of an app server to a missing file. */
function mismatch(asset: Pick<Asset, 'name' | 'bytes'>, address: string, length: number, found: ArrayBuffer): PannierError {
  const url = address.startsWith('data:') ? 'its data: address' : address;
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

function fromDataUrl(url: string, name: string): ArrayBuffer {
  const comma = url.indexOf(',');
  // Percent signs stand for bytes, which need not be a text.
  const content = url.slice(comma + 1).replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  try {
    const binary = /;base64$/i.test(url.slice(0, comma)) ? atob(content) : content;
    return Uint8Array.from(binary, (character) => character.charCodeAt(0)).buffer;
  } catch (thrown) {
    throw new PannierError('integrity', `${name}: its data: address holds no base64 (${messageOf(thrown)}).`, {}, { cause: thrown });
  }
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
