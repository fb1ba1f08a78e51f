/** Copies of bitmaps for the worker, since the feeds of a call stay the page's. */

import { asPannierError } from '../base/errors.js';
import type { Feed } from '../preprocess/feed.js';
import { isBitmapFeed } from './protocol.js';

/**
 * Calls `send` with the same feeds and a copy of each bitmap, to be transferred. `postMessage` would copy bitmaps too, but
 * takes four times as long. A copy that was not transferred is closed.
 * @throws {PannierError} `out-of-memory` if a bitmap cannot be copied; the failure of `send`
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
    // Copies that were made are closed even if another copy failed.
    for (const copy of copying) void copy.then((feed) => isBitmapFeed(feed) && feed.picture.close()).catch(() => undefined);
  }
}

const AS_IT_IS = { premultiplyAlpha: 'none', colorSpaceConversion: 'none' } as const;
