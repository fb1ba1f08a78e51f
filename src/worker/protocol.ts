/** What crosses between the page and a backend's worker. One answer for every request, by `id`. */

import type { WireError } from '../base/errors.js';
import type { EngineModel, EngineStart, RawOutput, RunResult } from '../engines/engine.js';
import type { Feed, PictureFeed } from '../preprocess/feed.js';

export type Request = { readonly id: number } & (
  | { readonly kind: 'start'; readonly options: Omit<EngineStart, 'device'> }
  | { readonly kind: 'open'; readonly session: number; readonly model: Omit<EngineModel, 'weights'> }
  | { readonly kind: 'upload'; readonly session: number; readonly shard: ArrayBuffer }
  | { readonly kind: 'build'; readonly session: number }
  | { readonly kind: 'run'; readonly session: number; readonly feeds: readonly Feed[]; readonly outputs: readonly string[] }
  | { readonly kind: 'close'; readonly session: number }
);

/** All there are: one that is left out here would never be answered. */
const KINDS: Readonly<Record<Request['kind'], true>> = {
  start: true,
  open: true,
  upload: true,
  build: true,
  run: true,
  close: true,
};

/** Whether a message is a request; what it asks for may still be nothing that can be done. */
export function isRequest(message: unknown): message is Request {
  const { id, kind } = (message ?? {}) as Partial<Request>;
  return Number.isSafeInteger(id) && typeof kind === 'string' && Object.hasOwn(KINDS, kind);
}

/** What each kind of request answers with. */
export interface Answers {
  readonly start: { readonly maxBufferBytes: number; readonly identity: string };
  /** The graph was read, and the first shard may come. */
  readonly open: undefined;
  /** It is uploaded, and the next one may come. */
  readonly upload: undefined;
  /** All shards were uploaded: the session can run. */
  readonly build: undefined;
  readonly run: RunResult;
  readonly close: undefined;
}

/**
 * `ready` comes once, before any answer: the script has loaded and listens. `begun` comes before the answer of its
 * request: nothing else holds the worker up. `lost` comes unasked, as the backend fails or the worker ends by itself.
 */
export type Reply =
  | { readonly ready: true }
  | { readonly begun: number }
  | { readonly lost: WireError }
  | { readonly id: number; readonly value: Answers[keyof Answers] }
  | { readonly id: number; readonly error: WireError };

/** What moves instead of being copied: all of it is the sender's own. */
export function transfersOf(message: Request): Transferable[] {
  switch (message.kind) {
    case 'start':
      return message.options.binary === undefined ? [] : [message.options.binary];
    case 'open':
      return [message.model.graph];
    case 'upload':
      return [message.shard];
    case 'run':
      // Arrays are copied on the way, and frames share their pixels: both stay the caller's.
      return message.feeds.flatMap((feed) => (isBitmapFeed(feed) ? [feed.picture] : []));
    default:
      return [];
  }
}

/** Whether a feed is a picture that moves. */
export const isBitmapFeed = (feed: Feed): feed is PictureFeed & { readonly picture: ImageBitmap } =>
  feed.kind === 'picture' && !('data' in feed.picture) && !('displayWidth' in feed.picture);

/** Two outputs may share a buffer only if the graph names one tensor twice; each is moved once. */
export const outputTransfers = (outputs: readonly RawOutput[]): Transferable[] => [...new Set(outputs.map(({ data }) => data.buffer))];
