/** Many predicts in a row: over video, where only the newest frame counts, or over inputs, of which none is dropped. */

import type { FramePrediction, PredictEachOptions, Prediction } from '../api/model.js';
import { typeName } from '../base/describe.js';
import { messageOf, PannierError } from '../base/errors.js';
import { abortable } from '../base/promise.js';

type Predict<O, I> = (inputs: unknown) => Promise<Prediction<O, I>>;

/**
 * @param imageInputs the inputs that frames could feed
 * @param ended aborts when the model is disposed
 * @throws {PannierError} `input` if the source is neither video nor iterable
 */
export function predictEach<O, I>(
  predictOne: (inputs: unknown, options: object) => Promise<Prediction<O, I>>,
  imageInputs: readonly string[],
  source: unknown,
  { input, keepFrame = false, concurrency = 2, ...options }: PredictEachOptions<never>,
  ended: AbortSignal,
): AsyncGenerator<FramePrediction<O, I>> {
  const predict = (inputs: unknown) => predictOne(inputs, options);
  const signal = options.signal === undefined ? ended : AbortSignal.any([options.signal as AbortSignal, ended]);
  if (typeof source === 'object' && source !== null) {
    if ('videoWidth' in source || 'getSettings' in source) {
      return overVideo(predict, frameInput(imageInputs, input), source as unknown as VideoLike | MediaStreamTrack, keepFrame, signal);
    }
    if (Symbol.asyncIterator in source || Symbol.iterator in source) {
      return overInputs(predict, source as AsyncIterable<unknown> | Iterable<unknown>, concurrency, signal);
    }
  }
  throw new PannierError(
    'input',
    `predictEach takes a video element, a video MediaStreamTrack or an iterable of inputs, but got ${typeName(source)}.`,
  );
}

/** The image input that frames feed. */
function frameInput(imageInputs: readonly string[], asked: string | undefined): string {
  const name = asked ?? (imageInputs.length === 1 ? imageInputs[0] : undefined);
  if (name !== undefined && imageInputs.includes(name)) return name;
  throw new PannierError(
    'input',
    `predictEach over video feeds one image input; this model has ${imageInputs.join(', ') || 'none'}. Name it with the option \`input\`.`,
    { imageInputs },
  );
}

/** The parts of a video element that are used: run-time code compiles without the DOM library. */
interface VideoLike extends EventTarget {
  readonly readyState: number;
  readonly ended: boolean;
  readonly error: { readonly message: string } | null;
  srcObject: unknown;
  muted: boolean;
  play(): Promise<void>;
  pause(): void;
  requestVideoFrameCallback?(callback: () => void): number;
}
interface MediaStreamTrack extends EventTarget {
  readonly readyState: 'live' | 'ended';
}
interface PageDocument extends EventTarget {
  readonly hidden: boolean;
  createElement(name: 'video'): VideoLike;
}

async function* overVideo<O, I>(
  predict: Predict<O, I>,
  input: string,
  source: VideoLike | MediaStreamTrack,
  keepFrame: boolean,
  signal: AbortSignal,
): AsyncGenerator<FramePrediction<O, I>> {
  const { document } = globalThis as unknown as { document: PageDocument | undefined };
  if (document === undefined)
    throw new PannierError('input', 'predictEach over video needs a page: a worker has no video elements. Send it frames.');
  const isTrack = 'getSettings' in source;
  const video = isTrack ? await playTrack(document, source as MediaStreamTrack, signal) : (source as VideoLike);
  const isOver = () => (isTrack ? (source as MediaStreamTrack).readyState === 'ended' : video.ended);
  try {
    // The first frame is the one that is already on the screen.
    for (let more = !document.hidden && (await hasFrame(video)); more || (await nextFrame(video, document, isOver, signal)); more = false) {
      signal.throwIfAborted();
      if (!keepFrame) {
        yield await predict({ [input]: video });
        continue;
      }
      const frame = await grab(video);
      try {
        yield { ...(await predict({ [input]: frame })), frame };
      } catch (thrown) {
        frame.close();
        throw thrown;
      }
    }
  } finally {
    if (isTrack) {
      video.pause();
      video.srcObject = null;
    }
  }
}

/** `HTMLMediaElement.HAVE_CURRENT_DATA`. */
const HAVE_CURRENT_DATA = 2;

async function grab(video: VideoLike): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(video as unknown as ImageBitmapSource);
  } catch (thrown) {
    throw new PannierError('input', `A frame of the video cannot be taken: ${messageOf(thrown)}`, {}, { cause: thrown });
  }
}

/** Whether a frame can be captured now. Chromium's readyState claims so for a video with the default preload that has no frame yet. */
async function hasFrame(video: VideoLike): Promise<boolean> {
  if (video.readyState < HAVE_CURRENT_DATA) return false;
  try {
    (await grab(video)).close();
    return true;
  } catch {
    return false;
  }
}

/** Plays the track in a video element outside of the document, because a page cannot read frames from a track itself. */
async function playTrack(document: PageDocument, track: MediaStreamTrack, signal: AbortSignal): Promise<VideoLike> {
  const { MediaStream } = globalThis as unknown as { MediaStream: new (tracks: MediaStreamTrack[]) => unknown };
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = new MediaStream([track]);
  await abortable(video.play(), signal);
  return video;
}

/** Waits for the next frame while the page is visible; false if there will be none. */
async function nextFrame(video: VideoLike, document: PageDocument, isOver: () => boolean, signal: AbortSignal): Promise<boolean> {
  if (isOver()) return false;
  // A video that failed before, for instance while the model was loaded, gives no event any more.
  if (video.error) throw videoError(video.error);
  const listening = new AbortController();
  const arrived = new Promise<boolean>((resolve, reject) => {
    const check = () => {
      if (isOver()) resolve(false);
      else if (document.hidden || video.readyState < HAVE_CURRENT_DATA) wait();
      else resolve(true);
    };
    const wait = () => {
      if (listening.signal.aborted) return;
      if (document.hidden) document.addEventListener('visibilitychange', check, { once: true, signal: listening.signal });
      else if (video.requestVideoFrameCallback !== undefined) video.requestVideoFrameCallback(check);
      // Firefox before 132 has no requestVideoFrameCallback; the time of one display frame is the best guess.
      else setTimeout(check, 16);
    };
    // A video that has ended, failed or lost its source gives no more frames, so that only these events end the wait.
    const once = { once: true, signal: listening.signal };
    video.addEventListener('ended', () => resolve(false), once);
    video.addEventListener('emptied', () => resolve(false), once);
    video.addEventListener('error', () => reject(videoError(video.error)), once);
    wait();
  });
  try {
    return await abortable(arrived, signal);
  } finally {
    listening.abort();
  }
}

const videoError = (error: VideoLike['error']): PannierError =>
  new PannierError('input', `The video failed: ${error?.message || 'no reason given'}`);

async function* overInputs<O, I>(
  predict: Predict<O, I>,
  source: AsyncIterable<unknown> | Iterable<unknown>,
  concurrency: number,
  signal: AbortSignal,
): AsyncGenerator<FramePrediction<O, I>> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const underWay: Promise<Prediction<O, I>>[] = [];
  let pulling: Promise<Pulled> | undefined;
  let ending: Pulled | undefined;
  try {
    for (;;) {
      if (ending === undefined && underWay.length < concurrency) pulling ??= pull(iterator);
      const [head] = underWay;
      // An answer is not held back until the next input arrives, which may take long.
      const answered = head?.then(nothing, nothing);
      const next = [pulling, answered].filter((each) => each !== undefined);
      if (next.length === 0) break;
      const arrived = await abortable(Promise.race(next), signal);
      if (arrived === undefined) {
        underWay.shift();
        yield await (head as Promise<Prediction<O, I>>);
        continue;
      }
      pulling = undefined;
      if ('inputs' in arrived) {
        const answer = predict(arrived.inputs);
        // The answer is awaited later; this keeps an early rejection from being reported as unhandled.
        answer.catch(nothing);
        underWay.push(answer);
      } else ending = arrived;
    }
    if (ending !== undefined && 'thrown' in ending) throw ending.thrown;
  } finally {
    const closing = ending === undefined ? close(iterator) : undefined;
    // A source that has not delivered its next input is told to end, and not waited for.
    if (pulling === undefined) await closing;
  }
}

/** The next inputs, the end, or what the source threw. */
type Pulled = { readonly inputs: unknown } | { readonly done: true } | { readonly thrown: unknown };
type AnyIterator = AsyncIterator<unknown> | Iterator<unknown>;

async function pull(iterator: AnyIterator): Promise<Pulled> {
  try {
    const { done, value } = await iterator.next();
    return done ? { done } : { inputs: await value };
  } catch (thrown) {
    return { thrown };
  }
}

async function close(iterator: AnyIterator): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The loop has already ended for another reason, which is the one to report.
  }
}

const nothing = (): undefined => undefined;
