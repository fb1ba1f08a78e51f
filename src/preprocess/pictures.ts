/** Pictures that nobody needs any more. */
import type { Feed } from './feed.js';

/** Lets go of them: a camera has few frames to lend. */
export function closePictures(feeds: readonly Feed[]): void {
  for (const feed of feeds) if (feed.kind === 'picture' && 'close' in feed.picture) feed.picture.close();
}
