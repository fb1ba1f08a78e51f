/** The sources of pictures. The strict policy has no `blob:` addresses, so a chosen file is decoded straight to an ImageBitmap. */

/** A still picture is closed by the page that shows it; a film or camera runs until `close`. */
export type Source =
  | { readonly kind: 'still'; readonly caption: string; readonly picture: ImageBitmap }
  | { readonly kind: 'moving'; readonly caption: string; readonly video: HTMLVideoElement; readonly mirrored: boolean; close(): void };

/** Not a failure of the model: the reason why there is no picture, in words for the person who chose it. */
export class NoPicture extends Error {}

const PHOTOGRAPH = new URL('../test/fixtures/astronaut.png', import.meta.url).href;

export async function photograph(): Promise<Source> {
  const response = await fetch(PHOTOGRAPH);
  return still(await response.blob(), 'Eileen Collins. Photograph: NASA');
}

export const file = (chosen: File): Promise<Source> => still(chosen, chosen.name);

async function still(blob: Blob, caption: string): Promise<Source> {
  const picture = await createImageBitmap(blob).catch((thrown: unknown) => {
    throw new NoPicture(`${caption} cannot be read as a picture here (${String(thrown)}).`);
  });
  return { kind: 'still', picture, caption };
}

/** @param facing the camera that looks at the person, as a mirror does, or away, where a device has two */
export async function camera(facing: 'user' | 'environment' = 'user'): Promise<Source> {
  // Undefined outside of a secure context.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) throw new NoPicture('This browser gives no camera to this page: it needs https, or localhost.');
  const stream = await devices
    .getUserMedia({ video: { facingMode: facing, width: { ideal: facing === 'user' ? 640 : 1_280 } } })
    .catch((thrown: DOMException) => {
      const why =
        thrown.name === 'NotAllowedError' ? 'You, or your browser, said no to the camera.' : 'There is no camera that this page can use.';
      throw new NoPicture(`${why} (${thrown.name})`);
    });
  const video = quietVideo();
  video.srcObject = stream;
  await video.play();
  const close = () => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  return { kind: 'moving', video, mirrored: facing === 'user', caption: 'Your camera. Nothing leaves this device', close };
}

export function quietVideo(): HTMLVideoElement {
  // Without `preload`, Chromium says that it has a frame before it has one.
  return Object.assign(document.createElement('video'), { muted: true, playsInline: true, preload: 'auto' });
}
