/** How this page reaches the GPU device, which lives in a worker of Pannier's: it serves that worker from a file of its own. */
import type { LoadOptions } from 'pannier';

/** `killable.js` keeps hold of the device, then is the very worker that it stands for. */
export const assetUrl: NonNullable<LoadOptions['assetUrl']> = (name, url) => {
  if (name !== 'worker/webgpu.js') return url;
  const killable = new URL('./killable.js', import.meta.url);
  killable.searchParams.set('worker', url);
  return killable.href;
};

const line = new BroadcastChannel('kill-gpu');

/** Destroys every GPU device that this page's models run on. */
export const killGpu = (): void => line.postMessage('now');
