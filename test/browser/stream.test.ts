/** Streams over video where something comes between: a hidden page, a video that fails or loses its source. */
import { expect, test } from 'vitest';
import { echoModel, room } from './room.js';

const here = room({ echo: { inputs: { picture: { image: { scale: 1, offset: 0 } } }, raw: echoModel(4, 4) } });

test('a hidden page pauses the stream, and is predicted for again when it is seen', async () => {
  const page = await here.page();
  const seen = await page.evaluate(async () => {
    let hidden = true;
    Object.defineProperty(document, 'hidden', { get: () => hidden });
    const model = await load('echo', { backend: 'wasm' });
    const video = document.createElement('video');
    Object.assign(video, { src: '/fixtures/astronaut.webm', muted: true, loop: true });
    await video.play();
    const events: string[] = [];
    setTimeout(() => {
      events.push('seen');
      hidden = false;
      document.dispatchEvent(new Event('visibilitychange'));
    }, 400);
    for await (const _ of model.predictEach(video)) {
      events.push('answer');
      if (events.length === 3) break;
    }
    return events;
  });
  expect(seen).toEqual(['seen', 'answer', 'answer']);
});

test.each([
  ['its source is taken away', (video: HTMLVideoElement) => video.removeAttribute('src'), 'ended'],
  ['it fails', (video: HTMLVideoElement) => video.setAttribute('src', '/fixtures/none.webm'), 'input'],
] as const)('a stream ends when %s', async (_, breakIt, end) => {
  const page = await here.page();
  await page.evaluate(`globalThis.breakIt = ${breakIt.toString()}`);
  const seen = await page.evaluate(async () => {
    const { breakIt } = globalThis as unknown as { breakIt(video: HTMLVideoElement): void };
    const model = await load('echo', { backend: 'wasm' });
    const video = document.createElement('video');
    Object.assign(video, { src: '/fixtures/astronaut.webm', muted: true });
    await video.play();
    let frames = 0;
    try {
      for await (const { timing } of model.predictEach(video)) {
        frames += timing.totalMs > 0 ? 1 : 0;
        if (frames !== 2) continue;
        // While the stream waits for its next frame.
        setTimeout(() => {
          breakIt(video);
          video.load();
        }, 0);
        video.pause();
      }
      return { frames, end: 'ended' };
    } catch (error) {
      return { frames, end: (error as { code: string }).code };
    }
  });
  expect(seen.frames).toBeGreaterThanOrEqual(2);
  expect(['ended', end]).toContain(seen.end);
});
