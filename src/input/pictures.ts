/** Pictures on their way, and what it takes to let go of them or to keep one for another try. */
import type { Feed } from '../engine/engine.js';

/** Lets go of pictures that nobody will read any more: a camera has few frames to lend. */
export function closePictures(feeds: readonly Feed[]): void {
  for (const feed of feeds) if (feed.kind === 'picture' && 'close' in feed.picture) feed.picture.close();
}
