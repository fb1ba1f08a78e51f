/** Copies of pictures for the worker: what a call is fed stays the page's. */

import { asPannierError } from '../base/errors.js';
import type { Feed } from '../preprocess/feed.js';
import { isBitmapFeed } from './protocol.js';

/**
 * Gives `send` the same feeds with a copy of each bitmap, which moves. `postMessage` copies bitmaps too, but takes four times as
 * long. A copy that nobody took is closed.
 */
export async function withBitmapCopies<T>(feeds: readonly Feed[], send: (feeds: readonly Feed[]) => Promise<T>): Promise<T> {
  if (!feeds.some(isBitmapFeed)) return send(feeds);
  const copying = feeds.map(async (feed) =>
    isBitmapFeed(feed) ? { ...feed, picture: await createImageBitmap(feed.picture, AS_IT_IS) } : feed,
  );
  try {
    return await send(await Promise.all(copying));
  } catch (thrown) {
    throw asPannierError(thrown, 'out-of-memory', '');
  } finally {
    // Also of those that came though another one failed.
    for (const copy of copying) void copy.then((feed) => isBitmapFeed(feed) && feed.picture.close()).catch(() => undefined);
  }
}

const AS_IT_IS = { premultiplyAlpha: 'none', colorSpaceConversion: 'none' } as const;
