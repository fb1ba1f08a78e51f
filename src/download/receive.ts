/** One request for an asset: its bytes as they arrive, and the check that they are the asset's. */

import { abortable, ownTask, withDeadline } from '../base/promise.js';
import type { Asset } from '../manifest/manifest.js';
import { isAsset } from './verify.js';

/** No byte for this long ends a try. */
export const IDLE_LIMIT_MS = 15_000;

export type Wanted = Pick<Asset, 'name' | 'bytes' | 'sha256'>;

/** The time between two tries, for tests to hold. */
export interface Pauses {
  /** From 0 to 1. */
  readonly random: () => number;
  /** Resolves after so long, when the network is back, or at an abort. */
  readonly wait: (pauseMs: number, signal: AbortSignal) => Promise<void>;
}

export interface FetchOptions {
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
  /** Shared by the downloads of one load: whether the network has answered any of them. */
  readonly line: { answered: boolean };
  /** Told how long verifying took, in milliseconds. */
  readonly onHash?: (durationMs: number) => void;
  readonly pauses?: Pauses;
}

/** An asset on its way, over all tries. */
export interface Incoming {
  readonly asset: Wanted;
  readonly url: string;
  /** As long as the asset, unless there was no memory for it. */
  bytes: Uint8Array<ArrayBuffer>;
  /** So many of its bytes are here, from the start on; more than the asset has, where the body went on. */
  arrivedBytes: number;
  /** To the latest request; undefined where there was none. */
  response: Response | undefined;
}

/**
 * One request; its body goes behind the bytes that are here, and no further than one byte over.
 * @param begin looks at the answer before its body is read, and may move `arrivedBytes`; false refuses it
 * @returns whether there was a body to read
 */
export async function receive(
  incoming: Incoming,
  { fetch, signal, line }: FetchOptions,
  init: RequestInit = {},
  begin: (response: Response) => boolean = ({ ok }) => ok,
): Promise<boolean> {
  const { bytes, url } = incoming;
  const stop = new AbortController();
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let ended = false;
  // An app's own fetch may not look at the signal.
  const next = <T>(promise: Promise<T>) => withDeadline(abortable(promise, signal), IDLE_LIMIT_MS, url);
  incoming.response = undefined;
  try {
    const response = await next((async () => fetch(url, { ...init, signal: AbortSignal.any([signal, stop.signal]) }))());
    reader = response.body?.getReader();
    incoming.response = response;
    line.answered = true;
    const isWanted = begin(response);
    // The manifest's length is the only one that counts: Content-Length lies under gzip, and a cut body can look complete.
    while (isWanted && reader !== undefined && incoming.arrivedBytes <= bytes.length) {
      const { done, value } = await next(reader.read());
      ended = done;
      if (done) return true;
      bytes.set(value.subarray(0, Math.max(0, bytes.length - incoming.arrivedBytes)), incoming.arrivedBytes);
      incoming.arrivedBytes += value.byteLength;
    }
    return isWanted;
  } finally {
    if (!ended) {
      stop.abort();
      reader?.cancel().catch(() => undefined);
    }
  }
}

/** Whether what is here is the asset. */
export async function isWhole({ asset, bytes, arrivedBytes }: Incoming, { onHash }: FetchOptions): Promise<boolean> {
  // Chromium hashes on the calling thread.
  await ownTask();
  return arrivedBytes === asset.bytes && isAsset(asset, bytes.buffer, onHash);
}
