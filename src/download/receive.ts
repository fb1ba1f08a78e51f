/** One request for an asset: its bytes as they arrive, and the check that they are the asset's. */

import { abortable, ownTask, withDeadline } from '../base/promise.js';
import type { Asset } from '../manifest/assets.js';
import { isAsset } from './verify.js';

/** A try ends if no byte arrives for this long. */
export const IDLE_LIMIT_MS = 15_000;

export type Wanted = Pick<Asset, 'name' | 'bytes' | 'sha256'>;

/** The time between two tries; tests replace it. */
export interface Pauses {
  /** From 0 to 1. */
  readonly random: () => number;
  /** Resolves after `pauseMs`, when the network is back, or at an abort. */
  readonly wait: (pauseMs: number, signal: AbortSignal) => Promise<void>;
}

export interface FetchOptions {
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
  /** Shared by the downloads of one load; set as soon as any server answers one of them. */
  readonly network: { answered: boolean };
  /** Called with the time that hashing took, in milliseconds. */
  readonly onHash?: (durationMs: number) => void;
  readonly pauses?: Pauses;
}

/** An asset on its way: shared by all of its tries. */
export interface Incoming {
  readonly asset: Wanted;
  readonly url: string;
  /** As long as the asset; empty if there was no memory for it. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes that this try brought; more than the asset has if the body went on. */
  arrivedBytes: number;
  /** The answer to the latest request; undefined if there was none. */
  response: Response | undefined;
}

/**
 * Makes one request and reads its body into `incoming.bytes`, from the start; the body is cut one byte past the asset's length.
 * @returns whether the server answered with a body, rather than with an error status
 * @throws {PannierError} `timeout` after `IDLE_LIMIT_MS` without a byte; else what `fetch` rejects with, or `signal.reason`
 */
export async function receive(incoming: Incoming, { fetch, signal, network }: FetchOptions, init: RequestInit = {}): Promise<boolean> {
  const { bytes, url } = incoming;
  const stop = new AbortController();
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let ended = false;
  // An app's own `fetch` may not heed the signal.
  const next = <T>(promise: Promise<T>) => withDeadline(abortable(promise, signal), IDLE_LIMIT_MS, url);
  incoming.response = undefined;
  incoming.arrivedBytes = 0;
  try {
    const response = await next((async () => fetch(url, { ...init, signal: AbortSignal.any([signal, stop.signal]) }))());
    reader = response.body?.getReader();
    incoming.response = response;
    network.answered = true;
    // Only the manifest's length counts: Content-Length is the one of compressed bytes, and a cut body can look complete.
    while (response.ok && reader !== undefined && incoming.arrivedBytes <= bytes.length) {
      const { done, value } = await next(reader.read());
      ended = done;
      if (done) return true;
      bytes.set(value.subarray(0, Math.max(0, bytes.length - incoming.arrivedBytes)), incoming.arrivedBytes);
      incoming.arrivedBytes += value.byteLength;
    }
    return response.ok;
  } finally {
    if (!ended) {
      stop.abort();
      reader?.cancel().catch(() => undefined);
    }
  }
}

/** Whether the bytes that arrived are the asset's. */
export async function isWhole({ asset, bytes, arrivedBytes }: Incoming, { onHash }: FetchOptions): Promise<boolean> {
  // Chromium hashes on the calling thread.
  await ownTask();
  return arrivedBytes === asset.bytes && isAsset(asset, bytes.buffer, onHash);
}
