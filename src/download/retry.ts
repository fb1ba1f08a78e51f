/** Follows a first try that failed: reads `data:` and `file:` addresses, tries again, and says in an error what came instead. */
import { messageOf, PannierError } from '../base/errors.js';
import { type FetchOptions, IDLE_LIMIT_MS, type Incoming, isWhole, type Pauses, receive } from './receive.js';

/** Tries for each asset, the first one included. */
const MAX_TRIES = 3;

/** Pauses before the second and the third try; each is multiplied by a random number from 0.5 to 1.5. */
const PAUSES_MS = [500, 2_000];

/** A load does not wait longer for a server that asks for a pause: the app may know better when to try again. */
const MAX_RETRY_AFTER_MS = 10_000;

const realPauses: Pauses = {
  random: Math.random,
  wait: (pauseMs, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = () => {
        clearTimeout(timer);
        globalThis.removeEventListener?.('online', end);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, pauseMs);
      // Node has no such event.
      globalThis.addEventListener?.('online', end);
      signal.addEventListener('abort', end);
    }),
};

/**
 * Tries an asset again, from its start: a shard has 2 MiB at most. Bytes that turn out wrong are fetched once more, past every HTTP cache.
 * @param thrown the failure of the first try; undefined if its body ended and was not the asset
 * @throws {PannierError} as `fetchAsset` does
 */
export async function retryFetch(incoming: Incoming, thrown: unknown, options: FetchOptions): Promise<ArrayBuffer> {
  const { asset, url, bytes } = incoming;
  if (bytes.length < asset.bytes) throw withoutRoom(asset, thrown);
  if (/^(data|file):/.test(url)) return readAddress(incoming, options);
  let isReload = false;
  for (let tries = 1; ; tries++) {
    // A connection that breaks at its very end may have brought all bytes.
    if (thrown !== undefined && (await isWhole(incoming, options))) return bytes.buffer;
    const failure = failureOf(incoming, thrown);
    if (tries === MAX_TRIES) throw failure;
    if (thrown === undefined && isOtherFile(incoming)) {
      if (isReload) throw failure;
      isReload = true;
    } else await pauseAfter(failure, tries, incoming.response, options);
    thrown = undefined;
    try {
      if ((await receive(incoming, options, isReload ? { cache: 'reload' } : {})) && (await isWhole(incoming, options)))
        return bytes.buffer;
    } catch (failed) {
      options.signal.throwIfAborted();
      thrown = failed;
    }
  }
}

/** Waits before the next try. @throws {PannierError} `failure`, if another try would not help; an abort throws `signal.reason` */
async function pauseAfter(failure: PannierError, tries: number, response: Response | undefined, options: FetchOptions): Promise<void> {
  const { pauses = realPauses, signal } = options;
  const askedMs = retryAfterMs(response);
  if (!mayPass(failure, tries, options) || askedMs > MAX_RETRY_AFTER_MS) throw failure;
  await pauses.wait(Math.max(askedMs, (PAUSES_MS[tries - 1] as number) * (0.5 + pauses.random())), signal);
  signal.throwIfAborted();
}

/** Whether another try may succeed. */
function mayPass({ code, retryable }: PannierError, tries: number, { network }: FetchOptions): boolean {
  // If no server has answered at all, there is no network, or a policy forbids the address: the app should hear of it soon.
  if (code === 'offline' && !network.answered) return tries === 1 && globalThis.navigator?.onLine !== false;
  return retryable || code === 'integrity';
}

/** The pause that the server asks for, in milliseconds; 0 if it asks for none. */
function retryAfterMs(response: Response | undefined): number {
  const asked = response?.ok === false ? response.headers.get('Retry-After') : null;
  if (asked === null) return 0;
  const askedMs = /^\d+$/.test(asked) ? Number(asked) * 1_000 : Date.parse(asked) - Date.now();
  return Number.isNaN(askedMs) ? 0 : askedMs;
}

async function readAddress(incoming: Incoming, options: FetchOptions): Promise<ArrayBuffer> {
  const { asset, url, bytes } = incoming;
  const found = await (url.startsWith('data:') ? fromDataUrl(url, asset.name) : fromFile(url, asset.name));
  incoming.arrivedBytes = found.byteLength;
  bytes.set(found.subarray(0, asset.bytes));
  if (await isWhole(incoming, options)) return bytes.buffer;
  throw mismatch(incoming);
}

const startsAsHtml = ({ bytes, arrivedBytes }: Incoming): boolean =>
  /^\s*<(!|html)/i.test(new TextDecoder().decode(bytes.subarray(0, Math.min(16, arrivedBytes))));

/** Whether a body that ended well is another file, rather than a part of the asset. */
const isOtherFile = (incoming: Incoming): boolean =>
  incoming.response?.ok === true && (incoming.arrivedBytes >= incoming.asset.bytes || startsAsHtml(incoming));

function failureOf(incoming: Incoming, thrown: unknown): PannierError {
  const { asset, url, response, arrivedBytes } = incoming;
  const { name, bytes } = asset;
  if (thrown instanceof PannierError)
    return thrown.code === 'timeout'
      ? new PannierError('timeout', `${name}: no byte arrived from ${url} for ${IDLE_LIMIT_MS} ms.`, { url })
      : thrown;
  if (thrown === undefined && response?.ok === false) {
    const message = `${name}: ${url} answered ${response.status} ${response.statusText}`.trimEnd();
    return new PannierError('http-status', message, { url, status: response.status });
  }
  if (thrown === undefined) return mismatch(incoming);
  if (globalThis.location === undefined && !/^[a-z][a-z\d+.-]*:/i.test(url)) return withoutHost(url, name, thrown);
  const what = response === undefined ? 'did not answer' : `broke off after ${arrivedBytes} of ${bytes} bytes`;
  const message = `${name}: ${url} ${what} (${messageOf(thrown)}). Check the address, the connection and the page's connect-src.`;
  return new PannierError('offline', message, { url }, { cause: thrown });
}

function withoutRoom({ name, bytes }: Incoming['asset'], cause: unknown): PannierError {
  const message = `${name}: there is no memory here for its ${bytes} bytes (${messageOf(cause)}). Dispose models that are not needed, or pack smaller shards or a smaller model (quantize).`;
  return new PannierError('out-of-memory', message, { bytes }, { cause });
}

/** Some bundlers write addresses without a host into code that runs on the server, too. An app's own `fetch` may know the host. */
function withoutHost(url: string, name: string, cause: unknown): PannierError {
  const message = `${name}: there is no page here whose host its address ${url} could belong to. Load the model in the browser, or pass assetUrl: (name, url) => new URL(url, 'https://your.site').href.`;
  return new PannierError('options', message, { url }, { cause });
}

/** Says what came instead of the asset: a server of a single-page app answers a missing file with its index page. */
function mismatch(incoming: Incoming): PannierError {
  const { asset, arrivedBytes: length } = incoming;
  const url = incoming.url.startsWith('data:') ? 'its data: address' : incoming.url;
  const html = startsAsHtml(incoming);
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

function fromDataUrl(url: string, name: string): Uint8Array {
  const comma = url.indexOf(',');
  // Percent signs encode bytes, which need not be UTF-8: decodeURIComponent would throw.
  const content = url.slice(comma + 1).replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  try {
    const binary = /;base64$/i.test(url.slice(0, comma)) ? atob(content) : content;
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch (thrown) {
    throw new PannierError('integrity', `${name}: its data: address holds no base64 (${messageOf(thrown)}).`, {}, { cause: thrown });
  }
}

/** Reads a file in Node. There is no import of `node:fs`, which a bundler for browsers would refuse. */
async function fromFile(url: string, name: string): Promise<Uint8Array> {
  type NodeProcess = { getBuiltinModule?(id: string): { promises: { readFile(path: URL): Promise<Uint8Array> } } };
  const fs = (globalThis as { process?: NodeProcess }).process?.getBuiltinModule?.('node:fs');
  if (fs === undefined)
    throw new PannierError('offline', `${name}: ${url} is a file: address, which only Node can read. Serve the page over http.`, { url });
  try {
    return await fs.promises.readFile(new URL(url));
  } catch (thrown) {
    throw new PannierError('offline', `${name}: ${messageOf(thrown)}`, { url }, { cause: thrown });
  }
}
