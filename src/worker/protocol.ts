/** The messages between a page and a worker. Every request gets one answer with its `id`. */

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

/** All kinds of requests. A kind that is missing here would never be answered. */
const KINDS: Readonly<Record<Request['kind'], true>> = {
  start: true,
  open: true,
  upload: true,
  build: true,
  run: true,
  close: true,
};

/** Whether a message is a request. Its other fields are not checked. */
export function isRequest(message: unknown): message is Request {
  const { id, kind } = (message ?? {}) as Partial<Request>;
  return Number.isSafeInteger(id) && typeof kind === 'string' && Object.hasOwn(KINDS, kind);
}

/** The answer to each kind of request. */
export interface Answers {
  readonly start: { readonly maxBufferBytes: number; readonly identity: string };
  /** The graph is read, and the engine asks for the first shard. */
  readonly open: undefined;
  /** The shard is uploaded, and the engine asks for the next one. */
  readonly upload: undefined;
  /** All shards are uploaded, and the session can run. */
  readonly build: undefined;
  readonly run: RunResult;
  readonly close: undefined;
}

/**
 * The messages of a worker. `ready` comes once, when the script has loaded and listens. `begun` comes before the answer to
 * a request, when the worker has taken it up. `lost` comes when the backend fails or the worker ends by itself.
 */
export type Reply =
  | { readonly ready: true }
  | { readonly begun: number }
  | { readonly lost: WireError }
  | { readonly id: number; readonly value: Answers[keyof Answers] }
  | { readonly id: number; readonly error: WireError };

/** The objects of a request that are transferred instead of copied. The sender owns all of them. */
export function transfersOf(message: Request): Transferable[] {
  switch (message.kind) {
    case 'start':
      return message.options.binary === undefined ? [] : [message.options.binary];
    case 'open':
      return [message.model.graph];
    case 'upload':
      return [message.shard];
    case 'run':
      // Arrays are copied, and copies of a VideoFrame share its pixels: both stay the caller's.
      return message.feeds.flatMap((feed) => (isBitmapFeed(feed) ? [feed.picture] : []));
    default:
      return [];
  }
}

/** Whether a feed is a bitmap, which is transferred. */
export const isBitmapFeed = (feed: Feed): feed is PictureFeed & { readonly picture: ImageBitmap } =>
  feed.kind === 'picture' && !('data' in feed.picture) && !('displayWidth' in feed.picture);

/** The buffers of outputs, each once: a message that lists a buffer twice cannot be sent. */
export const outputTransfers = (outputs: readonly RawOutput[]): Transferable[] => [...new Set(outputs.map(({ data }) => data.buffer))];
