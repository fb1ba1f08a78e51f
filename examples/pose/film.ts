/** A film from this server: the strict policy has no `blob:` addresses for one from a disk. */
import { file, NoPicture, quietVideo, type Source } from '../source.js';

const FILM = new URL('../../test/fixtures/astronaut.webm', import.meta.url).href;

export async function film(address = FILM): Promise<Source> {
  const url = new URL(address, location.href);
  if (url.origin !== location.origin) throw new NoPicture(`A film has to come from this server, ${location.origin}.`);
  const video = quietVideo();
  video.src = url.href;
  await new Promise((resolve, reject) => {
    video.addEventListener('loadeddata', resolve);
    video.addEventListener('error', () => reject(new NoPicture(`No film can be played from ${url.pathname}: ${video.error?.message}.`)));
  });
  const close = () => {
    video.pause();
    video.removeAttribute('src');
    video.load();
  };
  return { kind: 'moving', video, mirrored: false, caption: address === FILM ? 'The same photograph, panned' : url.pathname, close };
}

/** A picture of the person's own, from a disk. */
export async function ownPicture(chosen: File): Promise<Source> {
  if (!chosen.type.startsWith('video/')) return file(chosen);
  throw new NoPicture(
    'A film from your disk would need a blob: address, which the policy of this page forbids. Put it on the server and open this page with ?video=/its/address.',
  );
}
