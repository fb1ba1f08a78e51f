/** One JSON request to an app's own server. */
import { messageOf, PannierError } from '../base/errors.js';
import { abortable } from '../base/promise.js';

export interface Post {
  readonly fetch: typeof globalThis.fetch;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly signal: AbortSignal;
  /** Longest answer, in bytes; a longer one is not read to its end. */
  readonly maxBytes: number;
}

/** Bytes that are read of an error's page, whose message stands at its beginning. */
const MAX_ERROR_BYTES = 2 ** 16;

/**
 * Posts JSON and reads JSON. Servers write bare `NaN` and `Infinity`, which JSON does not have; they are read as `null` and as itself.
 * @throws {PannierError} `offline`, `http-status`, `fallback` if the answer is no JSON or too long; an abort rejects with `signal.reason`
 */
export async function postJson(url: string, { fetch, headers, body, signal, maxBytes }: Post): Promise<unknown> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body), signal };
  try {
    // An app's own fetch may not look at the signal.
    const response = await abortable((async () => fetch(url, init))(), signal);
    const { ok, status, statusText } = response;
    const text = await textOf(url, response, ok ? maxBytes : MAX_ERROR_BYTES, signal);
    if (ok) return parsed(url, text);
    const message = `${url} answered ${`${status} ${statusText}`.trimEnd()}${reasonIn(text)}.`;
    throw new PannierError('http-status', message, { url, status });
  } catch (thrown) {
    if (thrown instanceof PannierError) throw thrown;
    signal.throwIfAborted();
    const next = "Check the address, the connection, the page's connect-src, and that the server lets this origin read its answers (CORS).";
    throw new PannierError('offline', `${url} did not answer (${messageOf(thrown)}). ${next}`, { url }, { cause: thrown });
  }
}

/** An error for an answer that breaks the protocol. */
export const breach = (url: string, problem: string, detail: Record<string, unknown> = {}, options?: ErrorOptions): PannierError =>
  new PannierError('fallback', `${url} ${problem}.`, { url, ...detail }, options);

async function textOf(url: string, { body }: Response, maxBytes: number, signal: AbortSignal): Promise<string> {
  if (body === null) return '';
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    let text = '';
    for (let bytes = 0; ; ) {
      const { done, value } = await abortable(reader.read(), signal);
      if (done) return text + decoder.decode();
      bytes += value.byteLength;
      if (bytes > maxBytes) throw breach(url, `answered more than the ${maxBytes} bytes that its outputs can take`, { maxBytes });
      text += decoder.decode(value, { stream: true });
    }
  } catch (thrown) {
    void reader.cancel().catch(() => undefined);
    throw thrown;
  }
}

/** Matches a JSON string, or a bare NaN or Infinity. */
const NOT_JSON = /"(?:[^"\\]|\\.)*"|\b(?:NaN|Infinity)\b/g;

function parsed(url: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Triton writes them, and so does every server that uses Python's json module.
  }
  try {
    return JSON.parse(text.replace(NOT_JSON, (found) => (found === 'NaN' ? 'null' : found === 'Infinity' ? '1e999' : found)));
  } catch (thrown) {
    const got = isHtml(text) ? 'a page of HTML' : text === '' ? 'nothing' : `"${text.slice(0, 40)}"`;
    const problem = `should answer JSON, but answered ${got}. Check the address, and that the server speaks this protocol over HTTP`;
    throw breach(url, problem, {}, { cause: thrown });
  }
}

const isHtml = (text: string): boolean => /^\s*<(!|html)/i.test(text);

/** The message in a server's error answer. */
function reasonIn(text: string): string {
  if (isHtml(text)) return ' with a page of HTML';
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    return typeof error === 'string' ? `: ${error}` : '';
  } catch {
    return '';
  }
}
