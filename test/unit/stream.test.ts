/** How the loop over a video ends if the video cannot go on. */
import { afterEach, expect, it, vi } from 'vitest';
import { predictEach } from '../../src/predict/stream.js';
import { rejection, stateOf } from '../fixtures/fakes.js';

afterEach(() => void vi.unstubAllGlobals());

it.each([
  ['before the loop began, and tells of it no more', 'early'],
  ['while the loop waits for a frame', 'late'],
])('ends with an input error if the video failed %s', async (_when, moment) => {
  vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: false }));
  const media = { videoWidth: 0, readyState: 0, ended: false, error: null as object | null, requestVideoFrameCallback: () => 1 };
  const video = Object.assign(new EventTarget(), media);
  const fail = () => {
    video.error = { message: 'no such file' };
    video.dispatchEvent(new Event('error'));
  };
  if (moment === 'early') fail();
  const next = predictEach(
    () => Promise.reject(new Error('No frame is there.')),
    ['image'],
    video,
    {},
    new AbortController().signal,
  ).next();
  if (moment === 'late') {
    expect(await stateOf(next)).toBe('pending');
    fail();
  }
  expect(await stateOf(next)).toBe('rejected');
  expect(await rejection(next)).toMatchObject({ code: 'input', message: expect.stringMatching(/^The video failed: no such file /) });
});
