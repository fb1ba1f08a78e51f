/** What follows where the first try did not bring an asset: other kinds of address, more tries, and the error that says what came instead. */
import { messageOf, PannierError } from '../base/errors.js';
import { type FetchOptions, IDLE_LIMIT_MS, type Incoming, isWhole, type Pauses, receive } from './receive.js';

/** Of each asset, the first one included. */
const MOST_TRIES = 3;

/** Before the second try and before the third, half as long up to half as long again. */
const PAUSES_MS = [500, 2_000];

/** A server that wants a longer rest is not waited for: the app knows better whether anybody still does. */
const LONGEST_REST_MS = 10_000;

const inTime: Pauses = {
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
 * Goes on where a try ended: behind the bytes that have arrived, where the server knows ranges, else anew.
 * Bytes that turn out wrong are fetched once more, whole, past every HTTP cache.
 * @param thrown what ended the first try; undefined where its body ended and was not the asset
 * @throws {PannierError} as `fetchAsset` does
 */
export async function retryFetch(incoming: Incoming, thrown: unknown, options: FetchOptions): Promise<ArrayBuffer> {
  const { asset, url, bytes } = incoming;
  const { pauses = inTime } = options;
  if (bytes.length < asset.bytes) throw withoutRoom(asset, thrown);
  if (/^(data|file):/.test(url)) {
    const found = await (url.startsWith('data:') ? fromDataUrl(url, asset.name) : fromFile(url, asset.name));
    incoming.arrivedBytes = found.byteLength;
    bytes.set(found.subarray(0, asset.bytes));
    if (await isWhole(incoming, options)) return bytes.buffer;
    throw mismatch(incoming);
  }
  /** The answer that the bytes are of. */
  let source = incoming.response;
  let isReload = false;
  /** The server gave another part than it was asked for: its ranges are not to be had. */
  let isRefused = false;
  for (let tries = 1; ; tries++) {
    // All of it may be here, as where a body is never ended.
    if (thrown !== undefined && (await isWhole(incoming, options))) return bytes.buffer;
    const failure = failureOf(incoming, thrown);
    if (tries === MOST_TRIES) throw failure;
    if (thrown === undefined && isWrong(incoming)) {
      if (isReload) throw failure;
      isReload = true;
      incoming.arrivedBytes = 0;
    } else if (!isRefused) {
      const restMs = mayPass(failure, tries, options) ? restOf(incoming.response) : Number.POSITIVE_INFINITY;
      if (restMs > LONGEST_REST_MS) throw failure;
      await pauses.wait(Math.max(restMs, (PAUSES_MS[tries - 1] as number) * (0.5 + pauses.random())), options.signal);
      options.signal.throwIfAborted();
    }
    isRefused = false;
    const range = rangeOf(incoming, source);
    const begin = (response: Response): boolean => {
      isRefused = range !== undefined && (response.status === 416 || (response.status === 206 && !continues(response, incoming)));
      // A whole body is read from its start.
      if (isRefused || (response.ok && response.status !== 206)) incoming.arrivedBytes = 0;
      if (isRefused || !response.ok) return false;
      source = response;
      return true;
    };
    thrown = undefined;
    try {
      const init: RequestInit = { ...(range && { headers: range }), ...(isReload && { cache: 'reload' }) };
      if ((await receive(incoming, options, init, begin)) && (await isWhole(incoming, options))) return bytes.buffer;
    } catch (failed) {
      options.signal.throwIfAborted();
      thrown = failed;
      // Another origin may have refused the header itself, and browsers do not say so.
      if (incoming.response === undefined && source?.type === 'cors') incoming.arrivedBytes = 0;
    }
  }
}

/** Whether another try may bring what this one did not. */
function mayPass({ code, retryable }: PannierError, tries: number, { line }: FetchOptions): boolean {
  // Where nobody has answered at all, twice, there is no network, or a policy forbids the address. Waiting would only keep that from the app.
  if (code === 'offline' && !line.answered) return tries === 1 && globalThis.navigator?.onLine !== false;
  return retryable || code === 'integrity';
}

/** Asks for what is missing; undefined where that is all of it. */
function rangeOf({ arrivedBytes }: Incoming, source: Response | undefined): Record<string, string> | undefined {
  if (arrivedBytes === 0) return undefined;
  const range = { Range: `bytes=${arrivedBytes}-` };
  const tag = source?.headers.get('ETag') ?? 'W/';
  // A weak one does not say that the bytes are the same; another origin would have to allow the header first.
  return tag.startsWith('W/') || source?.type === 'cors' ? range : { ...range, 'If-Range': tag };
}

/** Whether an answer of a part begins behind the bytes that are here. */
function continues({ headers, type }: Response, { arrivedBytes, asset }: Incoming): boolean {
  const range = headers.get('Content-Range');
  // Another origin's answer does not show it unless told to; the hash will tell.
  if (range === null) return type === 'cors';
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/i.exec(range) ?? [];
  return Number(start) === arrivedBytes && (total === '*' || Number(total) === asset.bytes) && isPlain(headers);
}

/** A range is one of what was sent: of compressed bytes, where they are. */
const isPlain = (headers: Headers): boolean => (headers.get('Content-Encoding') ?? 'identity') === 'identity';

/** How long a server wants to be left alone, in milliseconds. */
function restOf(response: Response | undefined): number {
  const asked = response?.ok === false ? response.headers.get('Retry-After') : null;
  if (asked === null) return 0;
  const restMs = /^\d+$/.test(asked) ? Number(asked) * 1_000 : Date.parse(asked) - Date.now();
  return Number.isNaN(restMs) ? 0 : restMs;
}

const startsAsHtml = ({ bytes, arrivedBytes }: Incoming): boolean =>
  /^\s*<(!|html)/i.test(new TextDecoder().decode(bytes.subarray(0, Math.min(16, arrivedBytes))));

/** Whether a body that ended well is another one, and no part of the asset. */
const isWrong = (incoming: Incoming): boolean =>
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

/** Some bundlers write addresses for browsers into what runs on the server, too; an app's own `fetch` may know what to do. */
function withoutHost(url: string, name: string, cause: unknown): PannierError {
  const message = `${name}: there is no page here whose host its address ${url} could belong to. Load the model in the browser, or pass assetUrl: (name, url) => new URL(url, 'https://your.site').href.`;
  return new PannierError('options', message, { url }, { cause });
}

/** Says what came instead: a page of HTML is the usual answer of an app server to a missing file. */
function mismatch(incoming: Incoming): PannierError {
  const { asset, arrivedBytes: length, response } = incoming;
  const url = incoming.url.startsWith('data:') ? 'its data: address' : incoming.url;
  const html = startsAsHtml(incoming);
  const short = response?.status === 206 && length === 0 ? 'another part than was asked for' : `${length} bytes`;
  const got = html
    ? 'a page of HTML'
    : length > asset.bytes
      ? `more (${length} or above)`
      : length < asset.bytes
        ? short
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
  // Percent signs stand for bytes, which need not be a text.
  const content = url.slice(comma + 1).replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  try {
    const binary = /;base64$/i.test(url.slice(0, comma)) ? atob(content) : content;
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch (thrown) {
    throw new PannierError('integrity', `${name}: its data: address holds no base64 (${messageOf(thrown)}).`, {}, { cause: thrown });
  }
}

/** Only in Node, reached without an import that a browser bundle would trip over. */
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
